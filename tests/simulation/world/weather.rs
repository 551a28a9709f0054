//! How bad the network is, and what becomes of one call.

use std::time::Duration;

use fastrand::Rng;

/// What may happen, at a stage of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Everything.
    Foul,
    /// Calls fail and lose their answers, but nothing has its effect after its call, and no
    /// process ends.
    Tame,
    /// Calls take some milliseconds.
    Fair,
}

/// How often calls to one server go wrong, in a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rates {
    /// Takes up to some seconds.
    pub(crate) slow: u16,
    /// Is not executed, and says so.
    pub(crate) refused: u16,
    /// Is refused by a rule of the store's own.
    pub(crate) rejected: u16,
    /// Is executed, and the answer is lost.
    pub(crate) lost: u16,
    /// Is never executed, and nobody knows.
    pub(crate) never: u16,
    /// Is executed up to some minutes later.
    pub(crate) later: u16,
    /// Is never answered, executed or not.
    pub(crate) hung: u16,
    /// Goes on without its caller.
    pub(crate) detached: u16,
}

/// What becomes of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Fine,
    Detached,
    Refused,
    Rejected,
    Lost,
    Never,
    Later(Duration),
    Hung { has_effect: bool },
}

impl Rates {
    /// Half of the kinds do not happen at all, so that those which do are seen alone, too.
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let mut rate = |most: u16| if rng.bool() { rng.u16(1..=most) } else { 0 };
        Self {
            slow: rate(150),
            refused: rate(40),
            rejected: rate(6),
            lost: rate(40),
            never: rate(30),
            later: rate(30),
            hung: rate(8),
            detached: rate(400),
        }
    }

    /// What becomes of the next call, and how long it takes there and back.
    pub(crate) fn next(&self, weather: Weather, rng: &mut Rng) -> (Fate, Duration, Duration) {
        let mut millis = |most: u64| Duration::from_millis(rng.u64(0..most));
        if weather == Weather::Fair {
            return (Fate::Fine, millis(5), millis(5));
        }
        let (there, back) = (millis(12), millis(12));
        if rng.u16(0..1_000) < self.slow {
            let most = if rng.u8(0..6) == 0 { 25_000 } else { 4_000 };
            let long = |rng: &mut Rng| Duration::from_millis(rng.u64(0..most));
            let lands_anyway = weather == Weather::Foul && rng.u16(0..400) < self.detached;
            return if lands_anyway {
                (Fate::Detached, long(rng), back)
            } else if rng.bool() {
                (Fate::Fine, long(rng), back)
            } else {
                (Fate::Fine, there, long(rng))
            };
        }
        (self.fate(weather, rng), there, back)
    }

    fn fate(&self, weather: Weather, rng: &mut Rng) -> Fate {
        let mut roll = rng.u16(0..1_000);
        let mut is = |rate: u16| match roll.checked_sub(rate) {
            Some(rest) => {
                roll = rest;
                false
            }
            None => true,
        };
        if is(self.refused) {
            return Fate::Refused;
        }
        if is(self.rejected) {
            return Fate::Rejected;
        }
        if is(self.lost) {
            return Fate::Lost;
        }
        if is(self.never) {
            return Fate::Never;
        }
        if weather == Weather::Tame {
            return Fate::Fine;
        }
        if is(self.later) {
            let most = if rng.u8(0..4) == 0 { 240_000 } else { 5_000 };
            return Fate::Later(Duration::from_millis(rng.u64(0..most)));
        }
        if is(self.hung) {
            return Fate::Hung { has_effect: rng.bool() };
        }
        if is(self.detached) { Fate::Detached } else { Fate::Fine }
    }
}
