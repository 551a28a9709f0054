/// In which way a bus breaks its contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Sound,
    /// Answers come with the refused ones last.
    AnswersAreSorted,
    /// One of each call is told to the first subscription only.
    FirstSubscriptionOnly,
    /// What nobody subscribes to is rejected.
    NobodyIsRejected,
    /// One that is too large fails the call.
    FailsTheWholeCall,
    /// What is too large is rejected, and taken all the same.
    RejectedIsTaken,
    /// All are sent at once.
    SendsAllAtOnce,
    /// After a failure nothing is sent.
    StopsAtAFailure,
    /// The JSON of a payload is read and written anew.
    JsonIsRewritten,
    /// Bytes of a payload are a text.
    BytesAreText,
    /// Extensions are lost.
    ExtensionsAreLost,
    /// Topics are lower-cased.
    CaseIsIgnored,
    /// What comes while nobody receives is lost.
    KeepsForReceivers,
    /// What one subscription acknowledges is gone for all.
    SharesSettlements,
    /// Each receiver of a name gets all.
    DeliversToBoth,
    /// Opening makes the subscription anew.
    Recreates,
    /// Opening keeps the topics it had.
    KeepsTopics,
    /// The back-pressure is none.
    IgnoresTheLimit,
    /// What was asked for is exceeded.
    IgnoresTheCount,
    /// Nothing there is an answer.
    AnswersNone,
    /// A dropped call loses what it took.
    LosesTheBatch,
    /// The newest comes first.
    NewestFirst,
    /// Two receivers are given a key by turns.
    RoundRobin,
    /// What is silent, or is said to live, goes to another after its time.
    IgnoresExtend,
    /// An acknowledgement is of the oldest one held.
    AcksTheOldest,
    /// An acknowledgement lasts as long as its receiver.
    AckEndsWithTheReceiver,
    /// A pause is none.
    NoPause,
    /// Attempts are not counted.
    NoCount,
    /// What is given back is the last one.
    RequeuesAtTheEnd,
    /// What was given back does not hold up its key.
    Overtakes,
    /// What a dropped receiver held is lost.
    DropLoses,
    /// What a dropped receiver held comes the other way round.
    DropReverses,
    /// Receipts are counted by each receiver from the beginning, and known to all.
    ReceiptsAreShared,
    /// What is no event fails each call.
    UnreadableFails,
    /// What is no event is dropped.
    UnreadableIsDropped,
    /// What is given up is dropped.
    DeadAreDropped,
    /// What is given up has no reason.
    DeadHaveNoReason,
}
