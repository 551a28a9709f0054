use std::time::Duration;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::testkit::faults::Fault;

use crate::traffic::Store;

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sickness {
    /// It never answers.
    Hangs,
    /// It refuses every call at once.
    Refuses,
    /// It does its work and loses the answer.
    LosesAnswers,
    /// Seven seconds of this, seven of that, and seven in between of being well.
    Flaps,
}

impl Sickness {
    pub(crate) const ALL: [Self; 4] = [Self::Hangs, Self::Refuses, Self::LosesAnswers, Self::Flaps];

    /// How long it goes on after the hour: to a moment of its own.
    pub(crate) const fn last_breath(self) -> Duration {
        Duration::from_millis(match self {
            Self::Hangs => 1_750,
            Self::Refuses => 3_000,
            Self::LosesAnswers => 4_250,
            Self::Flaps => 2_500,
        })
    }

    pub(crate) async fn befalls(self, store: Store) {
        let refuses = Fault::Refuse(StoreErrorKind::Unavailable);
        match self {
            Self::Hangs => store.always(Fault::Hang),
            Self::Refuses => store.always(refuses),
            Self::LosesAnswers => store.always(Fault::FailAfter),
            Self::Flaps => loop {
                for fault in [Fault::Hang, refuses] {
                    store.always(fault);
                    tokio::time::sleep(Duration::from_secs(7)).await;
                    store.heal();
                    tokio::time::sleep(Duration::from_secs(7)).await;
                }
            },
        }
    }
}
