//! Who holds which lanes, and for how long.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;

use super::OutboxFixture;
use super::samples::{
    LONG, LONGER, NOW, SHORT, all, answered, claim, claim_of, coming, end, fetched, is_conflict,
    lanes_of, node, park, retry, send, staged,
};
use crate::error::StoreErrorKind;
use crate::event::{Lane, LaneClaim, RowEnd};
use crate::phase::{Incarnation, NodeId};
use crate::testkit::conformance::pace::Overlap;

/// Contract 1.
pub(super) async fn a_lane_of_a_key_never_changes<F: OutboxFixture>(fixture: &F) {
    let mut lanes = BTreeMap::<String, Lane>::new();
    let mut count = None;
    for round in 0..3 {
        let store = fixture.reopened().await;
        let claims = all(&*store, round).await;
        assert_eq!(*count.get_or_insert(claims.len()), claims.len(), "as many as ever");
        for n in 0..30 {
            staged(fixture, &[(&format!("key-{n}"), &format!("{round}"))]).await;
        }
        let rows = fetched(&*store, &claims).await;
        assert_eq!(rows.len(), 30);
        for row in &rows {
            assert!(usize::from(row.lane.0) < claims.len(), "{row:?}");
            let lane = *lanes.entry(row.key.as_str().to_owned()).or_insert(row.lane);
            assert_eq!(row.lane, lane, "of {} in round {round}", row.key);
        }
        send(&*store, &claims, &rows).await;
        answered("releasing", store.release(&claims).await);
    }
    let used: BTreeSet<_> = lanes.into_values().collect();
    assert!(used.len() > 1 || count == Some(1), "keys are spread");
}

/// Contract 2: of 20 at once.
pub(super) async fn of_relays_at_once_one_gets_a_lane<F: OutboxFixture>(fixture: &F) {
    let handles = [fixture.store(), fixture.reopened().await];
    for (round, overlap) in (0..4_u32).zip(Overlap::alternating()) {
        let calls = (0..20).map(|call| {
            let store = std::sync::Arc::clone(&handles[(call % 2) as usize]);
            async move {
                let relay = node(round * 100 + call);
                for attempt in 0..100_u64 {
                    match store.claim(&relay, NonZeroU16::MIN.saturating_add(2), LONG).await {
                        Ok(claims) => return claims.held,
                        Err(error) if error.kind() == StoreErrorKind::Unavailable => {
                            let pause = std::time::Duration::from_millis(attempt % 8);
                            tokio::time::sleep(pause).await;
                        }
                        Err(error) => panic!("a claim among others failed: {error:?}"),
                    }
                }
                panic!("a claim among others was never decided")
            }
        });
        let held = overlap.race(calls.collect()).await;
        assert!(held.iter().all(|held| held.len() <= 3), "no more than wanted: {held:?}");
        let held: Vec<LaneClaim> = held.into_iter().flatten().collect();
        assert!(!held.is_empty());
        let lanes: BTreeSet<_> = lanes_of(&held).into_iter().collect();
        assert_eq!(lanes.len(), held.len(), "two relays hold a lane: {held:?}");
        answered("releasing", handles[0].release(&held).await);
    }
}

/// Contract 2.
pub(super) async fn an_epoch_is_larger_than_every_one_before<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let grown = |before: &[LaneClaim], now: Vec<LaneClaim>, after: &str| {
        assert_eq!(lanes_of(&now), lanes_of(before), "all are free after {after}");
        let has_grown = now.iter().zip(before).all(|(now, before)| now.epoch > before.epoch);
        assert!(has_grown, "after {after}: {before:?} and then {now:?}");
        now
    };
    let first = all(&*store, 1).await;
    answered("releasing", store.release(&first).await);
    let again = grown(&first, all(&*fixture.reopened().await, 1).await, "a release");
    answered("releasing", store.release(&again).await);
    let brief = claim(&*store, &node(2), u16::MAX, SHORT).await.held;
    let brief = grown(&again, brief, "another relay");
    tokio::time::sleep(LONGER).await;
    grown(&brief, all(&*store, 2).await, "its own term");
}

/// Contract 2.
pub(super) async fn a_claim_takes_no_more_than_wanted_and_nothing_from_others<F: OutboxFixture>(
    fixture: &F,
) {
    let store = fixture.store();
    let first = claim(&*store, &node(1), 1, LONG).await;
    assert_eq!(first.held.len(), 1);
    let rest = claim(&*fixture.reopened().await, &node(2), u16::MAX, LONG).await;
    assert_eq!(rest.held.len(), usize::from(rest.lanes.get()) - 1);
    assert!(!lanes_of(&rest.held).contains(&first.held[0].lane));
    let again = claim(&*store, &node(1), u16::MAX, LONG).await;
    assert_eq!(again.held, first.held, "the others are taken");
    let kept = claim(&*store, &node(2), 1, LONG).await;
    assert_eq!(kept.held, rest.held, "it keeps what it has");
    let Some((given, kept)) = kept.held.split_last() else { return };
    answered("releasing", store.release(&[*given]).await);
    let more = claim(&*store, &node(1), u16::MAX, LONG).await;
    assert_eq!(more.held.len(), 2);
    assert!(claim_of(&more.held, given.lane).epoch > given.epoch);
    assert_eq!(claim(&*store, &node(2), u16::MAX, LONG).await.held, kept);
}

/// Contract 2.
pub(super) async fn a_claim_begins_the_terms_anew<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    staged(fixture, &[("a", "1")]).await;
    let first = claim(&*store, &node(1), u16::MAX, SHORT).await;
    let again = claim(&*store, &node(1), 1, LONG).await;
    assert_eq!(again.held, first.held, "the same claims");
    tokio::time::sleep(LONGER).await;
    assert_eq!(claim(&*store, &node(2), u16::MAX, LONG).await.held, []);
    assert_eq!(coming(&*store, &first.held).await, ["1"]);
}

/// Contract 2.
pub(super) async fn another_incarnation_is_another_relay<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let first = all(&*store, 1).await;
    let reborn = NodeId { incarnation: Incarnation::fixed(u128::MAX), ..node(1) };
    let claims = claim(&*store, &reborn, u16::MAX, LONG).await;
    assert_eq!((claims.held, claims.relays.get()), (Vec::new(), 2));
    assert_eq!(all(&*store, 1).await, first);
}

/// Contract 3: also of what was held for longer; so does a relay take its leave.
pub(super) async fn a_term_of_no_time_has_run_out_at_once<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    staged(fixture, &[("a", "1")]).await;
    let first = all(&*store, 1).await;
    let over = claim(&*store, &node(1), 1, NOW).await;
    assert_eq!(coming(&*store, &over.held).await, [""; 0], "they have run out");
    let next = claim(&*fixture.reopened().await, &node(2), u16::MAX, LONG).await;
    assert_eq!((lanes_of(&next.held), next.relays.get()), (lanes_of(&first), 1));
    assert_eq!(coming(&*store, &first).await, [""; 0]);
    assert_eq!(coming(&*store, &next.held).await, ["1"]);
}

/// Contract 3.
pub(super) async fn a_claim_ends_by_its_term<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let first = claim(&*store, &node(1), u16::MAX, SHORT).await;
    assert_eq!(claim(&*store, &node(2), u16::MAX, LONG).await.held, []);
    tokio::time::sleep(LONGER).await;
    let next = claim(&*store, &node(2), u16::MAX, LONG).await;
    assert_eq!(lanes_of(&next.held), lanes_of(&first.held));
    assert_eq!(claim(&*store, &node(1), u16::MAX, LONG).await.held, []);
}

/// Contract 4.
pub(super) async fn relays_are_counted_that_got_nothing<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let counted = async |n, term| claim(&*store, &node(n), u16::MAX, term).await.relays.get();
    assert_eq!(counted(1, LONG).await, 1);
    assert_eq!(counted(2, LONG).await, 2, "this one, that got nothing");
    assert_eq!(counted(1, LONG).await, 2);
    assert_eq!(counted(3, SHORT).await, 3);
    assert_eq!(counted(1, LONG).await, 3);
    tokio::time::sleep(LONGER).await;
    assert_eq!(counted(1, LONG).await, 2, "the term of one is over");
}

/// Contract 5.
pub(super) async fn an_old_claim_releases_nothing<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let old = all(&*store, 1).await;
    answered("releasing", store.release(&old).await);
    let new = all(&*store, 2).await;
    answered("releasing what another has", store.release(&old).await);
    assert_eq!(claim(&*store, &node(3), u16::MAX, LONG).await.held, []);
    assert_eq!(all(&*store, 2).await, new);
}

/// Contract 6.
pub(super) async fn an_old_claim_fetches_nothing<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    staged(fixture, &[("a", "1"), ("b", "2")]).await;
    let old = all(&*store, 1).await;
    assert_eq!(coming(&*store, &old).await, ["1", "2"]);
    answered("releasing", store.release(&old).await);
    let new = all(&*fixture.reopened().await, 2).await;
    assert_eq!(coming(&*store, &old).await, [""; 0]);
    assert_eq!(coming(&*store, &new).await, ["1", "2"]);
}

/// Contract 8.
pub(super) async fn an_old_claim_settles_nothing<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    staged(fixture, &[("a", "1")]).await;
    let old = all(&*store, 1).await;
    let rows = fetched(&*store, &old).await;
    answered("releasing", store.release(&old).await);
    let new = all(&*fixture.reopened().await, 2).await;
    let claim = claim_of(&old, rows[0].lane);
    for end in [RowEnd::Sent, retry(LONG), park()] {
        let answer = store.settle(&claim, &[(rows[0].position, end)]).await;
        is_conflict(answer, "another relay has the lane");
        assert_eq!(coming(&*store, &new).await, ["1"]);
    }
}

/// Contracts 6 and 8: nobody else has the lane, so what is known of its rows may be written down.
pub(super) async fn a_claim_that_has_run_out_settles_and_fetches_nothing<F: OutboxFixture>(
    fixture: &F,
) {
    let store = fixture.store();
    staged(fixture, &[("a", "1"), ("b", "2")]).await;
    let claims = claim(&*store, &node(1), u16::MAX, SHORT).await.held;
    let rows = fetched(&*store, &claims).await;
    tokio::time::sleep(LONGER).await;
    assert_eq!(coming(&*store, &claims).await, [""; 0]);
    send(&*store, &claims, &rows[..1]).await;
    let claims = all(&*store, 2).await;
    assert_eq!(coming(&*store, &claims).await.len(), 1);
}

/// Contract 6.
pub(super) async fn only_claimed_lanes_are_fetched<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    for n in 0..40 {
        staged(fixture, &[(&format!("key-{n}"), &format!("{n}"))]).await;
    }
    let claims = all(&*store, 1).await;
    let rows = fetched(&*store, &claims).await;
    let mut seen = 0;
    for claim in &claims {
        let own = fetched(&*store, &[*claim]).await;
        let wanted = rows.iter().filter(|row| row.lane == claim.lane).count();
        assert!(own.iter().all(|row| row.lane == claim.lane), "{claim:?} brought {own:?}");
        assert_eq!(own.len(), wanted, "of {claim:?}");
        seen += wanted;
    }
    assert_eq!((seen, fetched(&*store, &[]).await.len()), (40, 0));
    let one = ids_of_one(&rows);
    end(&*store, &claims, &one, RowEnd::Sent).await;
    assert_eq!(coming(&*store, &claims).await.len(), 39);
}

fn ids_of_one(rows: &[crate::event::OutboxRow]) -> String {
    super::samples::ids(rows)[0].to_owned()
}
