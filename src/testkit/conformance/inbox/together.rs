//! Several at once.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::{sleep, timeout};

use super::InboxFixture;
use super::samples::{admit, admitted, begin, commit, event, try_admit};
use crate::error::StoreErrorKind;
use crate::event::{Arrival, EventEnvelope};

/// Admits an event in spite of others that do; answers whether it may have been admitted before, too.
async fn persist<F: InboxFixture>(fixture: &F, event: &EventEnvelope) -> (Arrival, bool) {
    let mut is_doubtful = false;
    for attempt in 0..100_u64 {
        match try_admit(fixture, "billing", event).await {
            Ok(arrival) => return (arrival, is_doubtful),
            Err(error) => {
                assert_ne!(error.kind(), StoreErrorKind::Rejected, "{error:?}");
                is_doubtful |= error.kind() == StoreErrorKind::Unknown;
                sleep(Duration::from_millis(attempt % 8)).await;
            }
        }
    }
    panic!("a call among others was refused a hundred times")
}

/// Contract 3.
pub(super) async fn of_several_at_once_one_is_first<F: InboxFixture>(fixture: &F) {
    for round in 0..6 {
        let event = event("/shop", &round.to_string());
        let came = join_all((0..8).map(|_| persist(fixture, &event))).await;
        if came.iter().any(|(_, is_doubtful)| *is_doubtful) {
            continue;
        }
        let first = came.iter().filter(|(arrival, _)| *arrival == Arrival::First).count();
        assert_eq!(first, 1, "of eight at once: {came:?}");
    }
}

/// Contract 3.
pub(super) async fn who_waits_for_a_rollback_is_first<F: InboxFixture>(fixture: &F) {
    let event = event("/shop", "1");
    let failing = async {
        let mut transaction = begin(fixture).await;
        let arrival = admit(fixture, &mut transaction, "billing", &event).await;
        sleep(Duration::from_millis(50)).await;
        drop(transaction);
        arrival
    };
    let waiting = async {
        sleep(Duration::from_millis(10)).await;
        persist(fixture, &event).await.0
    };
    assert_eq!(tokio::join!(failing, waiting), (Arrival::First, Arrival::First));
}

/// Contract 4.
pub(super) async fn other_events_do_not_wait<F: InboxFixture>(fixture: &F) {
    let mut open = begin(fixture).await;
    admit(fixture, &mut open, "billing", &event("/shop", "1")).await;
    let others = async {
        for (source, id) in [("/shop", "2"), ("/Shop", "1"), ("/shop", "11")] {
            let arrival = admitted(fixture, "billing", &event(source, id)).await;
            assert_eq!(arrival, Arrival::First);
        }
    };
    let waited = timeout(Duration::from_secs(4), others).await;
    assert!(waited.is_ok(), "they wait for an event that is not theirs");
    commit(fixture, open).await;
}
