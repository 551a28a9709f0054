//! What is written down.

use super::RequestJournalFixture;
use super::samples::{
    Came, LONG, answered, closed, decided, done, handle, handles, kept, key, loaded, new, node,
    noted, recorded, refused, stamp, steady, try_claim,
};
use crate::gateway::dual::{
    EntityId, Fingerprint, NewRequest, Recorded, RecordedRequest, RequestKey, RequestStatus,
};
use crate::phase::Side;
use crate::testkit::conformance::pace::Overlap;

/// Contract 1: also for another process.
pub(super) async fn a_request_that_was_recorded_is_there<F: RequestJournalFixture>(fixture: &F) {
    let claim = recorded(&*fixture.journal(), "pears").await;
    assert_eq!((claim.key.clone(), claim.epoch), (key("pears"), 1));
    for journal in handles(fixture).await {
        let found = loaded(&*journal, &claim.key).await;
        assert_eq!(found.new, new("pears"));
        assert_eq!((found.state.status(), found.position()), (RequestStatus::Open, 0));
        assert_eq!((found.epoch, found.holder, found.is_purged), (1, Some(node(1)), false));
    }
}

/// Contract 1: it answers what is there.
pub(super) async fn recording_again_changes_nothing<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let open = recorded(&*journal, "pears").await;
    noted(&*journal, open, &[done(Side::Legacy)]).await;
    closed(&*journal, "plums").await;
    for text in ["pears", "plums"] {
        let before = loaded(&*journal, &key(text)).await;
        let other = NewRequest { key: key(text), stamp: stamp(9), ..new("quinces") };
        for (journal, n) in [(fixture.journal(), 1), (fixture.reopened().await, 2)] {
            let found = answered("recording", journal.record(&other, &node(n), LONG).await);
            let Recorded::Found(found) = found else { panic!("{text} was there: {found:?}") };
            assert_eq!(steady(*found), before);
        }
        assert_eq!(loaded(&*journal, &key(text)).await, before);
    }
}

/// Contract 1: of several calls at once, one is new.
pub(super) async fn of_concurrent_records_one_is_new<F: RequestJournalFixture>(fixture: &F) {
    let handles = handles(fixture).await;
    for (round, overlap) in (0..6).zip(Overlap::alternating()) {
        let calls = (0..8).map(|call| {
            let journal = handle(&handles, call);
            let own = NewRequest { rule: format!("by-{call}"), ..new(&format!("pears-{round}")) };
            let node = node(call);
            async move {
                let came = decided(|| journal.record(&own, &node, LONG)).await;
                (call, came)
            }
        });
        let came = overlap.race(calls.collect()).await;
        let is_new = |came: &&(u32, Came<Recorded>)| matches!(came.1, Came::Done(Recorded::New(_)));
        let new: Vec<_> = came.iter().filter(is_new).map(|(call, _)| *call).collect();
        let is_clear = came.iter().all(|(_, came)| matches!(came, Came::Done(_)));
        assert!(
            new.len() == 1 || new.is_empty() && !is_clear,
            "{new:?} of eight were new: {came:?}"
        );
        let found = loaded(&*handles[0], &key(&format!("pears-{round}"))).await;
        for call in new {
            assert_eq!(
                (found.new.rule.as_str(), &found.holder),
                (&*format!("by-{call}"), &Some(node(call)))
            );
        }
    }
}

/// Contract 10.
pub(super) async fn what_was_recorded_comes_back_byte_for_byte<F: RequestJournalFixture>(
    fixture: &F,
) {
    let visible: String = (0x21..=0x7e_u8).map(char::from).collect();
    let every: Vec<u8> = (0..=255).collect();
    let request = NewRequest {
        key: RequestKey::new(&visible, &visible.repeat(2)).expect("it is a key"),
        fingerprint: Fingerprint::of("P", "", &every),
        request: RecordedRequest {
            method: "PROPFIND".to_owned(),
            target: "/a%2Fb?c=\u{e9}&\u{1e}\n\"\\".to_owned(),
            headers: vec![
                ("x-twice".to_owned(), every[0x80..].to_vec()),
                ("x-twice".to_owned(), Vec::new()),
                ("accept".to_owned(), b" */* ".to_vec()),
            ],
            body: every.repeat(40),
        },
        stamp: stamp(255),
        first: Side::Modern,
        is_strict: true,
        answers: Side::Legacy,
        rule: "\u{1f350} of \"ours\"".to_owned(),
        entity_id: "00000000000000000000000000000001".parse::<EntityId>().ok(),
    };
    let journal = fixture.journal();
    let recorded = journal.record(&request, &node(1), LONG).await;
    assert!(matches!(answered("recording", recorded), Recorded::New(_)));
    for journal in handles(fixture).await {
        assert_eq!(loaded(&*journal, &request.key).await.new, request);
    }
}

/// Contract 10.
pub(super) async fn keys_that_differ_in_case_or_scope_are_different<F: RequestJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    let of = |scope: &str, key: &str| RequestKey::new(scope, key).expect("it is a key");
    let keys = [of("", "pears"), of("", "Pears"), of("a", "bc"), of("ab", "c"), of("A", "bc")];
    for (n, key) in (0_u8..).zip(&keys) {
        let request = NewRequest { key: key.clone(), stamp: stamp(n), ..new("pears") };
        let recorded = answered("recording", journal.record(&request, &node(1), LONG).await);
        let Recorded::New(claim) = recorded else { panic!("it is new: {recorded:?}") };
        noted(&*journal, claim, &[done(Side::Legacy)]).await;
    }
    for (n, key) in (0_u8..).zip(&keys) {
        let found = loaded(&*fixture.reopened().await, key).await;
        assert_eq!((&found.new.key, found.new.stamp, found.position()), (key, stamp(n), 1));
    }
}

/// Contracts 2, 4 and 7.
pub(super) async fn what_was_never_recorded_is_not_there<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = recorded(&*journal, "plums").await;
    assert_eq!(kept(&*journal, &key("pears")).await, None);
    assert_eq!(try_claim(&*journal, &key("pears"), 1).await, None);
    let nobody = crate::gateway::dual::RequestClaim { key: key("pears"), ..claim };
    refused(&*journal, &nobody, 0, &done(Side::Legacy), "there is no such request").await;
    assert_eq!(kept(&*journal, &key("pears")).await, None);
}
