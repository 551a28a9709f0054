/// One way to break the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// None.
    Sound,
    /// `record` replaces what is there.
    RecordOverwrites,
    /// `record` looks, and writes somewhat later.
    LooksThenRecords,
    /// What was recorded stays in its process.
    RecordsInTheProcess,
    /// A handle of another process knows no notes.
    NotesInTheProcess,
    /// A handle of another process knows no claims.
    ClaimsInTheProcess,
    /// A request that is not there is made up by a note.
    NothingTakesNotes,
    /// A request that is not there may be claimed.
    NothingIsClaimed,
    /// Bodies and headers are stored as text.
    BytesAreText,
    /// Keys are compared as a careless collation does it.
    CaseIsIgnored,
    /// Scope and key are one text.
    ScopesAreJoined,
    /// Notes are added wherever they are said to go.
    PositionIsIgnored,
    /// A place that is taken is taken for a repeat.
    RepeatIsOk,
    /// `note` looks, and writes somewhat later.
    LooksThenNotes,
    /// A note that cannot come is added.
    OrderIsIgnored,
    /// Why something failed is not written down.
    TroublesAreOne,
    /// A note does not ask under which claim.
    EpochIsIgnored,
    /// A claim takes the epoch of the last one.
    EpochStays,
    /// A note is refused once the term is over, though nobody took the request.
    ExpiredMayNoteNoMore,
    /// Anybody may withdraw.
    AnybodyWithdraws,
    /// Who begins a request anew may not withdraw it.
    ReopenedIsNotBegun,
    /// A note does not begin the term anew.
    NoteDoesNotRenew,
    /// A note never gives the claim back.
    NoteKeepsClaim,
    /// Anybody may claim what is held.
    ClaimIsBlind,
    /// A gateway finds its own claim in its way.
    OwnClaimIsInTheWay,
    /// Gateways are told apart by their names only.
    LivesAreOne,
    /// `claim` looks, and writes somewhat later.
    LooksThenClaims,
    /// Only what is open may be claimed.
    OnlyOpenIsClaimed,
    /// A claim never expires.
    NeverExpires,
    /// A term of no time has no end.
    ZeroIsForEver,
    /// That a claim has lapsed is not told.
    LapsesAreUnsaid,
    /// That a claim has lapsed is told for ever.
    LapsesStay,
    /// That a claim has lapsed is told until the next note, whatever that says.
    NotesClearLapses,
    /// A claim that its holder claims anew is taken for one that was given back.
    OwnClaimsDoNotLapse,
    /// A claim that was given back is taken for one that was not.
    EveryClaimLapses,
    /// The holder stays named after its end.
    HolderStays,
    /// What is held is taken.
    TakesWhatIsHeld,
    /// What is put off is taken.
    TakesWhatIsNotDue,
    /// What is parked is taken.
    TakesParked,
    /// What is closed is taken.
    TakesClosed,
    /// What is to be tried again is not taken.
    TakesNothingRetried,
    /// What has the smallest key is taken first.
    TakesByKey,
    /// One more is taken than there should be.
    TakesTooMany,
    /// `take` looks, and writes somewhat later.
    LooksThenTakes,
    /// What is taken is not claimed.
    TakesWithoutAClaim,
    /// A shelf holds what is parked, too.
    ShelvesAreOne,
    /// A list shows what was recorded, and no notes.
    ListsKnowNoNotes,
    /// A list is in another order.
    ListIsCollated,
    /// A list begins with what it should go on after.
    AfterIsIncluded,
    /// A list holds everything.
    LimitIsIgnored,
    /// One that cannot be read stops a `take`.
    SpoiltStopsTakes,
    /// One that cannot be read has a place in a list.
    SpoiltShortensPages,
    /// One that cannot be read is not there.
    SpoiltIsNothing,
    /// A purge empties what is open.
    PurgesOpen,
    /// A purge does not ask how long.
    PurgesAtOnce,
    /// A purge forgets what it should empty.
    PurgeForgets,
    /// A purge forgets the notes, too.
    PurgeForgetsNotes,
    /// A purge never forgets.
    PurgeKeeps,
    /// What was withdrawn is kept.
    WithdrawnIsKept,
    /// What is kept for less than the idle time is kept for that.
    KeepWaitsForIdle,
    /// A record does not say when it is due.
    DueIsUnsaid,
    /// A purge has no limit.
    PurgesAll,
    /// A purge does not ask whether it is held.
    PurgesHeld,
}
