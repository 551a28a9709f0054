//! What every service of states is asked beside its conformance suite.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::error::StoreErrorKind::{Conflict, Rejected, Unavailable, Unknown};
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::phase::{
    Fleet, MigrationName, MigrationState, MigrationStateService, Move, MoveId, NodeLease, Phase,
    PhaseTracker, Revision, TrackerConfig, Versioned,
};

use crate::proxy::{Link, Proxy};

/// How long a call through a broken link may take.
pub(crate) const SOON: Duration = Duration::from_millis(500);

pub(crate) fn name() -> MigrationName {
    "airports".parse().expect("it is a name")
}

pub(crate) fn first() -> MigrationState {
    MigrationState::new(name())
}

fn moved(state: &MigrationState) -> MigrationState {
    let step = Move::to(Phase::DualWrite);
    let next = state.transition(&step, MoveId::fixed(7), &Fleet::default());
    next.expect("a migration begins with dual writes")
}

/// A lease as its node writes it.
pub(crate) async fn lease(node: &str) -> NodeLease {
    let service = Arc::new(InMemoryStateService::default());
    service.create(&first()).await.expect("it is new");
    let (node, config) = (node.parse().expect("it is a name"), TrackerConfig::default());
    PhaseTracker::start(service.clone(), name(), node, config).await.expect("it starts");
    service.leases(&name()).await.expect("they are listed").remove(0)
}

/// A store whose documents somebody else writes over.
pub(crate) trait Vandal {
    async fn write_state(&self, document: &str);
    async fn write_lease(&self, key: &str, document: &str);
}

fn is_rejected<T: Debug>(answer: Result<T, StoreError>, named: &str) {
    let error = answer.expect_err(named);
    assert_eq!(error.kind(), Rejected, "{named}");
    let told = error.with_causes();
    assert!(told.contains(named), "{named} is not named: {told}");
}

/// A document that is no state, or no lease, is rejected, and what is wrong
/// with it is told.
pub(crate) async fn hostile_documents_are_rejected(
    service: &dyn MigrationStateService,
    store: &impl Vandal,
) {
    let (state, lease) = (first(), lease("node-1").await);
    service.create(&state).await.expect("it is new");
    service.renew_lease(&name(), &lease).await.expect("it is not evicted");

    let whole = state.to_document();
    let replaced = |good: &str, bad: &str| whole.replacen(good, bad, 1);
    for (document, named) in [
        (String::new(), "it ends too early"),
        (whole[..whole.len() / 2].to_owned(), "it ends too early"),
        (replaced("legacy_only", "sideways"), "state.base.phase"),
        (replaced("\"version\":1", "\"version\":9"), "version 9"),
        (replaced("airports", "airlines"), "the state of airlines"),
        (replaced("\"legacy_complete_since\":0", "\"legacy_complete_since\":9"), "complete_since"),
        (replaced("\"left_legacy\"", "\"left_lagacy\""), "left_lagacy"),
        (replaced("\"epoch\"", "\"epoch\":0,\"epoch\""), "the field `epoch` is there twice"),
    ] {
        store.write_state(&document).await;
        is_rejected(service.current(&name()).await, named);
    }
    store.write_state(&whole).await;
    let found = service.current(&name()).await.expect("it is a state again");
    assert_eq!(found.map(|found| found.state), Some(state));

    let (key, whole) = (lease.node.to_string(), lease.to_document());
    let replaced = |good: &str, bad: &str| whole.replacen(good, bad, 1);
    for (document, named) in [
        ("{}".to_owned(), "node-lease: the field `format` is missing at line 1"),
        (whole[..whole.len() / 2].to_owned(), "it ends too early"),
        (
            replaced("\"holds\"", "\"holdz\""),
            "its field lease: the field `holds` is missing at line 1",
        ),
        (replaced("\"lease\"", "\"leaze\""), "the field `lease` is missing at line 1"),
        (
            replaced("\"holds\":0", "\"holds\":0,\"holds\":1"),
            "the field `holds` is there twice at line 1",
        ),
        (replaced("node-1", "node-2"), "node"),
    ] {
        store.write_lease(&key, &document).await;
        is_rejected(service.leases(&name()).await, named);
    }
    store.write_lease(&key, &whole).await;
    assert_eq!(service.leases(&name()).await.ok(), Some(vec![lease]));
}

/// A write whose answer is lost is in doubt, and reading tells what became of
/// it; a read just failed. Before each stands the same call on a whole link.
/// Some services read a lease before they change it: so many answers arrive.
pub(crate) async fn lost_answers_are_in_doubt(
    service: &dyn MigrationStateService,
    direct: &dyn MigrationStateService,
    proxy: &Proxy,
    reads: u32,
) {
    for (at, link) in [Link::CutAtAnswer, Link::Silent].into_iter().enumerate() {
        let name: MigrationName = format!("airports-{at}").parse().expect("it is a name");
        let cut = Cut { link, proxy, reads };
        state_answers(service, direct, &cut, &name).await;
        lease_answers(service, direct, &cut, &name).await;
    }
}

/// A link that breaks for one call.
struct Cut<'a> {
    link: Link,
    proxy: &'a Proxy,
    reads: u32,
}

impl Cut<'_> {
    async fn during<T: Debug>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Lost {
        self.after(0, call).await
    }

    async fn after<T: Debug>(
        &self,
        answers: u32,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Lost {
        self.proxy.set_after(answers, self.link);
        let error = call.await.expect_err("no answer comes");
        self.proxy.set(Link::Whole);
        tokio::time::sleep(SOON).await;
        Lost(error)
    }
}

struct Lost(StoreError);

impl Lost {
    fn is(&self, kind: StoreErrorKind) {
        assert_eq!(self.0.kind(), kind, "{}", self.0.with_causes());
    }
}

async fn state_answers(
    service: &dyn MigrationStateService,
    direct: &dyn MigrationStateService,
    cut: &Cut<'_>,
    name: &MigrationName,
) {
    let other = format!("{name}-other").parse().expect("it is a name");
    service.create(&MigrationState::new(other)).await.expect("a whole link");
    let state = MigrationState::new(name.clone());
    cut.during(service.create(&state)).await.is(Unknown);
    let found = direct.current(name).await.expect("a whole link").expect("it had arrived");
    assert_eq!(found.state, state);
    let again = service.create(&state).await.expect_err("it is there");
    assert_eq!(again.kind(), Conflict, "{again:?}");

    let next = moved(&state);
    let refused = service.compare_and_set(Revision::default(), &next).await;
    assert_eq!(refused.expect_err("no state has revision 0").kind(), Conflict);
    service.compare_and_set(found.revision, &state).await.expect("a whole link");
    let found = direct.current(name).await.expect("a whole link").expect("it is there");
    cut.during(service.compare_and_set(found.revision, &next)).await.is(Unknown);
    let Versioned { revision, state } =
        direct.current(name).await.expect("a whole link").expect("it is there");
    assert!(revision > found.revision && state == next, "it had arrived");

    service.current(name).await.expect("a whole link");
    cut.during(service.current(name)).await.is(Unavailable);
}

async fn lease_answers(
    service: &dyn MigrationStateService,
    direct: &dyn MigrationStateService,
    cut: &Cut<'_>,
    name: &MigrationName,
) {
    let (one, other) = (lease("node-1").await, lease("node-2").await);
    service.renew_lease(name, &other).await.expect("a whole link");
    cut.after(cut.reads, service.renew_lease(name, &one)).await.is(Unknown);
    let found = direct.leases(name).await.expect("a whole link");
    assert!(found.len() == 2 && found.contains(&one), "it had arrived");

    service.leases(name).await.expect("a whole link");
    cut.during(service.leases(name)).await.is(Unavailable);

    service.release_lease(name, &other.node).await.expect("a whole link");
    cut.after(cut.reads, service.release_lease(name, &one.node)).await.is(Unknown);
    assert_eq!(direct.leases(name).await.ok(), Some(Vec::new()), "it had arrived");

    service.evict(name, &other).await.expect("a whole link");
    cut.after(cut.reads, service.evict(name, &one)).await.is(Unknown);
    let barred = direct.renew_lease(name, &one).await.expect_err("it had arrived");
    assert_eq!(barred.kind(), Conflict);
}
