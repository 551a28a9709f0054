/// One way to break the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// None.
    Sound,
    /// `create` replaces what is there.
    CreateOverwrites,
    /// `create` looks, and writes somewhat later.
    LooksThenCreates,
    /// A purged saga is forgotten, and created anew.
    PurgeForgets,
    /// Entries are recorded wherever they are said to go.
    PositionIsIgnored,
    /// A position that is taken is taken for a repeat.
    RepeatIsOk,
    /// `append` looks, and writes somewhat later.
    LooksThenAppends,
    /// Only the first entry of an append is recorded.
    FirstEntryOnly,
    /// The status is not recorded.
    StatusIsLost,
    /// The outcome is not recorded.
    OutcomeIsLost,
    /// An append does not ask under which claim.
    EpochIsIgnored,
    /// A claim takes the epoch of the last one.
    EpochStays,
    /// An append does not begin the term anew.
    AppendDoesNotRenew,
    /// A saga that goes no further by itself stays held.
    RestIsHeld,
    /// An append never shortens the term.
    TermOnlyGrows,
    /// An append is refused once the term is over, though nobody took the saga.
    ExpiredMayAppendNoMore,
    /// An append brings a released claim back.
    AppendRevives,
    /// What is over takes no more entries.
    OverIsClosed,
    /// An append to no saga makes one up.
    NothingTakesEntries,
    /// A handle of another process has no entries but the first.
    EntriesInTheProcess,
    /// A handle of another process knows no claims.
    ClaimsInTheProcess,
    /// A saga that is not there is shown as an empty one.
    ShowsNothing,
    /// The header is read, and the entries somewhat later.
    LoadsInTwo,
    /// Payloads are stored as values, and written anew.
    PayloadsAreValues,
    /// Numbers are as large as a signed column.
    NumbersAreSigned,
    /// Ids are compared as a careless collation does it.
    CaseIsIgnored,
    /// A saga that is not there may be claimed.
    NothingIsClaimed,
    /// Anybody may claim what is held.
    ClaimIsBlind,
    /// A runner finds its own claim in its way.
    OwnClaimIsInTheWay,
    /// Runners are told apart by their names only.
    LivesAreOne,
    /// `claim` looks, and writes somewhat later.
    LooksThenClaims,
    /// Only what runs may be claimed.
    OnlyRunningIsClaimed,
    /// What is purged may be claimed.
    PurgedIsClaimed,
    /// A claim never expires.
    NeverExpires,
    /// The holder stays named after its end.
    HolderStays,
    /// `renew` does nothing but answer.
    RenewDoesNothing,
    /// Renewing nothing is an error.
    NothingToRenewIsAnError,
    /// `renew` answers all that it was asked for.
    RenewAnswersAll,
    /// `renew` does not ask whether the claim is the newest.
    RenewIsBlind,
    /// `renew` brings a released claim back.
    RenewRevives,
    /// `renew` is too late for what has expired.
    ExpiredIsNotRenewed,
    /// `release` of any claim frees the saga.
    ReleaseIsBlind,
    /// Releasing what is not there is an error.
    NothingIsAnError,
    /// `list` is in the order of a dictionary.
    ListIsCollated,
    /// `list` goes on with the id itself.
    ListRepeats,
    /// `list` goes on after an id that is there only.
    ListNeedsItsPlace,
    /// `list` cuts first, and filters then.
    ListCutsFirst,
    /// `list` has no end.
    ListIsEndless,
    /// A filter knows no statuses.
    FilterKnowsNoStatus,
    /// A filter knows a definition's name and version only.
    FilterKnowsNoFingerprint,
    /// A filter takes what anybody holds.
    FilterKnowsNoHolder,
    /// A filter takes what is purged.
    FilterKnowsNoPurge,
    /// A filter takes what has just changed.
    FilterKnowsNoAge,
    /// A list has no outcomes.
    ListedOutcomeIsLost,
    /// Nothing is ever idle.
    NeverIdle,
    /// It is idle since it was created.
    IdleSinceCreated,
    /// A term of no time never ends.
    ZeroIsForEver,
    /// `purge` looks, and removes somewhat later.
    LooksThenPurges,
    /// What still runs may be purged.
    PurgeIsBlind,
    /// Purging again is a conflict.
    PurgesOnce,
    /// Purging what is not there is no error.
    PurgesNothing,
    /// A purge leaves the entries.
    PurgeLeavesEntries,
    /// A purge counts anew.
    PurgeCountsAnew,
    /// A purged saga takes entries where the others ended.
    PurgedTakesEntries,
    /// A purge takes those that begin so, too.
    PurgesByPrefix,
    /// A list fails for all when one record cannot be read.
    SpoiltFailsTheList,
    /// What cannot be read counts towards the limit.
    SpoiltShortensAPage,
    /// What cannot be read is shown as nothing.
    SpoiltIsNothing,
    /// Nothing is renewed beside what cannot be read.
    SpoiltHoldsUpRenewal,
}
