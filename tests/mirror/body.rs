//! The client's response goes its way, and is kept on the side.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt, StreamBody};
use proptest::prelude::*;
use strangler_fig::gateway::{Body, Response, Snapshot};
use strangler_fig::phase::Side;
use tokio::time::{Instant, sleep};

use super::support::{Answer, Sides, answered, get, ok, plain, text};

fn frames(parts: Vec<Vec<u8>>) -> Body {
    let frames = parts.into_iter().map(|it| Ok::<_, Infallible>(Frame::data(Bytes::from(it))));
    Body::from_http(StreamBody::new(futures::stream::iter(frames)))
}

/// Legacy streams what `body` makes; modern says that, too.
fn legacy(body: impl Fn() -> Body + Send + Sync + 'static) -> Sides {
    Sides::new(move |_, _| {
        let answer: Answer = Ok(Response::new(body()));
        async { answer }
    })
}

#[tokio::test(start_paused = true)]
async fn a_body_beyond_the_cap_is_not_mirrored_and_reaches_the_client_whole() {
    for length in [10, 11] {
        let known = legacy(move || Body::full(vec![b'a'; length]));
        let streamed = legacy(move || frames(vec![vec![b'a'; 5], vec![b'a'; length - 5]]));
        for sides in [known, streamed] {
            let mirror = plain().with_body_max(10);
            let response = answered(&mirror, &sides, get("/")).await;
            assert_eq!(text(response).await.len(), length);
            mirror.drained().await;
            let is_mirrored = length == 10;
            assert_eq!(sides.asked(Side::Modern), usize::from(is_mirrored), "of {length} bytes");
            assert_eq!(mirror.report().skipped, u64::from(!is_mirrored));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_mirror_never_delays_the_client() {
    // A body of three frames, a second apart, while modern takes as long as it may.
    let slow = || {
        let frames = futures::stream::unfold(0, |at| async move {
            let pause = Duration::from_secs(u64::from(at > 0));
            sleep(pause).await;
            (at < 3).then(|| (Ok::<_, Infallible>(Frame::data(Bytes::from("a"))), at + 1))
        });
        Body::from_http(StreamBody::new(frames))
    };
    let sides = Sides::new(move |side, _| async move {
        if side == Side::Modern {
            sleep(Duration::from_millis(900)).await;
        }
        Ok(Response::new(if side == Side::Legacy { slow() } else { Body::full("aaa") }))
    });
    let (mirror, began) = (plain(), Instant::now());
    let mut body = answered(&mirror, &sides, get("/")).await.into_body();
    let mut arrived = Vec::new();
    while let Some(frame) = body.frame().await {
        assert_eq!(frame.unwrap().into_data().unwrap(), "a");
        assert_eq!(sides.asked(Side::Modern), 0, "not before the client has it all");
        arrived.push(began.elapsed().as_secs());
    }
    assert_eq!(arrived, [0, 1, 2]);
    assert_eq!(began.elapsed(), Duration::from_secs(3), "the end is the body's own");
    mirror.drained().await;
    assert_eq!(mirror.report().equal, 1);
}

#[tokio::test(start_paused = true)]
async fn drained_awaits_mirrors() {
    let sides = Sides::new(|side, _| async move {
        if side == Side::Modern {
            sleep(Duration::from_millis(700)).await;
        }
        Ok(ok("a"))
    });
    let (mirror, began) = (plain(), Instant::now());
    mirror.drained().await;
    text(answered(&mirror, &sides, get("/")).await).await;
    assert_eq!((began.elapsed(), mirror.report().compared), (Duration::ZERO, 0));
    mirror.drained().await;
    assert_eq!((began.elapsed(), mirror.report().compared), (Duration::from_millis(700), 1));
}

#[tokio::test(start_paused = true)]
async fn who_reads_by_length_need_not_ask_for_the_end() {
    // As hyper does with a body of a known length.
    let (mirror, sides) = (plain(), legacy(|| Body::from_http(Lengthy(Some("four")))));
    let mut body = answered(&mirror, &sides, get("/")).await.into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "four");
    drop(body);
    mirror.drained().await;
    assert_eq!(mirror.report().equal, 1);
}

/// A body that knows its length, and not that it is at its end.
struct Lengthy(Option<&'static str>);

impl HttpBody for Lengthy {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|text| Ok(Frame::data(text.into()))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.map_or(0, |text| text.len() as u64))
    }
}

#[tokio::test(start_paused = true)]
async fn small_frames_do_not_hold_on_to_large_buffers() {
    // Each frame is a byte of a buffer of its own, as a service sends them that flushes after each.
    let frames = (0..1_000).map(|_| {
        let buffer = Bytes::from(vec![b'a'; 8_192]);
        Ok::<_, Infallible>(Frame::data(buffer.slice(..1)))
    });
    let frames = Mutex::new(Some(frames.collect::<Vec<_>>()));
    let sides = legacy(move || match frames.lock().unwrap().take() {
        Some(frames) => Body::from_http(StreamBody::new(futures::stream::iter(frames))),
        None => Body::full("a".repeat(1_000)),
    });
    let mirror = plain();
    let mut body = answered(&mirror, &sides, get("/")).await.into_body();
    let mut unique = 0;
    for _ in 0..999 {
        let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
        unique += usize::from(data.is_unique());
    }
    assert_eq!(unique, 999, "nobody else refers to what the client was given");
    assert_eq!(body.collect().await.unwrap().to_bytes(), "a");
    mirror.drained().await;
    assert_eq!(mirror.report().equal, 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_body_is_mirrored_at_once() {
    for sides in [legacy(Body::empty), legacy(|| frames(vec![]))] {
        let mirror = plain();
        text(answered(&mirror, &sides, get("/")).await).await;
        mirror.drained().await;
        assert_eq!(mirror.report().equal, 1);
    }
    // Of an answer to HEAD nobody reads a body, and a length is no body's.
    let sides = Sides::new(|_, _| async {
        let mut response = Response::new(Body::empty());
        response.headers_mut().insert("content-length", "1000000".parse().unwrap());
        Ok(response)
    });
    let (mirror, mut request) = (plain(), get("/"));
    *request.method_mut() = http::Method::HEAD;
    drop(answered(&mirror, &sides, request).await);
    mirror.drained().await;
    assert_eq!(mirror.report().equal, 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_was_cut_off_or_not_read_is_not_mirrored() {
    let cut = || {
        let frames = [Ok(Frame::data(Bytes::from("half"))), Err("the connection was reset")];
        Body::from_http(StreamBody::new(futures::stream::iter(frames)))
    };
    let (mirror, sides) = (plain(), legacy(cut));
    let read = answered(&mirror, &sides, get("/")).await.into_body().collect().await;
    assert!(read.is_err(), "the client is told");
    drop(answered(&mirror, &sides, get("/")).await);
    mirror.drained().await;
    assert_eq!((sides.asked(Side::Modern), mirror.report().skipped), (0, 2));
}

#[test]
fn a_body_may_outlive_its_runtime() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mirror, sides) = (plain(), legacy(|| Body::from_http(Lengthy(Some("four")))));
    let response = runtime().block_on(answered(&mirror, &sides, get("/")));
    drop(response);
    let mut body = runtime().block_on(answered(&mirror, &sides, get("/"))).into_body();
    let frame = futures::FutureExt::now_or_never(body.frame()).unwrap();
    assert!(frame.is_some());
    drop(body);
    assert_eq!(mirror.report().skipped, 2);
}

#[tokio::test(start_paused = true)]
async fn trailers_reach_the_client() {
    let body = || {
        let mut trailers = http::HeaderMap::new();
        trailers.insert("x-sum", "7".parse().unwrap());
        let frames = [Frame::data(Bytes::from("a")), Frame::trailers(trailers)];
        let frames = frames.map(Ok::<_, Infallible>);
        Body::from_http(StreamBody::new(futures::stream::iter(frames)))
    };
    let (mirror, sides) = (plain(), legacy(body));
    let read = answered(&mirror, &sides, get("/")).await.into_body().collect().await.unwrap();
    assert_eq!(read.trailers().unwrap()["x-sum"], "7");
    mirror.drained().await;
    assert_eq!(mirror.report().equal, 1);
}

/// Keeps what it was given to compare.
#[derive(Debug, Default)]
struct Seen(Mutex<Vec<Bytes>>);

impl strangler_fig::gateway::ResponseComparator for Seen {
    fn compare(
        &self,
        _: &http::Request<()>,
        primary: &Snapshot,
        _: &Snapshot,
    ) -> Vec<strangler_fig::gateway::ResponseDifference> {
        self.0.lock().unwrap().push(primary.body.clone());
        Vec::new()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_passed_on_and_what_is_kept_are_the_bytes_of_the_body(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..8),
        cap in 0..100_usize,
    ) {
        let whole = parts.concat();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let seen = Arc::new(Seen::default());
        let mirror = strangler_fig::gateway::Mirror::new(seen.clone()).with_body_max(cap);
        let read = runtime.block_on(async {
            let sides = legacy(move || frames(parts.clone()));
            let response = answered(&mirror, &sides, get("/")).await;
            let read = response.into_body().collect().await.unwrap().to_bytes();
            mirror.drained().await;
            read
        });
        prop_assert_eq!(&read, &whole);
        let kept = seen.0.lock().unwrap().first().cloned();
        prop_assert_eq!(kept.map(|it| it.to_vec()), (whole.len() <= cap).then_some(whole));
    }
}
