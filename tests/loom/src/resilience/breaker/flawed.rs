use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::BreakerState;
use super::machine::{Machine, Ticket, Turn};
use crate::observe::{Event, Observer};
use crate::resilience::Health;
use crate::resilience::sync::{Instant, Mutex};
use crate::{Breaker, End, Fate, Settings};

/// What is wrong with a [`Flawed`] breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// It looks whether there is room, lets go of the lock, and takes the room.
    LooksThenTakes,
    /// A call that is dropped does not give its permit back.
    KeepsWhatIsDropped,
    /// The end of a call counts in whatever generation it comes.
    KnowsNoGenerations,
    /// It asks whether a call is of its generation, lets go of the lock, and counts it.
    AsksThenCounts,
    /// It tells of a turn before it lets go of the lock.
    TellsUnderItsLock,
}

/// The breaker's own rules, with one thing wrong around them: what the models must
/// find.
#[derive(Clone)]
pub struct Flawed {
    flaw: Flaw,
    observer: Option<Arc<dyn Observer>>,
    machine: Arc<Mutex<Machine>>,
}

impl fmt::Debug for Flawed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flawed").field("flaw", &self.flaw).finish_non_exhaustive()
    }
}

/// Leave for one call; without a ticket where there was no room any more.
struct Leave {
    breaker: Flawed,
    ticket: Option<Ticket>,
    generation: u64,
}

impl Drop for Leave {
    fn drop(&mut self) {
        if self.breaker.flaw != Flaw::KeepsWhatIsDropped {
            self.settle(Health::Ignored);
        }
    }
}

impl Leave {
    fn settle(&mut self, health: Health) {
        let Some(ticket) = self.ticket.take() else { return };
        let now = Instant::now();
        let is_counted_anyway = match self.breaker.flaw {
            Flaw::KnowsNoGenerations => true,
            Flaw::AsksThenCounts => self.breaker.generation() == self.generation,
            _ => false,
        };
        self.breaker.turn(|machine| {
            let (mut ticket, mut first) = (ticket, None);
            if is_counted_anyway {
                let (newest, turn) = machine.admit(now);
                (ticket, first) = (newest.unwrap_or(ticket), turn);
            }
            first.into_iter().chain(machine.settle(ticket, health, Duration::ZERO, now))
        });
    }
}

impl Flawed {
    /// A closed breaker.
    #[must_use]
    pub fn of(flaw: Flaw, settings: &Settings) -> Self {
        let machine = Machine::new(settings.into(), Instant::now());
        let observer = settings.observer.clone();
        Self { flaw, observer, machine: Arc::new(Mutex::new(machine)) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Machine) -> T) -> T {
        act(&mut self.machine.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn turn<T: IntoIterator<Item = Turn>>(&self, act: impl FnOnce(&mut Machine) -> T) {
        let mut machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = act(&mut machine);
        let held = (self.flaw == Flaw::TellsUnderItsLock).then_some(machine);
        for Turn { from, to, generation } in turns {
            let (breaker, from, to) = ("flawed", from.name(), to.name());
            let event = Event::BreakerTurned { breaker, instance: 1, from, to, generation };
            self.observer.iter().for_each(|observer| observer.on_event(&event));
        }
        drop(held);
    }

    fn acquire(&self) -> Option<Leave> {
        let now = Instant::now();
        if self.flaw == Flaw::LooksThenTakes {
            let late = || Leave { breaker: self.clone(), ticket: None, generation: 0 };
            self.has_room(now).then(|| self.admit(now).unwrap_or_else(late))
        } else {
            self.admit(now)
        }
    }

    fn admit(&self, now: Instant) -> Option<Leave> {
        let mut leave = None;
        self.turn(|machine| {
            let (admitted, turn) = machine.admit(now);
            let (breaker, generation) = (self.clone(), machine.generation());
            leave = admitted.ok().map(|it| Leave { breaker, ticket: Some(it), generation });
            turn
        });
        leave
    }

    /// Takes a ticket, and gives it back at once.
    fn has_room(&self, now: Instant) -> bool {
        let mut has_room = false;
        self.turn(|machine| {
            let (admitted, turn) = machine.admit(now);
            has_room = admitted.is_ok_and(|ticket| {
                machine.settle(ticket, Health::Ignored, Duration::ZERO, now).is_none()
            });
            turn
        });
        has_room
    }
}

impl Breaker for Flawed {
    async fn call(self, end: End) -> bool {
        let Some(mut leave) = self.acquire() else { return false };
        let health = match end.await {
            Fate::Well => Health::Well,
            Fate::Sick => Health::Sick,
            _ => Health::Ignored,
        };
        leave.settle(health);
        true
    }

    fn state(&self) -> BreakerState {
        self.with(|machine| machine.state(Instant::now()))
    }

    fn generation(&self) -> u64 {
        self.with(|machine| machine.generation())
    }

    fn force_open(&self) {
        self.turn(|machine| Some(machine.force_open()));
    }

    fn disable(&self) {
        self.turn(|machine| Some(machine.disable()));
    }

    fn reset(&self) {
        self.turn(|machine| Some(machine.close()));
    }
}
