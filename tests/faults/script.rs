use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use strangler_fig::error::StoreErrorKind::{Rejected, Unavailable, Unknown};
use strangler_fig::repository::{Applied, ScanRepository, StampedRepository};
use strangler_fig::testkit::faults::Fault;
use tokio::time::{Instant, sleep, timeout};

use super::*;

#[tokio::test]
async fn without_a_fault_it_does_what_it_wraps_does() {
    let users = users();
    assert_eq!(apply(&users).await, Ok(Applied::Stored));
    assert_eq!(read(&users).await, Ok(ada()));
    let page = users.scan(None, NonZeroUsize::MIN).await.unwrap();
    assert_eq!(page.records, [(1, ada())]);
}

#[tokio::test]
async fn a_refusal_has_its_kind_and_no_effect() {
    let users = users();
    for kind in [Rejected, Unavailable, Unknown] {
        users.push_apply(Fault::Refuse(kind));
        assert_eq!(apply(&users).await, Err(kind));
        assert_eq!(held(&users).await, None);
    }
}

#[tokio::test]
async fn failing_after_has_the_effect() {
    let users = users();
    users.push_apply(Fault::FailAfter);
    assert_eq!(apply(&users).await, Err(Unknown));
    assert_eq!(held(&users).await, Some((1, "Ada")));
}

#[tokio::test]
async fn what_the_adapter_itself_refuses_is_its_own_answer() {
    let users = users();
    users.push_apply(Fault::FailAfter);
    let refused = users.apply(&1, &Record::absent()).await.unwrap_err();
    assert_eq!(refused.kind(), Rejected);
}

#[tokio::test(start_paused = true)]
async fn landing_later_answers_now_and_has_the_effect_then() {
    let users = users();
    users.push_apply(Fault::LandLater(10 * SECOND));
    let start = Instant::now();
    assert_eq!(apply(&users).await, Err(Unknown));
    assert_eq!(start.elapsed(), Duration::ZERO);
    sleep(9 * SECOND).await;
    assert_eq!(held(&users).await, None);
    users.settled().await;
    assert_eq!(start.elapsed(), 10 * SECOND);
    assert_eq!(held(&users).await, Some((1, "Ada")));
}

#[tokio::test]
async fn nothing_to_land_is_settled_at_once() {
    users().settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_delay_comes_before_the_effect() {
    let users = users();
    users.push_apply(Fault::Delay(SECOND));
    let start = Instant::now();
    assert!(timeout(SECOND / 2, apply(&users)).await.is_err());
    assert_eq!(held(&users).await, None, "dropped while it was delayed");
    users.push_apply(Fault::Delay(SECOND));
    assert_eq!(apply(&users).await, Ok(Applied::Stored));
    assert_eq!(start.elapsed(), SECOND * 3 / 2);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_call_never_answers() {
    let users = users();
    users.push_read(Fault::Hang);
    users.push_apply(Fault::Hang);
    assert!(timeout(1_000 * SECOND, read(&users)).await.is_err());
    assert!(timeout(1_000 * SECOND, apply(&users)).await.is_err());
    assert_eq!(held(&users).await, None);
}

#[tokio::test]
async fn a_panic_is_one_and_leaves_the_adapter_usable() {
    let users = users();
    users.push_apply(Fault::Panic);
    let caught = AssertUnwindSafe(apply(&users)).catch_unwind().await;
    assert!(caught.is_err());
    assert_eq!(held(&users).await, None);
    assert_eq!(apply(&users).await, Ok(Applied::Stored));
}

#[tokio::test]
async fn a_read_is_never_in_doubt() {
    let users = users();
    for fault in [Fault::FailAfter, Fault::LandLater(SECOND)] {
        users.push_read(fault);
        users.push_scan(fault);
        assert_eq!(read(&users).await, Err(Unavailable));
        let scanned = users.scan(None, NonZeroUsize::MIN).await.unwrap_err();
        assert_eq!(scanned.kind(), Unavailable);
    }
}

#[tokio::test]
async fn the_script_is_followed_in_order_and_by_kind_of_call() {
    let users = users();
    users.push_apply(None);
    users.push_apply(Fault::Refuse(Rejected));
    users.push_read(Fault::Refuse(Unavailable));
    assert_eq!(apply(&users).await, Ok(Applied::Stored));
    assert_eq!(apply(&users).await, Err(Rejected));
    assert_eq!(apply(&users).await, Ok(Applied::Stale(Stamp::BASE)));
    assert_eq!(read(&users).await, Err(Unavailable));
    assert_eq!(read(&users).await, Ok(ada()));
}

#[tokio::test]
async fn the_script_comes_before_what_is_always_so_until_it_heals() {
    let users = users();
    users.always(Fault::Refuse(Unavailable));
    users.push_apply(None);
    assert_eq!(apply(&users).await, Ok(Applied::Stored));
    assert_eq!(apply(&users).await, Err(Unavailable));
    assert_eq!(read(&users).await, Err(Unavailable));
    users.heal();
    assert_eq!(read(&users).await, Ok(ada()));
}

#[tokio::test]
async fn one_kind_of_call_can_fail_for_good() {
    let users = users();
    users.always_apply(Fault::Refuse(Rejected));
    users.always_scan(Fault::Refuse(Unavailable));
    assert_eq!(apply(&users).await, Err(Rejected));
    assert_eq!(apply(&users).await, Err(Rejected));
    assert!(users.scan(None, NonZeroUsize::MIN).await.is_err());
    assert_eq!(read(&users).await, Ok(Record::absent()));
    users.always_read(Fault::Refuse(Unavailable));
    assert_eq!(read(&users).await, Err(Unavailable));
}

#[tokio::test]
async fn each_record_of_a_batch_has_a_fault_of_its_own() {
    let users = users();
    users.push_apply(None);
    users.push_apply(Fault::Refuse(Rejected));
    let batch = [1, 2, 3].map(|key| (key, Record::tombstone(Stamp::BASE)));
    let answers = users.apply_many(&batch).await;
    let failed: Vec<_> = answers.iter().map(Result::is_err).collect();
    assert_eq!(failed, [false, true, false]);
    assert_eq!(users.applies(), 3);
}

#[tokio::test]
async fn each_of_many_reads_has_a_fault_of_its_own() {
    let users = users();
    users.push_read(None);
    users.push_read(Fault::Refuse(Unavailable));
    let answers = users.read_many(&[1, 2, 3]).await;
    let failed: Vec<_> = answers.iter().map(Result::is_err).collect();
    assert_eq!(failed, [false, true, false]);
    assert_eq!(users.reads(), 3);
}

#[tokio::test]
async fn calls_are_counted_whatever_became_of_them() {
    let users = users();
    users.push_read(Fault::Refuse(Unavailable));
    let _ = (read(&users).await, read(&users).await, apply(&users).await);
    let _ = users.scan(None, NonZeroUsize::MIN).await;
    assert_eq!((users.reads(), users.applies(), users.scans()), (2, 1, 1));
    held(&users).await;
    assert_eq!(users.reads(), 2, "the wrapped adapter is not counted");
}
