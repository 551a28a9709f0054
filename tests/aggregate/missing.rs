use std::future::pending;
use std::time::Duration;

use strangler_fig::gateway::{Body, mark};
use tokio::time::{Instant, sleep};

use super::support::{Behind, answered, page, response, text};

/// Answers the order well, and reviews by this.
fn reviews(status: u16, body: &'static str) -> Behind {
    Behind::new(move |target| async move {
        if target == "/orders/7" { response(200, "7") } else { response(status, body) }
    })
}

/// Answers reviews well, and the order by this.
fn order(status: u16, body: &'static str) -> Behind {
    Behind::new(move |target| async move {
        if target == "/orders/7" { response(status, body) } else { response(200, "[]") }
    })
}

#[tokio::test(start_paused = true)]
async fn an_optional_part_may_be_missing() {
    for (status, body) in
        [(404, "no"), (500, "no"), (504, "no"), (302, "[]"), (200, "<html>"), (204, "")]
    {
        let joined = answered(&page(), &reviews(status, body)).await;
        assert_eq!(
            (joined.status().as_u16(), &joined.headers()[mark::PARTIAL]),
            (200, &"reviews".parse().unwrap())
        );
        assert_eq!(text(joined).await, r#"{"order":7,"reviews":null}"#, "{status}");
    }
    let whole = answered(&page(), &reviews(200, "[]")).await;
    assert!(!whole.headers().contains_key(mark::PARTIAL), "a control");
}

#[tokio::test(start_paused = true)]
async fn a_required_part_s_4xx_is_the_answer() {
    for status in [400, 401, 403, 404, 410, 429] {
        let refused = answered(&page(), &order(status, "why")).await;
        assert_eq!((refused.status().as_u16(), text(refused).await.as_str()), (status, "why"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_required_part_that_fails_is_told_as_a_gateway_tells_it() {
    for (status, body, told) in
        [(500, "a secret", 502), (503, "", 502), (504, "", 504), (302, "", 502), (200, "<", 502)]
    {
        let failed = answered(&page(), &order(status, body)).await;
        assert_eq!(failed.status(), told, "{status}");
        assert!(!text(failed).await.contains("secret"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_late_is_missing_and_what_is_needed_and_late_is_a_504() {
    let late = |which: &'static str| {
        Behind::new(move |target| async move {
            if target.starts_with(which) {
                pending::<()>().await;
            }
            response(200, "7")
        })
    };
    let (page, began) = (page().with_deadline(Duration::from_millis(300)), Instant::now());
    let joined = answered(&page, &late("/reviews")).await;
    assert_eq!(
        (joined.status().as_u16(), &joined.headers()[mark::PARTIAL]),
        (200, &"reviews".parse().unwrap())
    );
    assert_eq!(began.elapsed(), Duration::from_millis(300));
    assert_eq!(answered(&page, &late("/orders")).await.status(), 504);

    // The head alone is no answer.
    let stalled = Behind::new(async |_| {
        let never = futures::stream::pending::<Result<_, std::io::Error>>();
        let mut stalled = response(200, "");
        *stalled.body_mut() = Body::from_http(http_body_util::StreamBody::new(never));
        stalled
    });
    assert_eq!(answered(&page, &stalled).await.status(), 504);
    assert_eq!(began.elapsed(), Duration::from_millis(900));
}

#[tokio::test(start_paused = true)]
async fn a_required_part_that_is_refused_ends_the_others() {
    let behind = Behind::new(async |target| {
        if target == "/orders/7" {
            sleep(Duration::from_millis(20)).await;
            return response(404, "no such order");
        }
        pending().await
    });
    let began = Instant::now();
    assert_eq!(answered(&page(), &behind).await.status(), 404);
    assert_eq!(began.elapsed(), Duration::from_millis(20));
}

#[tokio::test(start_paused = true)]
async fn what_is_too_long_is_not_answered() {
    let long = "[1,2,3,4,5,6,7,8,9]";
    let (page, part) = (page(), long.len());
    let parts = |max| page.clone().with_part_max(max);
    assert_eq!(answered(&parts(part), &order(200, long)).await.status(), 200);
    assert_eq!(answered(&parts(part - 1), &order(200, long)).await.status(), 502);
    let joined = answered(&parts(part - 1), &reviews(200, long)).await;
    assert_eq!(joined.headers()[mark::PARTIAL], "reviews");

    // Both together: one byte of the order, and the reviews.
    let whole = |max| page.clone().with_whole_max(max);
    let joined = answered(&whole(part + 1), &reviews(200, long)).await;
    assert!(!joined.headers().contains_key(mark::PARTIAL));
    let joined = answered(&whole(part), &reviews(200, long)).await;
    assert_eq!(joined.headers()[mark::PARTIAL], "reviews");

    // What is missing has taken nothing from the others, whyever it is.
    for reviews in ["[1,2,3,4,5,6,7,8,9", "<html>............"] {
        let behind = Behind::new(move |target| async move {
            if target == "/orders/7" {
                sleep(Duration::from_millis(20)).await;
                return response(200, long);
            }
            let data = http_body::Frame::data(bytes::Bytes::from_static(reviews.as_bytes()));
            let is_cut = reviews.starts_with('[');
            let frames = [Some(Ok(data)), is_cut.then_some(Err("reset"))].into_iter().flatten();
            let frames = http_body_util::StreamBody::new(futures::stream::iter(frames));
            let mut part = response(200, "");
            *part.body_mut() = Body::from_http(frames);
            part
        });
        let joined = answered(&whole(part), &behind).await;
        assert_eq!(joined.status(), 200, "{reviews}");
        assert_eq!(joined.headers()[mark::PARTIAL], "reviews");
    }

    // One that does not say how long it is.
    let streamed = Behind::new(async |_| {
        let frames = (0..1_000_000).map(|_| {
            let frame = http_body::Frame::data(bytes::Bytes::from_static(b"1"));
            Ok::<_, std::convert::Infallible>(frame)
        });
        let mut part = response(200, "");
        let frames = http_body_util::StreamBody::new(futures::stream::iter(frames));
        *part.body_mut() = Body::from_http(frames);
        part
    });
    assert_eq!(answered(&parts(1_000), &streamed).await.status(), 502);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_cut_off_is_not_answered() {
    let cut = Behind::new(async |target| {
        let mut part = response(200, "7");
        if target != "/orders/7" {
            let frames = [Ok(http_body::Frame::data(bytes::Bytes::from("[]"))), Err("reset")];
            let frames = http_body_util::StreamBody::new(futures::stream::iter(frames));
            *part.body_mut() = Body::from_http(frames);
        }
        part
    });
    let joined = answered(&page(), &cut).await;
    assert_eq!(joined.headers()[mark::PARTIAL], "reviews");
    assert_eq!(text(joined).await, r#"{"order":7,"reviews":null}"#);
}
