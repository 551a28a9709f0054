//! What a mirror does to others: nothing.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use strangler_fig::error::StoreError;
use strangler_fig::gateway::{Mirror, ResponseComparator, ResponseDifference, Snapshot};
use strangler_fig::observe::Comparison::{Match, Mismatch, Skipped, Unsettled};
use strangler_fig::phase::{Share, Side};
use strangler_fig::resilience::{Bulkhead, CallError, Refused};
use tokio::time::{Instant, sleep};

use super::support::{ALL, Answer, Sides, Verdicts, answered, compared, get, ok, plain, text};

#[tokio::test(start_paused = true)]
async fn mirrors_beyond_their_bulkhead_are_skipped() {
    let slow = Sides::new(|side, _| async move {
        if side == Side::Modern {
            sleep(Duration::from_millis(100)).await;
        }
        Ok(ok("a"))
    });
    let three = Bulkhead::new("mirror", 3.try_into().unwrap());
    let mirror = plain().with_bulkhead(three.clone());
    for _ in 0..10 {
        text(answered(&mirror, &slow, get("/")).await).await;
    }
    tokio::task::yield_now().await;
    assert_eq!((three.under_way(), slow.asked(Side::Modern)), (3, 3));
    mirror.drained().await;
    assert_eq!((mirror.report().equal, mirror.report().skipped), (3, 7));
    compared(&mirror, &slow).await;
    assert_eq!(mirror.report().equal, 4, "a place that was given back is free");
}

#[tokio::test(start_paused = true)]
async fn no_more_responses_are_kept_than_there_is_room_for() {
    let mirror = plain().with_kept_max(2.try_into().unwrap());
    let sides = Sides::saying(|_, _| "a");
    // Clients that read nothing.
    let mut unread = Vec::new();
    for _ in 0..5 {
        unread.push(answered(&mirror, &sides, get("/")).await);
    }
    assert_eq!(mirror.report().skipped, 3);
    assert_eq!(text(unread.remove(4)).await, "a", "who is not mirrored is answered as well");
    drop(unread);
    assert!(mirror.draw(ALL, "orders", &get("/")).is_some());
}

/// Counts how often it was copied.
#[derive(Debug, Default)]
struct Copied(Arc<AtomicUsize>);

impl Clone for Copied {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&self.0))
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_copied_of_a_request_for_which_there_is_no_room() {
    let (mirror, copied) = (plain().with_kept_max(1.try_into().unwrap()), Copied::default());
    let mut request = get("/");
    request.extensions_mut().insert(Copied(Arc::clone(&copied.0)));
    let first = mirror.draw(ALL, "orders", &request);
    assert!(first.is_some() && copied.0.load(Ordering::Relaxed) == 1);
    assert!(mirror.draw(ALL, "orders", &request).is_none());
    assert_eq!(copied.0.load(Ordering::Relaxed), 1);
}

/// Panics over every answer.
#[derive(Debug)]
struct Panics;

impl ResponseComparator for Panics {
    fn compare(
        &self,
        _: &http::Request<()>,
        _: &Snapshot,
        _: &Snapshot,
    ) -> Vec<ResponseDifference> {
        panic!("no answer is good enough")
    }
}

#[tokio::test(start_paused = true)]
async fn a_mirror_that_panics_or_hangs_harms_nobody() {
    let panics = Sides::new(|side, _| async move {
        assert!(side == Side::Legacy, "modern's adapter is broken");
        Ok(ok("a"))
    });
    let hangs = Sides::new(|side, _| async move {
        if side == Side::Modern { pending::<Answer>().await } else { Ok(ok("a")) }
    });
    let hangs_in_the_body = Sides::new(|side, _| async move {
        let mut answer = ok("a");
        if side == Side::Modern {
            let never = futures::stream::pending::<Result<_, std::io::Error>>();
            *answer.body_mut() =
                strangler_fig::gateway::Body::from_http(http_body_util::StreamBody::new(never));
        }
        Ok(answer)
    });
    let well = Sides::saying(|_, _| "a");
    let breaks = Mirror::new(Arc::new(Panics)).with_noise_share(Share::NONE);
    for (mirror, sides, took) in [
        (plain(), panics, 0),
        (plain(), hangs, 1_000),
        (plain(), hangs_in_the_body, 1_000),
        (breaks, well, 0),
    ] {
        let one = Bulkhead::new("mirror", 1.try_into().unwrap());
        let mirror = mirror.with_bulkhead(one.clone());
        for round in 1..=3 {
            let began = Instant::now();
            assert_eq!(text(answered(&mirror, &sides, get("/")).await).await, "a");
            assert_eq!(began.elapsed(), Duration::ZERO);
            mirror.drained().await;
            assert_eq!(began.elapsed(), Duration::from_millis(took), "by the deadline");
            assert_eq!((mirror.report().failed, mirror.report().compared), (round, 0));
            assert_eq!(one.under_way(), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_side_s_policy_refuses_is_skipped() {
    let refused = Refused::Full { bulkhead: "modern" };
    let sides = Sides::new(move |side, _| async move {
        if side == Side::Modern { Err(CallError::Refused(refused)) } else { Ok(ok("a")) }
    });
    let away = Sides::new(|side, _| async move {
        let away = CallError::Failed(StoreError::unavailable("connection refused"));
        if side == Side::Modern { Err(away) } else { Ok(ok("a")) }
    });
    let mirror = plain();
    compared(&mirror, &sides).await;
    assert_eq!((mirror.report().skipped, mirror.report().failed), (1, 0));
    compared(&mirror, &away).await;
    assert_eq!((mirror.report().skipped, mirror.report().failed), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_of_each_comparison() {
    let told = Arc::new(Verdicts::default());
    let mirror = plain().with_observer(told.clone());
    compared(&mirror, &Sides::saying(|_, _| "a")).await;
    compared(&mirror, &Sides::saying(|side, _| side.name())).await;
    compared(&mirror, &Sides::saying(|side, nth| format!("{side:?} {nth}"))).await;
    drop(answered(&mirror, &Sides::saying(|_, _| "a"), get("/")).await);
    let expected = [Match, Mismatch, Unsettled, Skipped].map(|it| ("modern", it));
    assert_eq!(*told.0.lock().unwrap(), expected);
}
