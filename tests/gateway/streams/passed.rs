//! What is passed on, while it comes.

use std::time::Duration;

use http::HeaderMap;
use http_body::Frame;
use http_body_util::BodyExt;
use strangler_fig::gateway::{Body, Request, Response};
use tokio::sync::mpsc;

use super::{data, pipe, pipe_of, reader, upload};
use crate::support::{Side, gateway, get, request};

#[tokio::test(start_paused = true)]
async fn a_body_is_passed_on_before_it_is_whole() {
    let modern = Side::does(|request: Request| async { Ok(Response::new(request.into_body())) });
    let gateway = gateway(&Side::says("legacy"), &modern);
    let (sender, body) = pipe();
    let mut echo = gateway.handle(upload(body)).await.into_body();
    for text in ["one", "two"] {
        sender.send(data(text)).await.unwrap();
        let frame = echo.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), text, "it has come back while more may follow");
    }
    drop(sender);
    assert!(echo.frame().await.is_none());
}

#[tokio::test]
async fn trailers_arrive() {
    let modern = Side::does(|request: Request| async {
        assert_eq!(request.headers()["trailer"], "x-sum");
        Ok(Response::new(request.into_body()))
    });
    let gateway = gateway(&Side::says("legacy"), &modern);
    let (sender, body) = pipe();
    let mut request = upload(body);
    request.headers_mut().insert("trailer", "x-sum".parse().unwrap());
    let answer = gateway.handle(request).await;
    let mut trailers = HeaderMap::new();
    for name in [
        "x-sum",
        "strangler-stamp",
        "content-length",
        "host",
        "transfer-encoding",
        "set-cookie",
        "x_sum",
    ] {
        trailers.insert(name, "1".parse().unwrap());
    }
    sender.send(data("body")).await.unwrap();
    let sending = async {
        sender.send(Ok(Frame::trailers(trailers))).await.unwrap();
        drop(sender);
    };
    let (collected, ()) = tokio::join!(answer.into_body().collect(), sending);
    let trailers = collected.unwrap().trailers().cloned().unwrap();
    let names: Vec<_> = trailers.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["x-sum"], "what may come after a body, and nothing else");
}

#[tokio::test]
async fn a_trailer_field_that_names_what_may_not_trail_is_not_passed_on() {
    let modern = Side::says("modern");
    let gateway = gateway(&Side::says("legacy"), &modern);
    for names in ["content-length", "x-sum, host", "strangler-id", "a b"] {
        gateway
            .handle(request("POST", "/").header("trailer", names).body(Body::empty()).unwrap())
            .await;
    }
    assert!(modern.seen().iter().all(|seen| seen.header("trailer").is_none()));
}

#[tokio::test]
async fn backpressure_reaches_the_upstream() {
    let (sender, body) = pipe();
    let body = std::sync::Mutex::new(Some(body));
    let modern = Side::does(move |_| {
        let body = body.lock().unwrap().take().unwrap();
        async { Ok(Response::new(body)) }
    });
    let gateway = gateway(&Side::says("legacy"), &modern);
    let mut answer = gateway.handle(get("/")).await.into_body();
    sender.send(data("one")).await.unwrap();
    tokio::task::yield_now().await;
    assert!(
        sender.try_send(data("two")).is_err(),
        "nobody has read the first, and nothing is kept"
    );
    assert!(answer.frame().await.is_some());
    assert!(sender.try_send(data("two")).is_ok());
    drop(answer);
    assert!(sender.is_closed(), "a client that goes away");
}

#[tokio::test]
async fn a_safe_request_with_a_small_body_falls_back_and_one_with_a_large_does_not() {
    let small = "query";
    for (length, by) in [(small.len() as u64, 200), (64 * 1024 + 1, 503)] {
        let legacy = reader();
        let gateway = gateway(&legacy, &Side::answers(503));
        let (sender, body) = pipe_of(length);
        let sending = async {
            let _ = sender.send(data(small)).await;
            drop(sender);
        };
        let request = request("GET", "/").body(body).unwrap();
        let (answer, ()) = tokio::join!(gateway.handle(request), sending);
        assert_eq!(answer.status().as_u16(), by);
        assert_eq!(legacy.count(), usize::from(by == 200));
    }
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_call() {
    let (gone, mut is_gone) = mpsc::channel::<()>(1);
    let modern = Side::does(move |_| {
        let held = gone.clone();
        async move {
            let _held = held;
            std::future::pending().await
        }
    });
    let gateway = gateway(&Side::says("legacy"), &modern);
    let call = tokio::time::timeout(Duration::from_millis(20), gateway.handle(get("/")));
    assert!(call.await.is_err());
    drop((gateway, modern));
    assert!(is_gone.recv().await.is_none());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Whatever pieces they come in.
    #[test]
    fn bodies_arrive_as_they_were_sent(pieces in proptest::collection::vec(proptest::collection::vec(0_u8.., 0..40), 0..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let modern = Side::does(|request: Request| async { Ok(Response::new(request.into_body())) });
            let gateway = gateway(&Side::says("legacy"), &modern);
            let (sender, body) = pipe();
            let whole = pieces.concat();
            let sending = async {
                for piece in pieces {
                    sender.send(Ok(Frame::data(piece.into()))).await.unwrap();
                }
                drop(sender);
            };
            let reading = async {
                let answer = gateway.handle(upload(body)).await;
                answer.into_body().collect().await.unwrap().to_bytes()
            };
            let (read, ()) = tokio::join!(reading, sending);
            assert_eq!(read, whole);
        });
    }
}
