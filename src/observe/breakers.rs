use std::collections::BTreeMap;

use super::Event;

/// How many breakers are remembered.
const KNOWN_MAX: usize = 1_024;

/// A breaker as its latest turn left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) breaker: &'static str,
    pub(crate) instance: u64,
    pub(crate) state: &'static str,
    pub(crate) turns: u64,
}

/// The breakers that have turned and are still there. Several may have one name.
#[derive(Debug, Default)]
pub(crate) struct Breakers(BTreeMap<(&'static str, u64), Standing>);

/// How much of a hindrance a breaker in this state is.
pub(crate) fn severity(state: &str) -> u8 {
    match state {
        "closed" => 0,
        "disabled" => 1,
        "half_open" => 2,
        "open" => 3,
        _ => 4,
    }
}

impl Breakers {
    /// Takes up what an event says of them. Of two turns the one with the larger number is the later, in whichever order
    /// they are told.
    pub(crate) fn note(&mut self, event: &Event) {
        match *event {
            Event::BreakerTurned { breaker, instance, to, generation, .. } => {
                let standing = Standing { breaker, instance, state: to, turns: generation };
                let known = self.0.entry((breaker, instance)).or_insert(standing);
                if generation >= known.turns {
                    *known = standing;
                }
                if self.0.len() > KNOWN_MAX {
                    self.forget_one();
                }
            }
            Event::BreakerDropped { breaker, instance } => {
                self.0.remove(&(breaker, instance));
            }
            _ => {}
        }
    }

    /// The least of a hindrance, of these the oldest.
    fn forget_one(&mut self) {
        let least = |it: &&Standing| (severity(it.state), it.instance);
        if let Some(&Standing { breaker, instance, .. }) = self.0.values().min_by_key(least) {
            self.0.remove(&(breaker, instance));
        }
    }

    /// All of them, by name, the worst first.
    pub(crate) fn all(&self) -> Vec<Standing> {
        let mut all: Vec<_> = self.0.values().copied().collect();
        all.sort_by_key(|it| (it.breaker, std::cmp::Reverse(severity(it.state))));
        all
    }

    /// The state of the worst of this name.
    #[cfg(feature = "metrics")]
    pub(crate) fn worst(&self, breaker: &'static str) -> Option<&'static str> {
        let named = self.0.range((breaker, 0)..=(breaker, u64::MAX));
        named.map(|(_, it)| it.state).max_by_key(|state| severity(state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(instance: u64, to: &'static str, generation: u64) -> Event {
        Event::BreakerTurned { breaker: "modern", instance, from: "closed", to, generation }
    }

    fn states(breakers: &Breakers) -> Vec<(u64, &'static str, u64)> {
        breakers.all().iter().map(|it| (it.instance, it.state, it.turns)).collect()
    }

    #[test]
    fn a_breaker_stands_as_its_last_turn_says_in_whichever_order_turns_are_told() {
        let mut breakers = Breakers::default();
        for event in [turned(1, "half_open", 2), turned(1, "open", 1)] {
            breakers.note(&event);
        }
        assert_eq!(states(&breakers), [(1, "half_open", 2)]);
    }

    #[test]
    fn breakers_of_one_name_stand_each_for_itself_the_worst_first_until_they_are_dropped() {
        let mut breakers = Breakers::default();
        for event in [turned(1, "closed", 6), turned(2, "forced_open", 1)] {
            breakers.note(&event);
        }
        assert_eq!(states(&breakers), [(2, "forced_open", 1), (1, "closed", 6)]);
        breakers.note(&Event::BreakerDropped { breaker: "modern", instance: 2 });
        assert_eq!(states(&breakers), [(1, "closed", 6)]);
    }

    #[test]
    fn of_too_many_the_oldest_closed_one_is_forgotten_first() {
        let mut breakers = Breakers::default();
        breakers.note(&turned(1, "open", 1));
        for instance in 2..=1_030 {
            breakers.note(&turned(instance, "closed", 2));
        }
        let known = states(&breakers);
        assert_eq!((known.len(), known[0], known[1].0), (KNOWN_MAX, (1, "open", 1), 8));
    }
}
