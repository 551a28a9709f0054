//! What the state service does with leases: the crate's in-memory reference decides.

use futures::FutureExt;
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::phase::{MigrationName, MigrationStateService, NodeLease};

use super::rule::Rule;
use super::site::Lease;

const NEVER_WAITS: &str = "it never waits";

fn name() -> MigrationName {
    "m".parse().expect("a name")
}

fn evict(service: &InMemoryStateService, seen: &NodeLease) -> bool {
    service.evict(&name(), seen).now_or_never().expect(NEVER_WAITS).is_ok()
}

fn renew(service: &InMemoryStateService, lease: &NodeLease) -> bool {
    service.renew_lease(&name(), lease).now_or_never().expect(NEVER_WAITS).is_ok()
}

/// The renewal of the lease that is there.
fn held(service: &InMemoryStateService) -> Option<u64> {
    let leases = service.leases(&name()).now_or_never().expect(NEVER_WAITS);
    leases.expect("it answers").first().map(|lease| lease.renewal)
}

/// A service that holds this lease, if any.
fn holding(stored: Option<&Lease>) -> InMemoryStateService {
    let service = InMemoryStateService::default();
    if let Some(stored) = stored {
        assert!(renew(&service, &stored.document()), "nobody is barred");
    }
    service
}

/// Whether the eviction of `seen` takes the lease away.
pub(super) fn evicts(stored: Option<&Lease>, seen: &Lease, without: Option<Rule>) -> bool {
    without == Some(Rule::EvictionNamesTheRenewal) || evict(&holding(stored), &seen.document())
}

/// Which lease is there once `late` has come; `None`: its node is barred.
pub(super) fn renewed(
    stored: Option<&Lease>,
    is_barred: bool,
    late: &Lease,
    without: Option<Rule>,
) -> Option<Lease> {
    let document = late.document();
    let service = holding(stored);
    if is_barred && without != Some(Rule::EvictedIsBarred) {
        assert!(evict(&service, &document), "no lease of an evicted node is there");
    }
    match (renew(&service, &document), held(&service), stored) {
        (false, ..) => None,
        _ if without == Some(Rule::LateRenewalChangesNothing) => Some(late.clone()),
        (_, Some(renewal), Some(stored)) if renewal == u64::from(stored.renewal) => {
            Some(stored.clone())
        }
        _ => Some(late.clone()),
    }
}
