//! Which sagas there are.

use std::time::Duration;

use super::SagaJournalFixture;
use super::samples::{
    LONG, LONGER, SHORT, answered, append, at, begun, claimed, created, created_for, id, limit,
    listed, loaded, over, purge, put, release, runner, saga, started, steady,
};
use crate::saga::{Created, DefinitionId, NewSaga, SagaFilter, SagaJournal, SagaStatus};

/// In the order of their bytes, as no collation has them.
const ORDERED: [&str; 12] = ["-a", "/", "10", "9", ":", "B", "Za", "_", "a", "a-1", "a/1", "aB"];

async fn created_all(journal: &dyn SagaJournal) {
    for n in [7, 0, 11, 3, 5, 2, 10, 1, 9, 6, 8, 4_usize] {
        created(journal, ORDERED[n]).await;
    }
}

/// Contract 8.
pub(super) async fn a_list_is_in_the_order_of_the_ids_bytes<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    created_all(&*journal).await;
    let all = listed(&*fixture.reopened().await, &SagaFilter::default(), None, 99).await;
    assert_eq!(all, ORDERED);
}

/// Contract 8: after an id, whether or not it is there.
pub(super) async fn a_list_goes_on_after_an_id<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    created_all(&*journal).await;
    let filter = SagaFilter::default();
    let after = async |text| listed(&*journal, &filter, Some(&id(text)), 99).await;
    assert_eq!(after("a").await, ORDERED[9..]);
    assert_eq!(after("Zz").await, ORDERED[7..]);
    assert_eq!(after("aB").await, [""; 0]);
    assert_eq!(after("-").await, ORDERED);
}

/// Contract 8: page after page shows each of them once.
pub(super) async fn a_list_holds_no_more_than_its_limit<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    created_all(&*journal).await;
    let filter = SagaFilter::default();
    let (mut all, mut after) = (Vec::new(), None);
    for most in [5, 5, 5, 5] {
        let page = listed(&*journal, &filter, after.as_ref(), most).await;
        assert!(page.len() <= most, "a page of at most {most}: {page:?}");
        after = page.last().map(|last| id(last)).or(after);
        all.extend(page);
    }
    assert_eq!(all, ORDERED);
}

/// Contract 8: a limit counts what the filter takes.
pub(super) async fn a_limit_counts_what_the_filter_takes<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    for n in 0..8 {
        let claim = created(&*journal, &format!("order:{n}")).await;
        if n % 2 == 1 {
            put(&*journal, &claim, SagaStatus::Parked).await;
        }
    }
    let filter = SagaFilter { statuses: vec![SagaStatus::Parked], ..SagaFilter::default() };
    assert_eq!(listed(&*journal, &filter, None, 2).await, ["order:1", "order:3"]);
    let after = id("order:3");
    assert_eq!(listed(&*journal, &filter, Some(&after), 2).await, ["order:5", "order:7"]);
}

/// Contract 8.
pub(super) async fn a_filter_takes_those_that_stand_so<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    for &status in SagaStatus::ALL {
        let claim = created(&*journal, status.name()).await;
        put(&*journal, &claim, status).await;
    }
    for &status in SagaStatus::ALL {
        let filter = SagaFilter { statuses: vec![status], ..SagaFilter::default() };
        assert_eq!(listed(&*journal, &filter, None, 99).await, [status.name()]);
    }
    let statuses = vec![SagaStatus::Running, SagaStatus::Committed];
    let filter = SagaFilter { statuses, ..SagaFilter::default() };
    assert_eq!(listed(&*journal, &filter, None, 99).await, ["committed", "running"]);
}

/// Contract 8: a definition is its name, its version and its fingerprint.
pub(super) async fn a_filter_takes_those_that_run_by_a_definition<F: SagaJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    let definition = |text: &str| text.parse::<DefinitionId>().expect("it is a definition");
    let definitions = [
        "checkout@1#0000000000000001",
        "checkout@2#0000000000000001",
        "checkout@1#f000000000000001",
        "Checkout@1#0000000000000001",
    ]
    .map(definition);
    for (n, definition) in definitions.iter().enumerate() {
        let new = NewSaga { definition: definition.clone(), ..saga(&n.to_string()) };
        let created = journal.create(&new, &[begun("1")], &runner(1), LONG).await;
        assert!(matches!(created, Ok(Created::New(_))), "{created:?}");
    }
    for (n, definition) in definitions.iter().enumerate() {
        let filter = SagaFilter { definitions: vec![definition.clone()], ..SagaFilter::default() };
        assert_eq!(listed(&*journal, &filter, None, 99).await, [n.to_string()]);
    }
    let filter = SagaFilter { definitions: definitions[1..3].to_vec(), ..SagaFilter::default() };
    assert_eq!(listed(&*journal, &filter, None, 99).await, ["1", "2"]);
}

/// Contract 8: those that nobody holds.
pub(super) async fn a_filter_takes_those_that_are_free<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let filter = SagaFilter { is_free: true, ..SagaFilter::default() };
    created(&*journal, "held").await;
    created_for(&*journal, "expired", SHORT).await;
    let released = created(&*journal, "released").await;
    release(&*journal, &released).await;
    assert_eq!(listed(&*journal, &filter, None, 99).await, ["released"]);
    tokio::time::sleep(LONGER).await;
    assert_eq!(listed(&*journal, &filter, None, 99).await, ["expired", "released"]);
    claimed(&*journal, &released.saga, 2).await;
    assert_eq!(listed(&*fixture.reopened().await, &filter, None, 99).await, ["expired"]);
}

/// Contract 8: those whose entries are still there.
pub(super) async fn a_filter_takes_those_that_are_not_purged<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    created(&*journal, "running").await;
    over(&*journal, "over").await;
    let purged = over(&*journal, "purged").await;
    let filter = SagaFilter { is_unpurged: true, ..SagaFilter::default() };
    assert_eq!(listed(&*journal, &filter, None, 99).await, ["over", "purged", "running"]);
    purge(&*journal, &purged.saga).await;
    assert_eq!(listed(&*fixture.reopened().await, &filter, None, 99).await, ["over", "running"]);
}

/// Contract 8: those that have not changed for so long, by the journal's clock.
pub(super) async fn a_filter_takes_those_that_have_been_idle<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let filter = SagaFilter { idle_min: SHORT, ..SagaFilter::default() };
    let early = created(&*journal, "early").await;
    created(&*journal, "too-early").await;
    assert_eq!(listed(&*journal, &filter, None, 99).await, [""; 0]);
    tokio::time::sleep(LONGER).await;
    append(&*journal, &early, 1, &[started("charge")]).await;
    created(&*journal, "late").await;
    assert_eq!(listed(&*fixture.reopened().await, &filter, None, 99).await, ["too-early"]);
    tokio::time::sleep(LONGER).await;
    assert_eq!(listed(&*journal, &filter, None, 99).await, ["early", "late", "too-early"]);
}

/// Contract 8: as `purge` asks, every condition holds of each.
pub(super) async fn a_filter_takes_those_that_are_to_be_purged<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    for text in ["b", "c", "d", "e"] {
        over(&*journal, text).await;
    }
    created(&*journal, "running").await;
    purge(&*journal, &id("c")).await;
    tokio::time::sleep(LONGER).await;
    over(&*journal, "a").await;
    let statuses = SagaStatus::ALL.iter().copied().filter(|status| status.is_over()).collect();
    let (is_unpurged, idle_min) = (true, SHORT);
    let filter = SagaFilter { statuses, is_unpurged, idle_min, ..SagaFilter::default() };
    assert_eq!(listed(&*journal, &filter, None, 2).await, ["b", "d"]);
    purge(&*journal, &id("d")).await;
    assert_eq!(listed(&*journal, &filter, Some(&id("d")), 2).await, ["e"]);
    assert_eq!(listed(&*journal, &filter, None, 99).await, ["b", "e"]);
}

/// Contract 8: every condition holds of each.
pub(super) async fn the_conditions_of_a_filter_add_up<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let held = created(&*journal, "held").await;
    put(&*journal, &held, SagaStatus::Parked).await;
    claimed(&*journal, &held.saga, 2).await;
    let free = created(&*journal, "free").await;
    put(&*journal, &free, SagaStatus::Parked).await;
    let running = created(&*journal, "running").await;
    release(&*journal, &running).await;
    let definitions = vec![saga("held").definition];
    let filter = SagaFilter {
        statuses: vec![SagaStatus::Parked],
        definitions,
        is_free: true,
        ..SagaFilter::default()
    };
    assert_eq!(listed(&*journal, &filter, None, 99).await, ["free"]);
    let other = vec!["refund@1#0000000000000001".parse().expect("it is a definition")];
    let filter = SagaFilter { definitions: other, ..filter };
    assert_eq!(listed(&*journal, &filter, None, 99).await, [""; 0]);
}

/// Contract 8: those that are over and purged are there too, with all that is known of them.
pub(super) async fn a_list_shows_what_a_load_shows<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    created(&*journal, "a").await;
    let over = over(&*journal, "b").await;
    let parked = created(&*journal, "c").await;
    put(&*journal, &parked, SagaStatus::Parked).await;
    release(&*journal, &parked).await;
    purge(&*journal, &over.saga).await;
    let list = fixture.reopened().await.list(&SagaFilter::default(), None, limit(99)).await;
    let found: Vec<_> = answered("listing", list).into_iter().map(steady).collect();
    let mut expected = Vec::new();
    for text in ["a", "b", "c"] {
        expected.push(steady(loaded(&*journal, &id(text)).await.0));
    }
    assert_eq!(found, expected);
}

/// A header tells how long ago its saga last changed, by the journal's clock.
pub(super) async fn a_saga_is_idle_since_its_last_entry<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = created(&*journal, "order").await;
    let idle = async || {
        let loaded = loaded(&*journal, &claim.saga).await.0.idle;
        let list = journal.list(&SagaFilter::default(), None, limit(1)).await;
        let listed = answered("listing", list)[0].idle;
        assert!(listed >= loaded && listed < loaded + SHORT, "{loaded:?}, then {listed:?}");
        loaded
    };
    assert!(idle().await < SHORT, "it was created just now");
    tokio::time::sleep(LONGER).await;
    let waited = idle().await;
    // A clock may be coarse.
    let coarse = waited + Duration::from_millis(100);
    assert!(coarse >= LONGER && waited < LONGER * 10, "idle for {waited:?} after {LONGER:?}");
    append(&*journal, &claim, 1, &[started("charge")]).await;
    assert!(idle().await < SHORT, "something was appended just now");
    let nothing = at(2, &[]);
    answered("appending", journal.append(&claim, &nothing, LONG).await);
}
