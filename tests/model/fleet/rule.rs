/// A rule of the fleet to leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// A node's lease is there before the node reads the state it starts by.
    LeaseBeforeTheState,
    /// A lease says what operations obey already, never what they are about to.
    AdoptedBeforeRenewed,
    /// A move is a `compare_and_set` on the state it was decided about.
    CompareAndSet,
    /// The fence is asked before an answer, not only as an operation begins.
    FenceAtTheEnd,
    /// A term counts from before the renewal was sent, not from its answer.
    TermFromBeforeItWasSent,
    /// A lease is watched for its whole term before its node is evicted.
    WatchedForTheTerm,
    /// An eviction names the renewal it has seen.
    EvictionNamesTheRenewal,
    /// A renewal that comes late replaces no later one.
    LateRenewalChangesNothing,
    /// An evicted node is barred: no renewal brings its lease back as if nothing were.
    EvictedIsBarred,
    /// Every life of a node has an incarnation of its own.
    IncarnationOfItsOwn,
    /// A sweep counts if the fleet had settled before it began.
    SettledBeforeTheSweep,
}

impl Rule {
    pub(super) const ALL: [Self; 11] = [
        Self::LeaseBeforeTheState,
        Self::AdoptedBeforeRenewed,
        Self::CompareAndSet,
        Self::FenceAtTheEnd,
        Self::TermFromBeforeItWasSent,
        Self::WatchedForTheTerm,
        Self::EvictionNamesTheRenewal,
        Self::LateRenewalChangesNothing,
        Self::EvictedIsBarred,
        Self::IncarnationOfItsOwn,
        Self::SettledBeforeTheSweep,
    ];
}
