use std::time::Duration;

use super::{NewRequest, RequestKey, RequestNote, RequestState};
use crate::phase::NodeId;

/// The right to send a request and to write down what came of it, until somebody else claims it.
///
/// ```
/// use strangler_fig::gateway::dual::{RequestClaim, RequestKey};
///
/// let claim = RequestClaim { key: RequestKey::new("", "order-4711")?, epoch: 1 };
/// assert_eq!(claim.key.key(), "order-4711");
/// # Ok::<(), strangler_fig::gateway::dual::RequestKeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestClaim {
    /// Which request.
    pub key: RequestKey,
    /// Which claim of it: each is larger than those before.
    pub epoch: u64,
}

/// Everything that is known of a dual-written request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestRecord {
    /// As it was written down; without method, target, headers and body once it is purged.
    pub new: NewRequest,
    /// What has become of it.
    pub notes: Vec<RequestNote>,
    /// What that adds up to.
    pub state: RequestState,
    /// That of the newest claim.
    pub epoch: u64,
    /// Who holds it.
    pub holder: Option<NodeId>,
    /// Whether a claim was followed by another before a note gave it back, since the request was recorded or the last
    /// note that [begins anew](RequestNote::begins_anew): whoever had it may have sent what it did not note.
    pub has_lapsed: bool,
    /// How long it has not changed.
    pub idle: Duration,
    /// How long it is until it may be tried again; no time if it may be now. Says nothing of what is closed.
    pub due_in: Duration,
    /// Whether its request is gone.
    pub is_purged: bool,
}

impl RequestRecord {
    /// One that nobody holds; `notes` must have led to `state`.
    #[must_use]
    pub const fn new(new: NewRequest, notes: Vec<RequestNote>, state: RequestState) -> Self {
        let (epoch, holder, has_lapsed, is_purged) = (1, None, false, false);
        let (idle, due_in) = (Duration::ZERO, Duration::ZERO);
        Self { new, notes, state, epoch, holder, has_lapsed, idle, due_in, is_purged }
    }

    /// How many notes there are, which is where the next one goes.
    #[must_use]
    pub fn position(&self) -> u32 {
        u32::try_from(self.notes.len()).unwrap_or(u32::MAX)
    }
}

/// What came of [`RequestJournal::record`](super::RequestJournal::record).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// It was written down, and is the caller's.
    New(RequestClaim),
    /// There is one of that key, which was left as it is.
    Found(Box<RequestRecord>),
}

/// Which requests a list is about.
///
/// ```
/// use strangler_fig::gateway::dual::Shelf;
/// assert_eq!(Shelf::ALL.map(Shelf::name), ["open", "parked", "closed"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shelf {
    /// Those that are on their way.
    Open,
    /// Those that wait for an operator.
    Parked,
    /// Those that nothing is sent of any more.
    Closed,
}

impl Shelf {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Parked, Self::Closed];

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Parked => "parked",
            Self::Closed => "closed",
        }
    }
}
