//! When calls are let through, and what their ends change: the rules alone.

use std::time::Duration;

use super::counts::Ended;
use super::window::Window;
use super::{BreakerConfig, BreakerState, CallCounts};
use crate::phase::Share;
use crate::resilience::Health;
use crate::resilience::sync::Instant;

/// How long probes have at least, unless it is said.
const PROBE_TIME: Duration = Duration::from_secs(30);

/// A call that was let through, and under which state: whatever came after that is
/// none of its business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    generation: u64,
    at: Instant,
}

/// A breaker that has turned from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) from: BreakerState,
    pub(super) to: BreakerState,
    pub(super) generation: u64,
}

/// Where a breaker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Closed,
    /// Until then; for ever, if no clock goes so far.
    Open {
        until: Option<Instant>,
    },
    HalfOpen(Probes),
    ForcedOpen,
    Disabled,
}

/// The calls that are let through half open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Probes {
    under_way: u32,
    went_well: u32,
    /// When the last one was let through.
    last: Instant,
}

impl Mode {
    const fn state(self) -> BreakerState {
        match self {
            Self::Closed => BreakerState::Closed,
            Self::Open { .. } => BreakerState::Open,
            Self::HalfOpen(_) => BreakerState::HalfOpen,
            Self::ForcedOpen => BreakerState::ForcedOpen,
            Self::Disabled => BreakerState::Disabled,
        }
    }
}

fn is_over(until: Option<Instant>, now: Instant) -> bool {
    until.is_some_and(|until| until <= now)
}

fn left(until: Option<Instant>, now: Instant) -> Option<Duration> {
    until.map(|until| until.saturating_duration_since(now))
}

#[derive(Debug)]
pub(super) struct Machine {
    config: BreakerConfig,
    mode: Mode,
    generation: u64,
    window: Window,
}

impl Machine {
    pub(super) fn new(config: BreakerConfig, now: Instant) -> Self {
        let window = Window::new(config.window, now);
        Self { config, mode: Mode::Closed, generation: 0, window }
    }

    /// What a call that came now would meet.
    pub(super) fn state(&self, now: Instant) -> BreakerState {
        match self.mode {
            Mode::Open { until } if is_over(until, now) => BreakerState::HalfOpen,
            Mode::HalfOpen(probes) if self.waits_in_vain(probes, now) => BreakerState::Open,
            mode => mode.state(),
        }
    }

    pub(super) fn counts(&self, now: Instant) -> CallCounts {
        self.window.counts(now)
    }

    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether a call may go through now; if not, when to ask again, if time decides.
    pub(super) fn admit(
        &mut self,
        now: Instant,
    ) -> (Result<Ticket, Option<Duration>>, Option<Turn>) {
        let mut turn = None;
        match self.mode {
            Mode::Open { until } if is_over(until, now) => {
                turn = Some(self.turn(Mode::HalfOpen(Probes {
                    under_way: 0,
                    went_well: 0,
                    last: now,
                })));
            }
            // Probes that never ended: whoever was to answer them is no better.
            Mode::HalfOpen(probes) if self.waits_in_vain(probes, now) => {
                turn = Some(self.open(probes.last));
            }
            _ => {}
        }
        (self.admit_as_it_is(now).map_err(|until| left(until, now)), turn)
    }

    fn admit_as_it_is(&mut self, now: Instant) -> Result<Ticket, Option<Instant>> {
        match &mut self.mode {
            Mode::Closed | Mode::Disabled => {}
            Mode::Open { until } => return Err(*until),
            Mode::ForcedOpen => return Err(None),
            Mode::HalfOpen(probes) => {
                if probes.under_way + probes.went_well >= self.config.probes.get() {
                    // How they end decides, not time.
                    return Err(None);
                }
                probes.under_way += 1;
                probes.last = probes.last.max(now);
            }
        }
        Ok(Ticket { generation: self.generation, at: now })
    }

    /// Counts the end of a call that took so long.
    pub(super) fn settle(
        &mut self,
        ticket: Ticket,
        health: Health,
        took: Duration,
        now: Instant,
    ) -> Option<Turn> {
        if ticket.generation != self.generation {
            return None;
        }
        let slow = self.is_slow(took);
        let ended = match health {
            Health::Well => Some(Ended { failed: false, slow }),
            Health::Sick => Some(Ended { failed: true, slow }),
            Health::Ignored => None,
        };
        match (self.mode, ended) {
            (Mode::Closed, Some(ended)) => {
                let counts = self.window.record(ended, now);
                self.is_too_much(counts).then(|| self.open(ticket.at))
            }
            (Mode::HalfOpen(probes), ended) => self.settle_probe(probes, ended, ticket.at),
            (Mode::Closed, None) | (Mode::Open { .. } | Mode::ForcedOpen | Mode::Disabled, _) => {
                None
            }
        }
    }

    /// A call whose caller went away after so long, if it had begun: it counts neither
    /// way, unless it was slow by then.
    pub(super) fn give_up(
        &mut self,
        ticket: Ticket,
        after: Option<Duration>,
        now: Instant,
    ) -> Option<Turn> {
        let took = after.unwrap_or_default();
        let was_slow = after.is_some() && self.is_slow(took);
        let health = if was_slow { Health::Well } else { Health::Ignored };
        self.settle(ticket, health, took, now)
    }

    /// One that does not count makes room for another.
    fn settle_probe(
        &mut self,
        mut probes: Probes,
        ended: Option<Ended>,
        began: Instant,
    ) -> Option<Turn> {
        probes.under_way -= 1;
        match ended {
            Some(Ended { failed: false, slow: false }) => probes.went_well += 1,
            Some(_) => return Some(self.open(began)),
            None => {}
        }
        if probes.went_well >= self.config.probes.get() {
            return Some(self.close());
        }
        self.mode = Mode::HalfOpen(probes);
        None
    }

    /// Whether every probe is taken, and the youngest too old.
    fn waits_in_vain(&self, probes: Probes, now: Instant) -> bool {
        let deadline = self.config.probe_deadline.unwrap_or(self.config.open_for.max(PROBE_TIME));
        probes.under_way + probes.went_well >= self.config.probes.get()
            && is_over(probes.last.checked_add(deadline), now)
    }

    fn is_slow(&self, took: Duration) -> bool {
        self.config.slow_after.is_some_and(|slow| took >= slow)
    }

    fn is_too_much(&self, counts: CallCounts) -> bool {
        let most = match self.config.window {
            super::CallWindow::Calls(capacity) => u64::from(capacity.get()),
            super::CallWindow::Time(_) => u64::MAX,
        };
        let is_enough = counts.calls >= u64::from(self.config.calls_min.get()).min(most);
        let slow_counts = self.config.slow_after.is_some();
        is_enough
            && (reaches(counts.failed, counts.calls, self.config.failure_rate)
                || slow_counts && reaches(counts.slow, counts.calls, self.config.slow_rate))
    }

    /// Opens for so long from when the call `began` that shows it is sick: whoever is
    /// well since then is asked again in that time.
    fn open(&mut self, began: Instant) -> Turn {
        self.turn(Mode::Open { until: began.checked_add(self.config.open_for) })
    }

    pub(super) fn close(&mut self) -> Turn {
        self.turn(Mode::Closed)
    }

    pub(super) fn force_open(&mut self) -> Turn {
        self.turn(Mode::ForcedOpen)
    }

    pub(super) fn disable(&mut self) -> Turn {
        self.turn(Mode::Disabled)
    }

    /// Every turn begins a generation, and forgets what was counted before.
    fn turn(&mut self, to: Mode) -> Turn {
        let from = self.mode.state();
        self.mode = to;
        self.generation += 1;
        self.window.clear();
        Turn { from, to: to.state(), generation: self.generation }
    }
}

/// Whether `part` of `whole` is at least `rate`; of nothing, any part is.
fn reaches(part: u64, whole: u64, rate: Share) -> bool {
    part > 0 && part.saturating_mul(10_000) >= whole.saturating_mul(u64::from(rate.basis_points()))
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU16, NonZeroU32};

    use super::*;
    use crate::resilience::CallWindow;

    const SECOND: Duration = Duration::from_secs(1);

    /// Four calls, half of them, two probes, ten seconds.
    fn config() -> BreakerConfig {
        BreakerConfig::default()
            .with_window(CallWindow::Calls(NonZeroU16::new(4).unwrap()))
            .with_calls_min(NonZeroU32::new(4).unwrap())
            .with_open_for(10 * SECOND)
            .with_probes(NonZeroU32::new(2).unwrap())
            .with_probe_deadline(60 * SECOND)
    }

    struct Rig {
        machine: Machine,
        now: Instant,
    }

    impl Rig {
        fn new(config: BreakerConfig) -> Self {
            let now = Instant::now();
            Self { machine: Machine::new(config, now), now }
        }

        /// A breaker that has just opened.
        fn opened() -> Self {
            let mut rig = Self::new(config());
            rig.ends([Health::Sick; 4]);
            assert_eq!(rig.state(), BreakerState::Open);
            rig
        }

        fn half_open() -> Self {
            let mut rig = Self::opened();
            rig.passes(10 * SECOND);
            rig
        }

        fn passes(&mut self, time: Duration) {
            self.now += time;
        }

        fn state(&self) -> BreakerState {
            self.machine.state(self.now)
        }

        fn admit(&mut self) -> Result<Ticket, Option<Duration>> {
            self.machine.admit(self.now).0
        }

        fn settle(&mut self, ticket: Ticket, health: Health) -> Option<Turn> {
            self.machine.settle(ticket, health, Duration::ZERO, self.now)
        }

        fn ends<const N: usize>(&mut self, healths: [Health; N]) {
            for health in healths {
                let ticket = self.admit().unwrap();
                self.settle(ticket, health);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_at_its_rate_and_not_before_it_has_seen_enough() {
        let mut rig = Rig::new(config());
        rig.ends([Health::Sick, Health::Sick, Health::Sick]);
        assert_eq!(rig.state(), BreakerState::Closed);
        rig.ends([Health::Well]);
        assert_eq!(rig.state(), BreakerState::Open, "a success can be the call that is enough");
        assert_eq!(rig.admit(), Err(Some(10 * SECOND)));
    }

    #[tokio::test(start_paused = true)]
    async fn below_its_rate_it_stays_closed_for_ever() {
        let mut rig = Rig::new(config());
        for _ in 0..1_000 {
            rig.ends([Health::Well, Health::Well, Health::Well, Health::Sick]);
        }
        assert_eq!(rig.state(), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn ignored_calls_count_neither_way() {
        let mut rig = Rig::new(config());
        rig.ends([Health::Ignored; 100]);
        rig.ends([Health::Sick; 3]);
        rig.ends([Health::Ignored; 100]);
        assert_eq!(rig.state(), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_minimum_beyond_the_window_is_the_window() {
        let mut rig = Rig::new(config().with_calls_min(NonZeroU32::MAX));
        rig.ends([Health::Sick; 4]);
        assert_eq!(rig.state(), BreakerState::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn of_no_rate_the_first_failure_opens_it_and_no_success_does() {
        let config = config().with_failure_rate(Share::NONE).with_calls_min(NonZeroU32::MIN);
        let mut rig = Rig::new(config);
        rig.ends([Health::Well; 9]);
        assert_eq!(rig.state(), BreakerState::Closed);
        rig.ends([Health::Sick]);
        assert_eq!(rig.state(), BreakerState::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_calls_open_it_however_they_end() {
        let mut rig = Rig::new(config().with_slow_calls(SECOND, Share::percent(75)));
        for took in [SECOND, SECOND, Duration::ZERO, SECOND] {
            let ticket = rig.admit().unwrap();
            rig.machine.settle(ticket, Health::Well, took, rig.now);
        }
        assert_eq!(rig.state(), BreakerState::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn half_open_lets_as_many_through_as_it_was_told() {
        let mut rig = Rig::half_open();
        assert_eq!(rig.state(), BreakerState::HalfOpen, "nobody has called, and it says so");
        let [one, two] = [(); 2].map(|()| rig.admit().unwrap());
        assert_eq!(rig.admit(), Err(None), "how they end decides, not time");
        rig.settle(one, Health::Well);
        assert!(rig.admit().is_err(), "one went well and one is under way: that is two");
        let turn = rig.settle(two, Health::Well).unwrap();
        assert_eq!((turn.from, turn.to), (BreakerState::HalfOpen, BreakerState::Closed));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_probe_opens_it_again_for_as_long() {
        let mut rig = Rig::half_open();
        rig.ends([Health::Well, Health::Sick]);
        assert_eq!(rig.admit(), Err(Some(10 * SECOND)));
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_open_from_when_the_call_began_that_opened_it() {
        let mut rig = Rig::half_open();
        let probe = rig.admit().unwrap();
        rig.passes(4 * SECOND);
        rig.settle(probe, Health::Sick);
        assert_eq!(rig.admit(), Err(Some(6 * SECOND)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_does_not_count_makes_room_for_another() {
        let mut rig = Rig::half_open();
        rig.ends([Health::Ignored; 50]);
        assert_eq!(rig.state(), BreakerState::HalfOpen, "ignored errors do not trip it");
        rig.ends([Health::Well, Health::Well]);
        assert_eq!(rig.state(), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn probes_that_never_end_count_as_failed() {
        let mut rig = Rig::half_open();
        let stuck = [(); 2].map(|()| rig.admit().unwrap());
        rig.passes(59 * SECOND);
        assert_eq!((rig.admit(), rig.state()), (Err(None), BreakerState::HalfOpen));
        rig.passes(SECOND);
        assert_eq!((rig.state(), rig.admit()), (BreakerState::Open, Err(Some(Duration::ZERO))));
        assert!(rig.admit().is_ok(), "it was open since the last of them, and is half open again");
        for late in stuck {
            assert_eq!(rig.settle(late, Health::Sick), None, "they come too late to matter");
        }
        assert_eq!(rig.state(), BreakerState::HalfOpen);
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_result_of_an_older_generation_changes_nothing() {
        let mut rig = Rig::new(config());
        let late = [(); 8].map(|()| rig.admit().unwrap());
        rig.ends([Health::Sick; 4]);
        rig.passes(10 * SECOND);
        let probe = rig.admit().unwrap();
        for (ticket, health) in late.into_iter().zip([Health::Sick, Health::Well].repeat(4)) {
            assert_eq!(rig.settle(ticket, health), None);
        }
        assert_eq!(rig.state(), BreakerState::HalfOpen);
        rig.settle(probe, Health::Well);
        rig.ends([Health::Well]);
        assert_eq!(rig.state(), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_turned_by_hand_stays_until_it_is_reset() {
        let mut rig = Rig::new(config());
        rig.machine.force_open();
        rig.passes(3_600 * SECOND);
        assert_eq!(rig.admit(), Err(None));
        rig.machine.disable();
        rig.ends([Health::Sick; 50]);
        assert_eq!(rig.state(), BreakerState::Disabled);
        rig.machine.close();
        rig.ends([Health::Sick; 3]);
        assert_eq!(rig.state(), BreakerState::Closed, "what was before the reset is forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn absurd_times_overflow_nothing() {
        let mut rig = Rig::new(config().with_open_for(Duration::MAX));
        rig.ends([Health::Sick; 4]);
        rig.passes(3_600 * SECOND);
        assert_eq!(rig.admit(), Err(None), "no clock goes so far");
        let mut rig = Rig::new(config().with_open_for(Duration::ZERO));
        rig.ends([Health::Sick; 4]);
        assert!(rig.admit().is_ok());
    }
}
