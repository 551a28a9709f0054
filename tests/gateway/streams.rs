//! Bodies that come as they are sent, both ways.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use http::{HeaderMap, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::{Body, BodyError, Gateway, GatewayConfig, Limits, Request, Response};
use strangler_fig::phase::{Share, Side as Place};
use strangler_fig::resilience::{BreakerConfig, BreakerState, CircuitBreaker, Health, Policy};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::support::{MODERN_FIRST, Side, builder, configured, gateway, get, request, whole};

type Piece = Result<Frame<Bytes>, BodyError>;

/// A body whose pieces a test sends.
struct Pipe {
    pieces: mpsc::Receiver<Piece>,
    hint: SizeHint,
}

impl HttpBody for Pipe {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Piece>> {
        self.pieces.poll_recv(context)
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

fn pipe() -> (mpsc::Sender<Piece>, Body) {
    let (sender, pieces) = mpsc::channel(1);
    (sender, Body::stream(Pipe { pieces, hint: SizeHint::default() }))
}

fn pipe_of(length: u64) -> (mpsc::Sender<Piece>, Body) {
    let (sender, pieces) = mpsc::channel(1);
    (sender, Body::stream(Pipe { pieces, hint: SizeHint::with_exact(length) }))
}

#[expect(clippy::unnecessary_wraps, reason = "a piece is what a body has come to")]
fn data(text: &'static str) -> Piece {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

fn upload(body: Body) -> Request {
    request("POST", "/").body(body).unwrap()
}

/// Reads a request to its end, and says what came of that.
fn reader() -> Arc<Side> {
    Side::does(|request: Request| async {
        match request.into_body().collect().await {
            Ok(body) => Ok(Response::new(Body::full(body.to_bytes()))),
            Err(error) => Err(StoreError::unknown(error)),
        }
    })
}

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

#[tokio::test(start_paused = true)]
async fn a_slow_sender_does_not_open_modern_s_breaker() {
    let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
    let policy = Policy::new("modern").with_breaker(breaker.clone());
    let builder = builder(MODERN_FIRST, &Side::says("legacy"), &reader());
    let gateway = builder.with_policy(Place::Modern, policy).build().unwrap();
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

#[tokio::test(start_paused = true)]
async fn a_slow_sender_is_no_probe() {
    let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
    let policy = Policy::new("modern").with_breaker(breaker.clone());
    let builder = builder(MODERN_FIRST, &Side::says("legacy"), &reader());
    let gateway = builder.with_policy(Place::Modern, policy).build().unwrap();
    for _ in 0..100 {
        breaker.acquire().unwrap().settle(Health::Sick);
        if breaker.state() != BreakerState::Closed {
            break;
        }
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
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

/// A gateway whose modern side has this breaker, and reads what it is sent.
fn guarded(breaker: &CircuitBreaker) -> Gateway {
    let policy = Policy::new("modern").with_breaker(breaker.clone());
    let builder = builder(MODERN_FIRST, &Side::says("legacy"), &reader());
    builder.with_policy(Place::Modern, policy).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn where_nothing_but_large_bodies_is_sent_a_breaker_closes_again() {
    let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
    let gateway = guarded(&breaker);
    while breaker.state() == BreakerState::Closed {
        breaker.acquire().unwrap().settle(Health::Sick);
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
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
