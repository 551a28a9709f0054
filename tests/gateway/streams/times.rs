//! How long a body and its answer may take, and whose turn it is meanwhile.

use std::time::Duration;

use futures::FutureExt;
use http::StatusCode;
use http_body::Body as _;
use http_body_util::BodyExt;
use strangler_fig::gateway::{BodyError, GatewayConfig, Request, Response};
use tokio::time::Instant;

use super::{data, pipe, reader, upload};
use crate::support::{Side, configured, gateway, get, post, whole};

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_with_the_head() {
    let (sender, body) = pipe();
    let body = std::sync::Mutex::new(Some(body));
    let modern = Side::does(move |_| {
        let body = body.lock().unwrap().take().unwrap();
        async { Ok(Response::new(body)) }
    });
    let gateway = gateway(&Side::says("legacy"), &modern);
    let answer = gateway.handle(get("/")).await;
    let slowly = async {
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_secs(29)).await;
            sender.send(data("x")).await.unwrap();
        }
        drop(sender);
    };
    let ((status, text), ()) = tokio::join!(whole(answer), slowly);
    assert_eq!((status, text.as_str()), (200, "xxxxx"));
}

#[tokio::test(start_paused = true)]
async fn a_stalled_body_has_a_deadline_of_its_own() {
    let (_sender, body) = pipe();
    let body = std::sync::Mutex::new(Some(body));
    let modern = Side::does(move |_| {
        let body = body.lock().unwrap().take().unwrap();
        async { Ok(Response::new(body)) }
    });
    let idle = Duration::from_secs(3);
    let config = GatewayConfig::default().with_body_idle(idle);
    let (gateway, _) = configured(config, &Side::says("legacy"), &modern);
    let mut body = gateway.handle(get("/")).await.into_body();
    let began = Instant::now();
    assert_eq!(body.frame().await.unwrap().unwrap_err(), BodyError::Stalled(idle));
    assert_eq!(began.elapsed(), idle);
    let again = body.frame().await.unwrap();
    assert_eq!(again.unwrap_err(), BodyError::Stalled(idle), "it never ends well");
    assert!(!body.is_end_stream());
}

#[tokio::test(start_paused = true)]
async fn slow_bodies_end() {
    let idle = Duration::from_secs(2);
    let config = || GatewayConfig::default().with_upload_idle(idle);
    let (gateway, told) = configured(config(), &Side::says("legacy"), &reader());
    let (_sender, body) = pipe();
    let began = Instant::now();
    assert_eq!(gateway.handle(upload(body)).await.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(began.elapsed(), idle);
    assert_eq!(told.refusals(), ["body_stalled"]);

    // One that comes drop by drop ends, too.
    let whole = Duration::from_secs(10);
    let config = config().with_upload_deadline(whole);
    let (gateway, _) = configured(config, &Side::says("legacy"), &reader());
    let (sender, body) = pipe();
    let drops = tokio::spawn(async move {
        while sender.send(data("x")).await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let began = Instant::now();
    assert_eq!(gateway.handle(upload(body)).await.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(began.elapsed(), whole);
    drops.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_an_upload_begins_when_the_side_has_it() {
    let modern = Side::does(|request: Request| async {
        request.into_body().collect().await.unwrap();
        std::future::pending().await
    });
    let gateway = gateway(&Side::says("legacy"), &modern);
    let (sender, body) = pipe();
    let sending = async {
        tokio::time::sleep(Duration::from_secs(8)).await;
        sender.send(data("all")).await.unwrap();
        drop(sender);
    };
    let began = Instant::now();
    let (answer, ()) = tokio::join!(gateway.handle(upload(body)), sending);
    assert_eq!(answer.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(began.elapsed(), Duration::from_secs(8 + 5));
}

#[tokio::test(start_paused = true)]
async fn a_side_that_hangs_after_a_body_has_failed_is_waited_for_no_longer_than_any() {
    let hangs = Side::does(|request: Request| async {
        request.into_body().collect().await.unwrap_err();
        std::future::pending().await
    });
    let gateway = gateway(&Side::says("legacy"), &hangs);
    let (_held, body) = pipe();
    let began = Instant::now();
    assert_eq!(gateway.handle(upload(body)).await.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(began.elapsed(), Duration::from_secs(10 + 5));
}

#[tokio::test(start_paused = true)]
async fn a_side_that_looks_no_more_is_late() {
    let looks_once = Side::does(|request: Request| async move {
        let mut body = request.into_body();
        assert!(body.frame().now_or_never().is_none());
        std::future::pending().await
    });
    let gateway = gateway(&Side::says("legacy"), &looks_once);
    let (_held, body) = pipe();
    let began = Instant::now();
    assert_eq!(gateway.handle(upload(body)).await.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(began.elapsed(), Duration::from_secs(10 + 5));
}

#[tokio::test(start_paused = true)]
async fn a_side_that_drops_a_body_has_its_turn() {
    let drops = Side::does(|request: Request| async {
        drop(request);
        std::future::pending().await
    });
    let gateway = gateway(&Side::says("legacy"), &drops);
    let (sender, body) = pipe();
    let began = Instant::now();
    assert_eq!(gateway.handle(upload(body)).await.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    assert!(sender.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_side_that_reads_piece_by_piece_ends_too() {
    let sips = Side::does(|request: Request| async {
        let mut body = request.into_body();
        while let Some(Ok(_)) = body.frame().await {
            tokio::time::sleep(Duration::from_secs(4)).await;
        }
        std::future::pending().await
    });
    let config = GatewayConfig::default().with_upload_deadline(Duration::from_secs(20));
    let (gateway, _) = configured(config, &Side::says("legacy"), &sips);
    let (sender, body) = pipe();
    let sending = async { while sender.send(data("x")).await.is_ok() {} };
    let began = Instant::now();
    let (answer, ()) = tokio::join!(gateway.handle(upload(body)), sending);
    assert_eq!(answer.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(began.elapsed(), Duration::from_secs(20 + 5));
}

/// Every time at once: none is so long that it ends at once, or so short that anything breaks.
fn all_times(of: Duration) -> GatewayConfig {
    GatewayConfig::default()
        .with_legacy_deadline(of)
        .with_write_deadline(of)
        .with_body_idle(of)
        .with_upload_idle(of)
        .with_upload_deadline(of)
}

#[tokio::test(start_paused = true)]
async fn times_without_end_end_nothing() {
    let slow = Side::does(|request: Request| async {
        request.into_body().collect().await.unwrap();
        tokio::time::sleep(Duration::from_secs(86_400)).await;
        let (sender, body) = pipe();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(86_400)).await;
            sender.send(data("pears")).await
        });
        Ok(Response::new(body))
    });
    let (gateway, _) = configured(all_times(Duration::MAX), &slow, &slow);
    let (sender, body) = pipe();
    let sending = async {
        tokio::time::sleep(Duration::from_secs(86_400)).await;
        sender.send(data("much")).await.unwrap();
        drop(sender);
    };
    let (answer, ()) = tokio::join!(gateway.handle(upload(body)), sending);
    assert_eq!(whole(answer).await, (200, "pears".to_owned()));
    // A read has its rule's deadline, and legacy all the time that there is.
    assert_eq!(whole(gateway.handle(get("/")).await).await, (200, "pears".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_time_only_what_is_there_at_once_is_answered() {
    let began = Instant::now();
    let (gateway, _) = configured(all_times(Duration::ZERO), &Side::hangs(), &Side::hangs());
    let (_held, body) = pipe();
    let write = gateway.handle(upload(body)).await;
    assert_eq!(write.status(), StatusCode::GATEWAY_TIMEOUT);
    assert!(began.elapsed() <= Duration::from_millis(501), "a rule's deadline is a write's, too");
    let (gateway, _) = configured(all_times(Duration::ZERO), &Side::hangs(), &reader());
    assert_eq!(gateway.handle(post("/", "pears")).await.status(), StatusCode::OK);
    let (_held, body) = pipe();
    assert_eq!(gateway.handle(upload(body)).await.status(), StatusCode::REQUEST_TIMEOUT);
}
