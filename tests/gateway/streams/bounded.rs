//! How many bodies may be under way, of requests and of responses.

use std::time::Duration;

use http::StatusCode;
use http_body_util::BodyExt;
use strangler_fig::gateway::{Body, GatewayConfig, Request, Response};

use super::{data, pipe, pipe_of, reader, upload};
use crate::support::{Side, configured, get, request, whole};

#[tokio::test(start_paused = true)]
async fn slow_senders_have_places_of_their_own() {
    let config = GatewayConfig::default().with_streams_max(2.try_into().unwrap());
    let (gateway, told) = configured(config, &Side::says("legacy"), &reader());
    let pipes: Vec<_> = (0..3).map(|_| pipe()).collect();
    let (senders, bodies): (Vec<_>, Vec<_>) = pipes.into_iter().unzip();
    let uploads =
        futures::future::join_all(bodies.into_iter().map(|body| gateway.handle(upload(body))));
    let others = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for _ in 0..10 {
            assert_eq!(gateway.handle(get("/")).await.status(), 200, "reads go on");
        }
        drop(senders);
    };
    let (answers, ()) = tokio::join!(uploads, others);
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status().as_u16()).collect();
    assert_eq!(statuses, [200, 200, 503]);
    assert_eq!(told.refusals(), ["busy"]);
}

#[tokio::test(start_paused = true)]
async fn slow_reads_with_bodies_have_places_of_their_own_too() {
    let config = GatewayConfig::default()
        .with_streams_max(2.try_into().unwrap())
        .with_in_flight_max(4.try_into().unwrap());
    let (gateway, told) = configured(config, &Side::says("legacy"), &reader());
    let slow = (0..4).map(|_| async {
        let (_held, body) = pipe_of(5);
        gateway.handle(request("GET", "/").body(body).unwrap()).await.status().as_u16()
    });
    let others = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for _ in 0..10 {
            assert_eq!(gateway.handle(get("/")).await.status(), 200);
        }
    };
    let (statuses, ()) = tokio::join!(futures::future::join_all(slow), others);
    assert_eq!(statuses, [408, 408, 503, 503]);
    assert_eq!(told.refusals(), ["busy", "busy", "body_stalled", "body_stalled"]);
}

#[tokio::test]
async fn responses_under_way_are_bounded() {
    let modern = Side::does(|_| async {
        let (sender, body) = pipe();
        tokio::spawn(async move {
            let _ = sender.send(data("x")).await;
            std::future::pending::<()>().await;
        });
        Ok(Response::new(body))
    });
    let config = GatewayConfig::default().with_responses_max(2.try_into().unwrap());
    let (gateway, told) = configured(config, &Side::says("legacy"), &modern);
    let one = gateway.handle(get("/")).await;
    let other = gateway.handle(get("/")).await;
    assert_eq!((one.status(), other.status()), (StatusCode::OK, StatusCode::OK));
    assert_eq!(gateway.handle(get("/")).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((told.refusals(), modern.count()), (vec!["busy"], 2), "and it is sent nowhere");
    drop(one);
    assert_eq!(gateway.handle(get("/")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_response_that_has_ended_is_not_under_way() {
    let config = GatewayConfig::default().with_responses_max(1.try_into().unwrap());
    let modern = Side::does(|_| async {
        let (sender, body) = pipe();
        tokio::spawn(async move { sender.send(data("x")).await });
        Ok(Response::new(body))
    });
    let (gateway, _) = configured(config, &Side::says("legacy"), &modern);
    for _ in 0..3 {
        let mut body = gateway.handle(get("/")).await.into_body();
        while body.frame().await.is_some() {}
        assert_eq!(whole(gateway.handle(get("/")).await).await.0, 200, "though it is still held");
    }
}

/// Whatever it had: a place among those in flight, among bodies that still come, among responses, and for a trial.
#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_gives_back_all_that_it_had() {
    let one = std::num::NonZeroU32::MIN;
    let config = GatewayConfig::default()
        .with_in_flight_max(one)
        .with_streams_max(one)
        .with_responses_max(one);
    let modern = Side::does(|request: Request| async {
        let hangs = request.headers().contains_key("x-hangs");
        let _ = request.into_body().collect().await;
        if hangs {
            std::future::pending::<()>().await;
        }
        Ok(Response::new(Body::empty()))
    });
    let (gateway, told) = configured(config, &Side::says("legacy"), &modern);
    for _ in 0..3 {
        let (_held, body) = pipe();
        let gone = gateway.handle(upload(body));
        assert!(tokio::time::timeout(Duration::from_secs(1), gone).await.is_err());
        let hangs = request("POST", "/").header("x-hangs", "1").body(Body::empty()).unwrap();
        let gone = gateway.handle(hangs);
        assert!(tokio::time::timeout(Duration::from_secs(1), gone).await.is_err());
        let (sender, body) = pipe();
        drop(sender);
        assert_eq!(gateway.handle(upload(body)).await.status(), StatusCode::OK);
    }
    assert_eq!(told.refusals(), [""; 0]);
}
