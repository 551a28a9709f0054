//! What tells one request from another.

use std::time::Duration;

use http::HeaderName;
use strangler_fig::gateway::dual::{DualWriteConfig, RequestStatus};
use strangler_fig::gateway::{Body, Request, mark};
use strangler_fig::route::IdSource;

use crate::crash::request;
use crate::named::{Bench, LENIENT, STRICT, bench, plan};
use crate::process::config;
use crate::scenario::Fault;

async fn status(bench: &Bench, request: Request, ids: IdSource) -> u16 {
    bench.writer.handle(request, plan(STRICT, ids), "orders").await.status().as_u16()
}

fn bare() -> Request {
    http::Request::post("/orders").body(Body::full("two pears")).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_same_key_is_one_write() {
    let bench = bench(Fault::Answers, Fault::Answers);
    for _ in 0..3 {
        assert_eq!(bench.asks("pears", STRICT).await, 201);
    }
    assert_eq!(bench.done(), [1, 1]);
    let calls = bench.legacy.calls();
    assert!(calls.iter().all(|call| *call == calls[0]), "asked again, it is the same request");
    assert_eq!(bench.modern.calls().len(), 1, "only who answers is asked again");
}

#[tokio::test(start_paused = true)]
async fn of_the_same_key_at_once_one_is_done() {
    let bench = bench(Fault::Answers, Fault::Answers);
    let calls = futures::future::join_all((0..8).map(|_| bench.asks("pears", STRICT))).await;
    assert!(calls.iter().all(|status| matches!(status, 201 | 409)), "{calls:?}");
    assert!(calls.contains(&201));
    assert_eq!(bench.done(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_under_way_says_when_to_come_again() {
    let bench = bench(Fault::Hangs, Fault::Answers);
    let plan = plan(STRICT, IdSource::Gateway);
    let first = bench.writer.handle(request("pears"), plan, "orders");
    let second = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        bench.writer.handle(request("pears"), plan, "orders").await
    };
    let (first, second) = futures::join!(first, second);
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (504, 409));
    assert_eq!(second.headers()["retry-after"], "1");
}

#[tokio::test(start_paused = true)]
async fn what_is_left_goes_on_under_its_key() {
    let bench = bench(Fault::Vanishes, Fault::Answers);
    assert_eq!(bench.asks("pears", STRICT).await, 504);
    assert_eq!(bench.done(), [1, 0]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        bench.asks("pears", STRICT).await,
        201,
        "its client asks again, before any replayer"
    );
    assert_eq!((bench.done(), bench.status("pears").await), ([1, 1], Some(RequestStatus::Done)));
}

#[tokio::test(start_paused = true)]
async fn a_half_done_request_is_finished_for_who_asks_again() {
    for strict in [STRICT, LENIENT] {
        let bench = bench(Fault::Answers, Fault::BreaksBefore);
        assert_eq!(bench.asks("pears", STRICT).await, 504);
        assert_eq!(bench.status("pears").await, Some(RequestStatus::HalfDone));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(bench.asks("pears", strict).await, 201);
        assert_eq!(bench.done(), [1, 1]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_refused_is_not_tried_on_one_side() {
    let bench = bench(Fault::Refuses, Fault::Answers);
    assert_eq!(bench.asks("pears", STRICT).await, 422);
    let plan = plan(STRICT, IdSource::Gateway);
    let again = bench.writer.handle(request("pears"), plan, "orders").await;
    assert_eq!(again.status(), 409);
    let body = http_body_util::BodyExt::collect(again.into_body()).await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("422"), "it names the first answer");
    assert_eq!((bench.legacy.calls().len(), bench.modern.calls().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_key_may_be_tried_again() {
    let bench = bench(Fault::Unsent, Fault::Answers);
    assert_eq!(bench.asks("pears", STRICT).await, 503);
    assert_eq!(bench.asks("pears", STRICT).await, 201);
    assert_eq!(bench.done(), [1, 1]);
    let (calls, done) = (bench.legacy.calls(), bench.legacy.effects());
    assert!(
        done[0].stamp > calls[0].stamp,
        "it begins only now, after all that was done meanwhile"
    );
    assert_eq!(done, bench.modern.effects());
    bench.legacy.set(Fault::Unsent);
    assert_eq!(bench.asks("plums", STRICT).await, 503);
    bench.legacy.set(Fault::Unsent);
    assert_eq!(bench.asks("plums", STRICT).await, 503, "as often as it takes");
    assert_eq!(bench.asks("plums", STRICT).await, 201);
}

#[tokio::test(start_paused = true)]
async fn the_same_key_with_another_body_is_refused() {
    let bench = bench(Fault::Answers, Fault::Answers);
    assert_eq!(bench.asks("pears", STRICT).await, 201);
    let other = |method: &str, target: &str, body: &'static str| {
        let request = http::Request::builder().method(method).uri(target);
        request.header(mark::IDEMPOTENCY_KEY, "pears").body(Body::full(body)).unwrap()
    };
    for request in [
        other("POST", "/orders?draft=1", "three pears"),
        other("POST", "/orders?draft=2", "two pears"),
        other("PUT", "/orders?draft=1", "two pears"),
    ] {
        assert_eq!(status(&bench, request, IdSource::Gateway).await, 422);
    }
    assert_eq!(bench.done(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn two_clients_with_one_key_under_scopes_are_two_writes() {
    let user = HeaderName::from_static("x-user");
    let mut bench = bench(Fault::Answers, Fault::Answers);
    bench.writer = bench.writer.with_config(config(&bench.heard).with_scope(user.clone()));
    for (name, status_expected) in [("ada", 201), ("bob", 201)] {
        let mut request = request("pears");
        request.headers_mut().insert(user.clone(), name.parse().unwrap());
        assert_eq!(status(&bench, request, IdSource::Gateway).await, status_expected);
    }
    assert_eq!(bench.done(), [2, 2], "neither was taken for the other, by no service either");
    let mut two = request("pears");
    two.headers_mut().append(user.clone(), "ada".parse().unwrap());
    two.headers_mut().append(user, "bob".parse().unwrap());
    for request in [request("pears"), two] {
        assert_eq!(status(&bench, request, IdSource::Gateway).await, 400, "whose is it?");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dual_write_has_a_key_of_the_client_or_the_gateway() {
    let bench = bench(Fault::Answers, Fault::Answers);
    assert_eq!(status(&bench, bare(), IdSource::Client).await, 400);
    assert!(bench.legacy.calls().is_empty());
    assert_eq!(status(&bench, bare(), IdSource::Gateway).await, 201);
    assert_eq!(status(&bench, request("pears"), IdSource::Client).await, 201);
    let [made, own] = &bench.legacy.effects()[..] else { panic!("two were done") };
    assert!(made.key.len() == 32 && made.id.as_ref().is_some_and(|id| id.len() == 32));
    assert_eq!((own.key.as_str(), &own.id), ("pears", &None), "the client makes its own ids");
    assert_eq!(bench.modern.effects(), bench.legacy.effects());
}

#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_be_is_a_400() {
    let bench = bench(Fault::Answers, Fault::Answers);
    let keys: [&[&str]; 4] = [&[""], &["two words"], &["a", "b"], &[&"x".repeat(256)]];
    for values in keys {
        let mut request = bare();
        for value in values {
            request.headers_mut().append(mark::IDEMPOTENCY_KEY, value.parse().unwrap());
        }
        assert_eq!(status(&bench, request, IdSource::Gateway).await, 400, "{values:?}");
    }
    assert!(bench.legacy.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn marks_of_the_client_are_not_passed_on() {
    let bench = bench(Fault::Answers, Fault::Answers);
    let mut request = request("pears");
    for (name, value) in
        [("strangler-stamp", "ff"), ("strangler-id", "1"), ("strangler-mirror", "1")]
    {
        request.headers_mut().append(name, value.parse().unwrap());
    }
    assert_eq!(status(&bench, request, IdSource::Client).await, 201);
    let call = &bench.legacy.calls()[0];
    assert!(call.stamp.len() == 32 && call.id.is_none(), "{call:?}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_long_is_a_413() {
    let mut bench = bench(Fault::Answers, Fault::Answers);
    let config: DualWriteConfig = config(&bench.heard).with_body_max(9);
    bench.writer = bench.writer.with_config(config);
    assert_eq!(bench.asks("pears", STRICT).await, 201, "it has nine bytes");
    let long = || Body::full("ten pears!");
    let streamed = || {
        Body::from_http(http_body_util::BodyExt::boxed_unsync(http_body_util::StreamBody::new(
            futures::stream::iter((0..10).map(|_| {
                Ok::<_, std::io::Error>(http_body::Frame::data(bytes::Bytes::from_static(b"x")))
            })),
        )))
    };
    for body in [long(), streamed()] {
        let request = http::Request::post("/orders").body(body).unwrap();
        assert_eq!(status(&bench, request, IdSource::Gateway).await, 413);
    }
    assert_eq!(bench.done(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_was_cut_off_is_a_400() {
    let bench = bench(Fault::Answers, Fault::Answers);
    let frames = [
        Ok(http_body::Frame::data(bytes::Bytes::from_static(b"two"))),
        Err(std::io::Error::other("gone")),
    ];
    let cut = Body::from_http(http_body_util::StreamBody::new(futures::stream::iter(frames)));
    let request = http::Request::post("/orders").body(cut).unwrap();
    assert_eq!(status(&bench, request, IdSource::Gateway).await, 400);
    assert!(bench.legacy.calls().is_empty());
}
