//! What a circuit breaker learns of a side from bodies that come slowly.

use std::time::Duration;

use http::StatusCode;
use http_body_util::BodyExt;
use strangler_fig::gateway::{Body, Gateway, Request, Response};
use strangler_fig::phase::{Share, Side as Place};
use strangler_fig::resilience::{BreakerConfig, BreakerState, CircuitBreaker, Health, Policy};
use tokio::time::Instant;

use super::{data, pipe, pipe_of, reader, upload};
use crate::support::{MODERN_FIRST, Side, builder, get, whole};

#[tokio::test(start_paused = true)]
async fn a_slow_sender_does_not_open_modern_s_breaker() {
    let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
    let gateway = guarded(&breaker);
    for _ in 0..50 {
        let (sender, body) = pipe();
        let sending = async {
            sender.send(data("one")).await.unwrap();
            tokio::time::sleep(Duration::from_secs(9)).await;
            sender.send(data("two")).await.unwrap();
            drop(sender);
        };
        let (answer, ()) = tokio::join!(gateway.handle(upload(body)), sending);
        assert_eq!(whole(answer).await, (200, "onetwo".to_owned()));
        let (_stuck, body) = pipe();
        assert_eq!(gateway.handle(upload(body)).await.status(), StatusCode::REQUEST_TIMEOUT);
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_of_uploads_does() {
    let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
    let policy = Policy::new("modern").with_breaker(breaker.clone());
    let deaf = Side::does(|request: Request| async move {
        let _body = request;
        std::future::pending().await
    });
    let builder = builder(MODERN_FIRST, &Side::says("legacy"), &deaf);
    let gateway = builder.with_policy(Place::Modern, policy).build().unwrap();
    let began = Instant::now();
    let (_sender, body) = pipe();
    assert_eq!(gateway.handle(upload(body)).await.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(began.elapsed(), Duration::from_secs(5), "the deadline of a write");
    for _ in 0..50 {
        let (_sender, body) = pipe();
        gateway.handle(upload(body)).await;
    }
    assert_ne!(breaker.state(), BreakerState::Closed);
}

/// A gateway whose modern side has this breaker, and reads what it is sent.
fn guarded(breaker: &CircuitBreaker) -> Gateway {
    let policy = Policy::new("modern").with_breaker(breaker.clone());
    let builder = builder(MODERN_FIRST, &Side::says("legacy"), &reader());
    builder.with_policy(Place::Modern, policy).build().unwrap()
}

/// A breaker that is half open, and lets three probes through.
async fn half_open() -> CircuitBreaker {
    let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
    while breaker.state() == BreakerState::Closed {
        breaker.acquire().unwrap().settle(Health::Sick);
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    breaker
}

#[tokio::test(start_paused = true)]
async fn a_slow_sender_is_no_probe() {
    let breaker = half_open().await;
    let gateway = guarded(&breaker);
    // Small ones are collected first; of large ones a few may come, as slowly as they like.
    let pipes: Vec<_> = (0..20).map(|_| pipe_of(5)).collect();
    let (senders, bodies): (Vec<_>, Vec<_>) = pipes.into_iter().unzip();
    let small =
        futures::future::join_all(bodies.into_iter().map(|body| gateway.handle(upload(body))));
    let others = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for body in [pipe().1, pipe_of(1 << 20).1] {
            let refused = gateway.handle(upload(body)).await;
            assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE, "three are under way");
        }
        assert_eq!(breaker.state(), BreakerState::HalfOpen, "its probes are free");
        for _ in 0..3 {
            assert_eq!(gateway.handle(get("/")).await.status(), StatusCode::OK);
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
        for sender in senders {
            sender.send(data("pears")).await.unwrap();
        }
    };
    let large = (0..3).map(|_| async {
        let (_stuck, body) = pipe();
        gateway.handle(upload(body)).await.status()
    });
    let large = futures::future::join_all(large);
    let (large, answers, ()) = tokio::join!(large, small, others);
    assert!(answers.iter().all(|answer| answer.status() == StatusCode::OK));
    assert_eq!(large, [StatusCode::REQUEST_TIMEOUT; 3]);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_but_large_bodies_is_sent_a_breaker_closes_again() {
    let breaker = half_open().await;
    let gateway = guarded(&breaker);
    for _ in 0..3 {
        let (sender, body) = pipe();
        let sending = async {
            sender.send(data("much")).await.unwrap();
            drop(sender);
        };
        let (answer, ()) = tokio::join!(gateway.handle(upload(body)), sending);
        assert_eq!(answer.status(), StatusCode::OK);
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

fn slow_counts() -> CircuitBreaker {
    let config =
        BreakerConfig::default().with_slow_calls(Duration::from_secs(1), Share::percent(10));
    CircuitBreaker::new("modern", config)
}

#[tokio::test(start_paused = true)]
async fn the_time_that_a_body_takes_is_not_the_side_s() {
    let breaker = slow_counts();
    let gateway = guarded(&breaker);
    for at in 1..50 {
        let (sender, body) = pipe();
        let sending = async {
            sender.send(data("one")).await.unwrap();
            tokio::time::sleep(Duration::from_secs(9)).await;
            sender.send(data("two")).await.unwrap();
            drop(sender);
        };
        let (answer, ()) = tokio::join!(gateway.handle(upload(body)), sending);
        assert_eq!(answer.status(), StatusCode::OK);
        // One that goes away meanwhile counts neither way, nor does one that stalls.
        let (_held, body) = pipe();
        let gone = tokio::time::timeout(Duration::from_secs(9), gateway.handle(upload(body)));
        assert!(gone.await.is_err());
        let (_held, body) = pipe();
        assert_eq!(gateway.handle(upload(body)).await.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!((breaker.counts().calls, breaker.counts().slow), (at, 0));
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_time_after_it_is() {
    let breaker = slow_counts();
    let policy = Policy::new("modern").with_breaker(breaker.clone());
    let slow = Side::does(|request: Request| async {
        request.into_body().collect().await.unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(Response::new(Body::empty()))
    });
    let builder = builder(MODERN_FIRST, &Side::says("legacy"), &slow);
    let gateway = builder.with_policy(Place::Modern, policy).build().unwrap();
    for _ in 0..20 {
        let (sender, body) = pipe();
        drop(sender);
        assert_eq!(gateway.handle(upload(body)).await.status(), StatusCode::OK);
    }
    assert_eq!(breaker.state(), BreakerState::Open);
}

/// What an upload is answered whose only piece comes at once.
async fn at_once(gateway: &Gateway) -> StatusCode {
    let (sender, body) = pipe();
    let sending = async {
        // One that is refused is not read.
        let _ = sender.send(data("much")).await;
        drop(sender);
    };
    let (answer, ()) = tokio::join!(gateway.handle(upload(body)), sending);
    answer.status()
}

#[tokio::test(start_paused = true)]
async fn a_trial_whose_body_is_slow_is_given_back_after_a_deadline() {
    let breaker = half_open().await;
    let gateway = guarded(&breaker);
    let slow = (0..3).map(|_| async {
        let (sender, body) = pipe();
        let dripping = async {
            for _ in 0..60 {
                sender.send(data("x")).await.unwrap();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            drop(sender);
        };
        let (answer, ()) = tokio::join!(gateway.handle(upload(body)), dripping);
        answer.status()
    });
    let others = async {
        tokio::time::sleep(Duration::from_millis(4_900)).await;
        assert_eq!(at_once(&gateway).await, StatusCode::SERVICE_UNAVAILABLE, "three are under way");
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        tokio::time::sleep(Duration::from_millis(200)).await;
        for _ in 0..3 {
            assert_eq!(at_once(&gateway).await, StatusCode::OK);
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
    };
    let (slow, ()) = tokio::join!(futures::future::join_all(slow), others);
    assert_eq!(slow, [StatusCode::OK; 3], "they go on meanwhile");
    assert_eq!(breaker.state(), BreakerState::Closed);
}

/// The control: what a side has whole is a trial until it has answered.
#[tokio::test(start_paused = true)]
async fn a_trial_whose_body_is_there_is_one_until_it_is_answered() {
    let breaker = half_open().await;
    let policy = Policy::new("modern").with_breaker(breaker.clone());
    let slow = Side::does(|request: Request| async {
        request.into_body().collect().await.unwrap();
        tokio::time::sleep(Duration::from_secs(4)).await;
        Ok(Response::new(Body::empty()))
    });
    let builder = builder(MODERN_FIRST, &Side::says("legacy"), &slow);
    let gateway = builder.with_policy(Place::Modern, policy).build().unwrap();
    let trials = (0..3).map(|_| async {
        let (sender, body) = pipe();
        let sending = async {
            tokio::time::sleep(Duration::from_secs(4)).await;
            sender.send(data("much")).await.unwrap();
            drop(sender);
        };
        let (answer, ()) = tokio::join!(gateway.handle(upload(body)), sending);
        answer.status()
    });
    let others = async {
        for second in 1..8 {
            tokio::time::sleep(Duration::from_secs(1) - Duration::from_millis(1)).await;
            assert_eq!(at_once(&gateway).await, StatusCode::SERVICE_UNAVAILABLE, "{second}");
        }
    };
    let (trials, ()) = tokio::join!(futures::future::join_all(trials), others);
    assert_eq!(trials, [StatusCode::OK; 3]);
    assert_eq!(breaker.state(), BreakerState::Closed);
}
