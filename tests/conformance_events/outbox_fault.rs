/// One way to break the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// None.
    Sound,
    /// What is staged is there before its commit.
    WritesAtOnce,
    /// Another process does not see it.
    RowsInTheProcess,
    /// The messages of a call are staged from the last to the first.
    CallReversed,
    /// Two transactions stage one key at once.
    NoKeyLock,
    /// A transaction that is rolled back keeps its keys.
    RollbackKeepsLocks,
    /// Transactions stage one after the other, whatever their keys.
    OneLock,
    /// What is before the last row that was sent is not looked at.
    CursorByPosition,
    /// JSON is read, and written anew.
    JsonIsRewritten,
    /// Bytes are stored as text.
    BytesAreText,
    /// Topics are stored in lower case.
    TopicIsLowered,
    /// An event of a key is staged once.
    EventsAreUnique,
    /// Keys are compared as a careless collation does it.
    KeysAreCollated,
    /// A row's lane is drawn.
    LanesAreDrawn,
    /// `claim` looks, and takes somewhat later.
    LooksThenClaims,
    /// A claim takes the epoch of the last one.
    EpochStays,
    /// A relay that takes up what it had has the epoch it had.
    OwnEpochStays,
    /// A claim takes all that is free.
    WantedIsIgnored,
    /// A claim takes what others have, until it has enough.
    Steals,
    /// A claim gives back what is too much.
    GivesBack,
    /// A claim leaves the terms of what is held as they are.
    TermsStay,
    /// A claim never shortens a term.
    TermsOnlyGrow,
    /// A relay is known by its name.
    LivesAreOne,
    /// A term of no time never runs out.
    ZeroIsForEver,
    /// No term runs out.
    NeverExpires,
    /// Who holds nothing is not counted.
    CountsHolders,
    /// Who has claimed once is counted.
    CountsForEver,
    /// A release does not ask under which epoch.
    ReleasesBlindly,
    /// A fetch does not ask under which epoch.
    FetchesBlindly,
    /// A fetch does not ask whether the term is over.
    FetchesWhatRanOut,
    /// A fetch brings what is there, of whatever lane.
    FetchesEveryLane,
    /// A settlement does not ask under which epoch.
    SettlesBlindly,
    /// Nothing is settled when the term is over.
    ExpiredSettlesNothing,
    /// What was fetched does not come again.
    FetchTakes,
    /// The newest come first.
    NewestFirst,
    /// Rows come by the ids of their events.
    ById,
    /// A row that is put off holds up nothing.
    PutOffHoldsNothing,
    /// Whether a row is due and whether it holds its key are asked of the clock one after the other.
    ClockIsAskedTwice,
    /// A parked row holds up nothing.
    ParkedHoldsNothing,
    /// A parked row holds up what is before it.
    ParkedHoldsAll,
    /// A row that is stuck holds up its lane.
    StuckHoldsItsLane,
    /// There is no end to rows.
    RowsAreUnlimited,
    /// There is no end to bytes.
    BytesAreUnlimited,
    /// A row that is larger than the limit never comes.
    LargeNeverComes,
    /// With a row that cannot be read nothing can.
    SpoiltFails,
    /// A row that cannot be read is left out.
    SpoiltIsLeftOut,
    /// Every row is new.
    AgeIsNothing,
    /// What is before the last row that ends is settled too.
    SettlesUpTo,
    /// What has come of the key meanwhile is settled too.
    SettlesTheKey,
    /// Rows of other lanes are settled too.
    SettlesOtherLanes,
    /// Only the first row of a call ends.
    FirstEndOnly,
    /// What is settled must not be settled again.
    AgainIsAConflict,
    /// What is put off may be put off again.
    CountsTwice,
    /// Attempts are not counted.
    RetryDoesNotCount,
    /// Refusals are counted as attempts only.
    RefusedDoesNotCount,
    /// Whatever is tried again is said to have been refused.
    RetryIsARefusal,
    /// What is to be tried again is due at once.
    RetryIsAtOnce,
    /// Parked rows come again.
    ParkedComesAgain,
    /// A purge removes parked rows.
    PurgesParked,
    /// Nobody knows what waits behind.
    BehindIsNothing,
    /// Why a row was parked is not kept.
    ReasonIsLost,
    /// Parked rows are listed as they were parked, the last one first.
    ParkedByTime,
    /// A list begins with the row it goes on after.
    AfterIsIncluded,
    /// A list of parked rows has no limit.
    ListIsUnlimited,
    /// A parked row that is tried again has had its attempts.
    AttemptsStay,
    /// A parked row that is tried again has had its refusals.
    RefusalsStay,
    /// Whatever is to be tried again is said to have been parked.
    EverythingIsParked,
    /// What is discarded holds up its key.
    DiscardedHoldsItsKey,
    /// What is not parked may be discarded.
    DiscardsPending,
    /// A long reason is an error.
    ReasonsAreShort,
    /// A purge does not ask how old a row is.
    PurgesTheYoung,
    /// A purge has no limit.
    PurgeIsUnlimited,
    /// A purge removes what is not sent.
    PurgesPending,
    /// What was sent is counted.
    CountsSent,
    /// What is put off is not counted.
    PutOffIsNotCounted,
    /// The oldest is the youngest.
    OldestIsYoungest,
}
