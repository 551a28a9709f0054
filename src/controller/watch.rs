use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::phase::{NodeId, NodeLease};

/// For how long leases have stood still, by the clock of whoever watches.
#[derive(Debug, Default)]
pub(super) struct LeaseWatch {
    seen: BTreeMap<NodeId, Seen>,
}

#[derive(Debug)]
struct Seen {
    lease: NodeLease,
    /// When it was first seen so.
    since: Instant,
    /// Whether it was seen to change: else how old it is, nobody knows.
    renewed: bool,
}

impl LeaseWatch {
    /// Takes note of what is there now.
    pub(super) fn look(&mut self, leases: &[NodeLease]) {
        let now = Instant::now();
        self.seen.retain(|node, _| leases.iter().any(|lease| lease.node == *node));
        for lease in leases {
            match self.seen.get_mut(&lease.node) {
                Some(seen) if seen.lease == *lease => {}
                Some(seen) => *seen = Seen { lease: lease.clone(), since: now, renewed: true },
                None => {
                    let seen = Seen { lease: lease.clone(), since: now, renewed: false };
                    self.seen.insert(lease.node.clone(), seen);
                }
            }
        }
    }

    /// Begins anew: while nothing could be seen, leases may have been renewed, or not.
    pub(super) fn begin_anew(&mut self) {
        let now = Instant::now();
        self.seen.values_mut().for_each(|seen| (seen.since, seen.renewed) = (now, false));
    }

    /// For how long this lease has been seen unchanged.
    pub(super) fn unchanged(&self, node: &NodeId) -> Option<Duration> {
        self.seen.get(node).map(|seen| seen.since.elapsed())
    }

    /// How long ago it was renewed; `None`: it was not seen to be.
    pub(super) fn renewed_ago(&self, node: &NodeId) -> Option<Duration> {
        self.seen.get(node).filter(|seen| seen.renewed).map(|seen| seen.since.elapsed())
    }

    /// Whether a node that stops by itself may have: it was not seen to renew its lease in
    /// the last three of its intervals.
    pub(super) fn may_run_out(&self) -> bool {
        let renews = |seen: &Seen| {
            seen.renewed && seen.since.elapsed() <= seen.lease.interval.saturating_mul(3)
        };
        self.seen.values().any(|seen| seen.lease.term.is_some() && !renews(seen))
    }

    /// The nodes that have stopped by themselves: watched, unchanged, for longer than
    /// their term and `margin`.
    pub(super) fn run_out(&self, margin: Duration) -> Vec<NodeLease> {
        let has_run_out = |seen: &&Seen| {
            // Clocks that are slewed may differ by 500 parts in a million each.
            let margin = |term: Duration| margin.max(term / 1_000);
            let term = seen.lease.term.map(|term| term.saturating_add(margin(term)));
            term.is_some_and(|term| seen.since.elapsed() > term)
        };
        self.seen.values().filter(has_run_out).map(|seen| seen.lease.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phase::Incarnation;

    const SECOND: Duration = Duration::from_secs(1);

    fn lease(renewal: u64, term: Option<Duration>) -> NodeLease {
        let name = "node-1".parse().unwrap();
        let node = NodeId { name, incarnation: Incarnation::fixed(1) };
        NodeLease { renewal, term, ..NodeLease::new(node) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_runs_out_by_the_clock_of_who_watches_and_not_before() {
        let mut watch = LeaseWatch::default();
        let term = Some(SECOND * 10);
        watch.look(&[lease(1, term)]);
        tokio::time::advance(SECOND * 12).await;
        assert!(watch.run_out(SECOND * 2).is_empty(), "the margin counts");
        watch.look(&[lease(1, term)]);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(watch.run_out(SECOND * 2).len(), 1);
        watch.look(&[lease(2, term)]);
        assert!(watch.run_out(SECOND * 2).is_empty(), "it came back");
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_without_a_term_never_runs_out() {
        let mut watch = LeaseWatch::default();
        watch.look(&[lease(1, None)]);
        tokio::time::advance(SECOND * 1_000_000).await;
        assert!(watch.run_out(Duration::ZERO).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_fenced_node_may_have_stopped_until_it_is_seen_to_renew() {
        let of = |renewal, term| NodeLease { interval: SECOND, ..lease(renewal, term) };
        let (mut watch, term) = (LeaseWatch::default(), Some(SECOND * 10));
        watch.look(&[of(1, None)]);
        assert!(!watch.may_run_out(), "it never stops by itself");
        watch.look(&[]);
        watch.look(&[of(1, term)]);
        assert!(watch.may_run_out());
        watch.look(&[of(2, term)]);
        tokio::time::advance(SECOND * 3).await;
        assert!(!watch.may_run_out());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(watch.may_run_out());
        watch.look(&[of(3, term)]);
        watch.begin_anew();
        assert!(watch.may_run_out(), "nobody knows what it did meanwhile");
        watch.look(&[]);
        assert!(!watch.may_run_out(), "it is gone");
    }

    #[tokio::test(start_paused = true)]
    async fn how_old_a_lease_is_that_never_changed_is_not_known() {
        let mut watch = LeaseWatch::default();
        watch.look(&[lease(1, None)]);
        tokio::time::advance(SECOND).await;
        assert_eq!(watch.renewed_ago(&lease(1, None).node), None);
        watch.look(&[lease(2, None)]);
        tokio::time::advance(SECOND).await;
        assert_eq!(watch.renewed_ago(&lease(1, None).node), Some(SECOND));
        watch.look(&[]);
        assert_eq!(watch.renewed_ago(&lease(1, None).node), None);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_time_in_which_nothing_could_be_seen_it_begins_anew() {
        let (mut watch, term) = (LeaseWatch::default(), Some(SECOND * 10));
        watch.look(&[lease(1, term)]);
        tokio::time::advance(SECOND * 9).await;
        watch.begin_anew();
        watch.look(&[lease(1, term)]);
        tokio::time::advance(SECOND * 9).await;
        assert_eq!(watch.unchanged(&lease(1, term).node), Some(SECOND * 9));
        assert!(watch.run_out(SECOND).is_empty(), "it may have been renewed meanwhile");
    }
}
