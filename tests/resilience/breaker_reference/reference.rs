//! A breaker that keeps a list of all turns and of all calls, and finds out everything
//! else anew each time it is asked.

use strangler_fig::resilience::{BreakerState, Health};

use super::rules::{Flaw, Rules};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    UnderWay,
    Gone,
    Ignored,
    Ended { failed: bool, slow: bool },
}

#[derive(Debug, Clone, Copy)]
struct Call {
    /// How many turns there were when it came.
    turn: usize,
    came: u64,
    how: How,
    ended: u64,
    /// The how manieth of all that ended.
    order: usize,
}

#[derive(Debug)]
pub(super) struct Reference {
    rules: Rules,
    flaw: Option<Flaw>,
    now: u64,
    /// To what it turned, and from when on: it opens from when the call began that opened it.
    turns: Vec<(u64, BreakerState)>,
    calls: Vec<Call>,
}

impl Reference {
    pub(super) fn new(rules: Rules, flaw: Option<Flaw>) -> Self {
        Self { rules, flaw, now: 0, turns: Vec::new(), calls: Vec::new() }
    }

    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    /// From when on it is what it is.
    fn last(&self) -> (u64, BreakerState) {
        self.turns.last().copied().unwrap_or((0, BreakerState::Closed))
    }

    fn open_until(&self) -> u64 {
        let factor = if self.is(Flaw::OpenForTwiceAsLong) { 2 } else { 1 };
        self.last().0 + factor * self.rules.open_for
    }

    fn calls_since_the_turn(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.turn == self.turns.len())
    }

    /// How many probes have their place: under way, or ended well.
    fn probes(&self) -> usize {
        let has_its_place = |call: &&Call| match call.how {
            How::UnderWay => true,
            How::Ended { failed, slow } => !failed && !slow,
            How::Gone => self.is(Flaw::DroppedProbesKeepTheirPlace),
            How::Ignored => false,
        };
        self.calls_since_the_turn().filter(has_its_place).count()
    }

    fn probes_are_taken(&self) -> bool {
        self.probes() >= self.rules.probes as usize && !self.is(Flaw::ProbesAreUnlimited)
    }

    /// When the youngest probe began.
    fn youngest(&self) -> u64 {
        self.calls_since_the_turn().map(|call| call.came).max().unwrap_or(self.now)
    }

    fn waits_in_vain(&self) -> bool {
        self.probes_are_taken()
            && self.youngest() + self.rules.probe_deadline <= self.now
            && !self.is(Flaw::ProbesAreNotGivenUp)
    }

    pub(super) fn state(&self) -> BreakerState {
        match self.last().1 {
            BreakerState::Open if self.open_until() <= self.now => BreakerState::HalfOpen,
            BreakerState::HalfOpen if self.waits_in_vain() => BreakerState::Open,
            state => state,
        }
    }

    pub(super) fn generation(&self) -> u64 {
        self.turns.len() as u64
    }

    pub(super) fn turns(&self) -> Vec<(&'static str, &'static str, u64)> {
        let to: Vec<_> = self.turns.iter().map(|(_, state)| state.name()).collect();
        let from = std::iter::once("closed").chain(to.iter().copied());
        from.zip(to.iter().copied())
            .zip(1..)
            .map(|((from, to), number)| (from, to, number))
            .collect()
    }

    pub(super) fn advance(&mut self, millis: u64) {
        self.now += millis;
    }

    /// Lets a call through, or says how long it will not.
    pub(super) fn admit(&mut self) -> Result<(), Option<u64>> {
        match self.state() {
            state if state == self.last().1 => {}
            BreakerState::Open => self.open(self.youngest()),
            state => self.turn(state),
        }
        match self.last().1 {
            BreakerState::ForcedOpen => return Err(None),
            BreakerState::Open => return Err(Some(self.open_until().saturating_sub(self.now))),
            BreakerState::HalfOpen if self.probes_are_taken() => return Err(None),
            _ => {}
        }
        let (turn, came) = (self.turns.len(), self.now);
        self.calls.push(Call { turn, came, how: How::UnderWay, ended: 0, order: 0 });
        Ok(())
    }

    pub(super) fn settle(&mut self, number: usize, health: Health) {
        let slow = self.was_slow(number);
        self.end(
            number,
            match health {
                Health::Well => How::Ended { failed: false, slow },
                Health::Sick => How::Ended { failed: true, slow },
                Health::Ignored if self.is(Flaw::IgnoredCallsCount) => {
                    How::Ended { failed: false, slow: false }
                }
                Health::Ignored if self.is(Flaw::IgnoredProbesTrip) => self.as_a_failed_probe(),
                Health::Ignored => How::Ignored,
            },
        );
    }

    fn as_a_failed_probe(&self) -> How {
        let is_probe = self.last().1 == BreakerState::HalfOpen;
        if is_probe { How::Ended { failed: true, slow: false } } else { How::Ignored }
    }

    pub(super) fn give_up(&mut self, number: usize) {
        let slow = self.was_slow(number) && !self.is(Flaw::GivenUpCallsAreNeverSlow);
        self.end(number, if slow { How::Ended { failed: false, slow } } else { How::Gone });
    }

    fn was_slow(&self, number: usize) -> bool {
        let took = self.now - self.calls[number].came;
        self.rules.slow.is_some_and(|(after, _)| took >= after)
    }

    fn end(&mut self, number: usize, how: How) {
        let order = self.calls.iter().map(|call| call.order).max().unwrap_or_default() + 1;
        let turn = self.turns.len();
        let call = &mut self.calls[number];
        (call.how, call.ended, call.order) = (how, self.now, order);
        if self.flaw == Some(Flaw::LateResultsCount) {
            call.turn = turn;
        }
        let (is_current, came) = (call.turn == turn, call.came);
        if is_current {
            self.judge(how, came);
        }
    }

    /// What the end of a call of this turn changes.
    fn judge(&mut self, how: How, came: u64) {
        match (self.last().1, how) {
            (BreakerState::Closed, How::Ended { .. }) if self.is_too_much() => {
                self.open(came);
            }
            (BreakerState::HalfOpen, How::Ended { failed: false, slow: false }) => {
                let well = self.calls_since_the_turn().filter(|call| call.how == how).count();
                if well >= self.probes_needed() {
                    self.turn(BreakerState::Closed);
                }
            }
            (BreakerState::HalfOpen, How::Ended { .. }) => self.open(came),
            _ => {}
        }
    }

    fn probes_needed(&self) -> usize {
        if self.is(Flaw::OneProbeIsEnough) { 1 } else { self.rules.probes as usize }
    }

    /// How the calls ended by which it judges: all that count, or the latest of them.
    fn judged(&self) -> Vec<(bool, bool)> {
        let mut ended: Vec<_> = self.calls_since_the_turn().collect();
        ended.sort_by_key(|call| std::cmp::Reverse(call.order));
        let counted = ended.into_iter().filter_map(|call| match call.how {
            How::Ended { failed, slow } => Some((call.ended, (failed, slow))),
            _ => None,
        });
        match self.rules.window {
            _ if self.is(Flaw::TheWindowNeverSlides) => counted.map(|(_, how)| how).collect(),
            Ok(calls) => counted.take(calls.into()).map(|(_, how)| how).collect(),
            Err(tenth) => {
                let is_recent = |ended: u64| ended / tenth + 10 > self.now / tenth;
                counted.filter(|(ended, _)| is_recent(*ended)).map(|(_, how)| how).collect()
            }
        }
    }

    fn is_too_much(&self) -> bool {
        let calls = self.judged();
        let most = self.rules.window.map_or(usize::MAX, usize::from);
        let enough = if self.is(Flaw::NoMinimum) { 1 } else { self.rules.calls_min as usize };
        let reaches = |part: usize, percent: u16| {
            let (part, whole) = (100 * part, usize::from(percent) * calls.len());
            part > 0 && (part > whole || part == whole && !self.is(Flaw::TheRateMustBeExceeded))
        };
        let failed = calls.iter().filter(|(failed, _)| *failed).count();
        let slow = calls.iter().filter(|(_, slow)| *slow).count();
        calls.len() >= enough.min(most)
            && (reaches(failed, self.rules.failed_percent)
                || self.rules.slow.is_some_and(|(_, percent)| reaches(slow, percent)))
    }

    pub(super) fn force_open(&mut self) {
        self.turn(BreakerState::ForcedOpen);
    }

    pub(super) fn disable(&mut self) {
        self.turn(BreakerState::Disabled);
    }

    pub(super) fn reset(&mut self) {
        let turn = self.turns.len();
        self.turn(BreakerState::Closed);
        if self.is(Flaw::ResetForgetsNothing) {
            self.calls.iter_mut().filter(|call| call.turn == turn).for_each(|call| call.turn += 1);
        }
    }

    fn open(&mut self, began: u64) {
        let from = if self.is(Flaw::OpenFromNow) { self.now } else { began };
        self.turns.push((from, BreakerState::Open));
    }

    fn turn(&mut self, to: BreakerState) {
        self.turns.push((self.now, to));
    }
}
