use super::{RequestNote, Shelf, Trouble};
use crate::phase::Side;
use crate::stamp::Stamp;

/// Where a dual-written request stands.
///
/// ```
/// use strangler_fig::gateway::dual::{ParkReason, RequestStatus, Shelf};
///
/// assert!(RequestStatus::HalfDone.is_open() && RequestStatus::Withdrawn.is_closed());
/// assert_eq!(RequestStatus::Parked(ParkReason::Attempts).shelf(), Shelf::Parked);
/// assert_eq!(RequestStatus::Refused(422).name(), "refused");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestStatus {
    /// Neither side has answered.
    Open,
    /// The first side has done it, the other not yet.
    HalfDone,
    /// Both have.
    Done,
    /// The first side will not, so that the other is never asked: nothing has changed.
    Refused(u16),
    /// Nobody was sent it.
    Withdrawn,
    /// It waits for an operator.
    Parked(ParkReason),
    /// An operator has seen to it by hand.
    Resolved,
}

/// Why a request waits for an operator.
///
/// ```
/// use strangler_fig::gateway::dual::ParkReason;
/// assert_eq!(ParkReason::Refused(409).name(), "refused");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParkReason {
    /// It is not tried any more: it was tried so often in vain that its side is to be looked at, or so long ago that
    /// the side may have forgotten its key. Of the latter a
    /// [`retry`](super::DualWriter::retry) answers [`TooOld`](super::OperateError::TooOld).
    Attempts,
    /// The first side has done it, and the other will not: they differ.
    Refused(u16),
    /// The first side may have done it, and refused when it was asked again: whether they differ is not known.
    Doubtful(u16),
}

impl ParkReason {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attempts => "attempts",
            Self::Refused(_) => "refused",
            Self::Doubtful(_) => "doubtful",
        }
    }
}

impl RequestStatus {
    /// Whether there is something to be sent yet.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::HalfDone)
    }

    /// Whether nothing will be sent any more.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Done | Self::Refused(_) | Self::Withdrawn | Self::Resolved)
    }

    /// Where a list finds it.
    #[must_use]
    pub const fn shelf(self) -> Shelf {
        match self {
            Self::Open | Self::HalfDone => Shelf::Open,
            Self::Parked(_) => Shelf::Parked,
            Self::Done | Self::Refused(_) | Self::Withdrawn | Self::Resolved => Shelf::Closed,
        }
    }

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::HalfDone => "half_done",
            Self::Done => "done",
            Self::Refused(_) => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Parked(_) => "parked",
            Self::Resolved => "resolved",
        }
    }
}

/// What the notes about a dual-written request add up to.
///
/// ```
/// use strangler_fig::gateway::dual::{RequestNote, RequestState, RequestStatus, Step};
/// use strangler_fig::phase::Side;
/// use strangler_fig::stamp::StampClock;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut state = RequestState::new(Side::Legacy, StampClock::new()?.now());
/// assert_eq!(state.next(20), Step::Send(Side::Legacy));
/// state.apply(&RequestNote::Answered { side: Side::Legacy, status: 201 })?;
/// assert_eq!(state.next(20), Step::Send(Side::Modern));
/// assert!(state.apply(&RequestNote::Withdrawn).is_err(), "legacy has done it");
/// state.apply(&RequestNote::Answered { side: Side::Modern, status: 201 })?;
/// assert_eq!((state.status(), state.next(20)), (RequestStatus::Done, Step::Rest));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestState {
    first: Side,
    stamp: Stamp,
    status: RequestStatus,
    /// Whether the first side has done it.
    is_half_done: bool,
    /// Whether the first side may have been sent it, without an answer.
    is_in_doubt: bool,
    /// Whether the side that is next may have been.
    was_sent: bool,
    attempts: u32,
    failures: u32,
}

/// A note that cannot come after those before.
///
/// ```
/// use strangler_fig::gateway::dual::{RequestNote, RequestState};
/// # use strangler_fig::phase::Side;
///
/// let mut state = RequestState::new(Side::Legacy, Default::default());
/// let error = state.apply(&RequestNote::Reopened { stamp: Default::default() }).unwrap_err();
/// assert_eq!(error.to_string(), "a request that is open cannot be reopened");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a request that is {} cannot be {note}", status.name())]
#[non_exhaustive]
pub struct NoteOutOfOrder {
    /// Where it stands.
    pub status: RequestStatus,
    /// The name of the note.
    pub note: &'static str,
}

impl RequestState {
    /// One that was written down, and nothing more.
    #[must_use]
    pub const fn new(first: Side, stamp: Stamp) -> Self {
        let status = RequestStatus::Open;
        let (is_half_done, is_in_doubt, was_sent) = (false, false, false);
        let (attempts, failures) = (0, 0);
        Self { first, stamp, status, is_half_done, is_in_doubt, was_sent, attempts, failures }
    }

    /// One with these notes.
    ///
    /// # Errors
    ///
    /// When one cannot come after those before.
    pub fn of(first: Side, stamp: Stamp, notes: &[RequestNote]) -> Result<Self, NoteOutOfOrder> {
        let mut state = Self::new(first, stamp);
        notes.iter().try_for_each(|note| state.apply(note))?;
        Ok(state)
    }

    /// Moves on, or stays as it is.
    ///
    /// # Errors
    ///
    /// When the note cannot come now.
    pub fn apply(&mut self, note: &RequestNote) -> Result<(), NoteOutOfOrder> {
        use RequestNote as Note;
        use RequestStatus as Status;

        let (first, other) = (self.first, self.first.other());
        match (self.status, note) {
            (Status::Open, Note::Answered { side, .. }) if *side == first => {
                (self.status, self.is_half_done) = (Status::HalfDone, true);
                (self.was_sent, self.attempts, self.failures) = (false, 0, 0);
            }
            (Status::Open, Note::Refused { side, status }) if *side == first => {
                self.status = if self.is_in_doubt {
                    Status::Parked(ParkReason::Doubtful(*status))
                } else {
                    Status::Refused(*status)
                };
            }
            (Status::Open, Note::Withdrawn) if !self.is_in_doubt => self.status = Status::Withdrawn,
            (Status::Open, Note::Doubtful { side, why }) if *side == first => {
                self.is_in_doubt = true;
                self.fail(*why);
            }
            (Status::HalfDone, Note::Answered { side, .. }) if *side == other => {
                self.status = Status::Done;
            }
            (Status::HalfDone, Note::Refused { side, status }) if *side == other => {
                self.status = Status::Parked(ParkReason::Refused(*status));
            }
            (Status::HalfDone, Note::Failed { side, why }) if *side == other => self.fail(*why),
            // Who has died before it could note an attempt has made one: the notes alone do not say.
            (Status::Open | Status::HalfDone, Note::Parked) => {
                self.status = Status::Parked(ParkReason::Attempts);
            }
            (Status::Parked(_), Note::Retried { however_old, .. }) => {
                self.status = if self.is_half_done { Status::HalfDone } else { Status::Open };
                (self.was_sent, self.attempts, self.failures) = (!however_old, 0, 0);
            }
            (Status::Parked(_), Note::Resolved { .. }) => self.status = Status::Resolved,
            (Status::Withdrawn, Note::Reopened { stamp }) if *stamp > self.stamp => {
                *self = Self::new(first, *stamp);
            }
            (status, note) => return Err(NoteOutOfOrder { status, note: note.name() }),
        }
        Ok(())
    }

    const fn fail(&mut self, why: Trouble) {
        self.was_sent |= why.is_attempt();
        self.attempts = self.attempts.saturating_add(why.is_attempt() as u32);
        self.failures = self.failures.saturating_add(1);
    }

    /// Where it stands.
    #[must_use]
    pub const fn status(&self) -> RequestStatus {
        self.status
    }

    /// The side that is sent it first.
    #[must_use]
    pub const fn first(&self) -> Side {
        self.first
    }

    /// What both sides are sent with it.
    #[must_use]
    pub const fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// How often the side that is next was sent it in vain, since an operator let it be tried again, if one did; what was surely not
    /// sent does not count.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How often that side has not done it, sent or not: so much longer it is until the next try.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether the side that is next may have been sent it, as far as the notes say: then it is not sent it again once
    /// the side may have forgotten the key. Where an operator lets it be tried again however old it is, that begins anew.
    #[must_use]
    pub const fn was_sent(&self) -> bool {
        self.was_sent
    }

    /// Whether the first side may have been sent it, without an answer.
    #[must_use]
    pub const fn is_in_doubt(&self) -> bool {
        self.is_in_doubt
    }
}
