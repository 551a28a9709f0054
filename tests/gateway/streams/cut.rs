//! Bodies that are cut off, by their sender or by a limit, never end well.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::StatusCode;
use http_body::Body as HttpBody;
use http_body_util::{BodyExt, Collected};
use strangler_fig::error::StoreError;
use strangler_fig::gateway::{Body, BodyError, GatewayConfig, Limits, Request, Response};

use super::{Piece, data, pipe, pipe_of, pipe_up_to, reader, upload};
use crate::support::{Side, configured, gateway, get, request, whole};

#[tokio::test]
async fn a_response_that_is_cut_off_does_not_end_well() {
    let modern = Side::does(|_| async {
        let (sender, body) = pipe();
        tokio::spawn(async move {
            sender.send(data("half")).await.unwrap();
            sender.send(Err(BodyError::CutOff)).await.unwrap();
        });
        Ok(Response::new(body))
    });
    let gateway = gateway(&Side::says("legacy"), &modern);
    let answer = gateway.handle(get("/")).await;
    assert_eq!(answer.into_body().collect().await.unwrap_err(), BodyError::CutOff);
}

#[tokio::test]
async fn a_body_that_turns_out_too_long_is_cut_off() {
    let limits = Limits::default().with_body_max(5);
    let config = GatewayConfig::default().with_limits(limits);
    for (pieces, status) in [(["ab", "cde"], 200), (["abc", "def"], 413)] {
        let (gateway, _) = configured(config.clone(), &Side::says("legacy"), &reader());
        let (sender, body) = pipe();
        let sending = async {
            for piece in pieces {
                let _ = sender.send(data(piece)).await;
            }
            drop(sender);
        };
        let (answer, ()) = tokio::join!(gateway.handle(upload(body)), sending);
        assert_eq!(answer.status().as_u16(), status);
    }
    let (gateway, _) = configured(config, &Side::says("legacy"), &reader());
    let (_sender, body) = pipe_of(6);
    assert_eq!(gateway.handle(upload(body)).await.status().as_u16(), 413, "it says so itself");
}

#[tokio::test]
async fn who_reads_on_after_a_body_was_cut_off_gets_no_more_of_it() {
    // A side that takes an error for a pause.
    let stubborn = Side::does(|request: Request| async {
        let (mut body, mut read) = (request.into_body(), Vec::new());
        for _ in 0..10 {
            match body.frame().await {
                Some(Ok(frame)) => read.extend_from_slice(frame.data_ref().unwrap()),
                Some(Err(error)) => assert_eq!(error, BodyError::TooLong(5)),
                None => panic!("it has ended well"),
            }
        }
        Ok(Response::new(Body::full(read)))
    });
    let config = GatewayConfig::default().with_limits(Limits::default().with_body_max(5));
    let (gateway, _) = configured(config, &Side::says("legacy"), &stubborn);
    let (sender, body) = pipe();
    let sending = async {
        for piece in ["abc", "def", "ghi"] {
            let _ = sender.try_send(data(piece));
            tokio::task::yield_now().await;
        }
        drop(sender);
    };
    let (answer, ()) = tokio::join!(gateway.handle(upload(body)), sending);
    assert_eq!(whole(answer).await.1, "abc");
}

#[tokio::test]
async fn a_cut_body_is_never_whole_upstream() {
    let modern = Side::does(|request: Request| async {
        let error = request.into_body().collect().await.unwrap_err();
        Err(StoreError::unknown(error))
    });
    let (gateway, told) = configured(GatewayConfig::default(), &Side::says("legacy"), &modern);
    let (sender, body) = pipe();
    let sending = async {
        sender.send(data("half")).await.unwrap();
        sender.send(Err(BodyError::CutOff)).await.unwrap();
    };
    let (answer, ()) = tokio::join!(gateway.handle(upload(body)), sending);
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(told.refusals(), ["body_cut_off"]);
}

/// A safe one with a body that may be sent twice is collected: no more of it than of any.
#[tokio::test]
async fn a_body_that_is_collected_is_no_longer_than_any() {
    let config = GatewayConfig::default().with_limits(Limits::default().with_body_max(5));
    let modern = Side::says("modern");
    let (gateway, _) = configured(config, &Side::says("legacy"), &modern);
    let (sender, body) = pipe_up_to(100);
    let sending = async {
        let _ = sender.send(data("abcdef")).await;
        drop(sender);
    };
    let asked = request("GET", "/").body(body).unwrap();
    let (answer, ()) = tokio::join!(gateway.handle(asked), sending);
    assert_eq!((answer.status().as_u16(), modern.count()), (413, 0));
}

/// A body that panics when it is asked for more than its first piece.
struct Panics(bool);

impl HttpBody for Panics {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Piece>> {
        assert!(!std::mem::replace(&mut self.0, true), "a bug of the side's");
        Poll::Ready(Some(data("half")))
    }
}

#[tokio::test]
async fn a_body_that_panics_is_cut_off() {
    let modern = Side::does(|_| async { Ok(Response::new(Body::stream(Panics(false)))) });
    let gateway = gateway(&Side::says("legacy"), &modern);
    let mut body = gateway.handle(get("/")).await.into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "half");
    for _ in 0..2 {
        assert_eq!(body.frame().await.unwrap().unwrap_err(), BodyError::CutOff);
        assert!(!body.is_end_stream());
    }
}

/// What a head says of a length is kept to, whatever the transport has made of it.
#[tokio::test]
async fn a_body_is_as_long_as_its_head_says() {
    for (pieces, status) in [(&["pea", "rs"][..], 200), (&["pear"], 400), (&["pea", "rsx"], 400)] {
        let (gateway, _) = configured(GatewayConfig::default(), &Side::says("legacy"), &reader());
        let (sender, body) = pipe();
        let sending = async {
            for piece in pieces {
                let _ = sender.send(data(piece)).await;
            }
            drop(sender);
        };
        let mut asked = upload(body);
        asked.headers_mut().insert("content-length", 5.into());
        let (answer, ()) = tokio::join!(gateway.handle(asked), sending);
        assert_eq!(answer.status().as_u16(), status, "{pieces:?}");
    }
}

#[tokio::test]
async fn so_is_that_of_a_response() {
    for (pieces, is_well) in
        [(&["pea", "rs"][..], true), (&["pear"], false), (&["pea", "rsx"], false)]
    {
        let modern = Side::does(move |_| async move {
            let (sender, body) = pipe();
            tokio::spawn(async move {
                for piece in pieces {
                    let _ = sender.send(data(piece)).await;
                }
            });
            Ok(http::Response::builder().header("content-length", 5).body(body).unwrap())
        });
        let answer = gateway(&Side::says("legacy"), &modern).handle(get("/")).await;
        let collected = answer.into_body().collect().await;
        assert_eq!(collected.map(Collected::to_bytes).ok(), is_well.then(|| "pears".into()));
    }
}
