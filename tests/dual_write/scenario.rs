use strangler_fig::phase::Side;

/// What is done to a dual write in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scenario {
    pub(crate) strict: bool,
    pub(crate) first: Side,
    /// What becomes of the first call of the first side, and of the other.
    pub(crate) faults: [Fault; 2],
    pub(crate) fate: Option<Fate>,
    /// Whether the client asks again, at another process, after what is no clear answer.
    pub(crate) asks_again: bool,
    /// Whether a call of the journal may take for ever: then who stands still in it goes on where it stood.
    pub(crate) is_patient: bool,
}

/// What a side does with the first call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Answers,
    /// And remembers it.
    Refuses,
    /// Surely nothing was sent.
    Unsent,
    /// Nothing happens, and nobody knows.
    Hangs,
    /// It is done, and no answer comes.
    Vanishes,
    /// It breaks, before or after it was done.
    BreaksBefore,
    BreaksAfter,
    /// A 500, after it was done.
    Fails,
    /// It is done when nobody waits for it any more.
    LandsLate,
}

impl Fault {
    pub(crate) const ALL: [Self; 9] = [
        Self::Answers,
        Self::Refuses,
        Self::Unsent,
        Self::Hangs,
        Self::Vanishes,
        Self::BreaksBefore,
        Self::BreaksAfter,
        Self::Fails,
        Self::LandsLate,
    ];
}

/// What becomes of the process at its so many-th act, counted from 1: a write to the journal, or a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    DiesBefore(usize),
    DiesAfter(usize),
    /// It stands still, and goes on once another has finished its work.
    StopsBefore(usize),
    StopsAfter(usize),
    /// If the act is a write: it is surely not done; not done, and nobody knows; done, and nobody knows.
    Refused(usize),
    Vanishes(usize),
    AnswerLost(usize),
    /// From then on no write is done.
    Full(usize),
}

impl Fate {
    pub(crate) fn each(act: usize) -> [Self; 8] {
        [
            Self::DiesBefore(act),
            Self::DiesAfter(act),
            Self::StopsBefore(act),
            Self::StopsAfter(act),
            Self::Refused(act),
            Self::Vanishes(act),
            Self::AnswerLost(act),
            Self::Full(act),
        ]
    }

    pub(crate) const fn at(self) -> usize {
        match self {
            Self::DiesBefore(act)
            | Self::DiesAfter(act)
            | Self::StopsBefore(act)
            | Self::StopsAfter(act)
            | Self::Refused(act)
            | Self::Vanishes(act)
            | Self::AnswerLost(act)
            | Self::Full(act) => act,
        }
    }

    pub(crate) const fn lasts(self, act: usize) -> bool {
        matches!(self, Self::Full(from) if act >= from)
    }
}
