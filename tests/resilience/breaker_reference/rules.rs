//! By which rules breakers go, and how one may be wrong. Time is in milliseconds.

use std::num::{NonZeroU16, NonZeroU32};

use proptest::prelude::*;
use strangler_fig::phase::Share;
use strangler_fig::resilience::{BreakerConfig, CallWindow};

use crate::support::ms;

/// By which rules both breakers go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// The last so many calls, or those of the last so many tenths.
    pub(super) window: Result<u16, u64>,
    pub(super) calls_min: u32,
    pub(super) failed_percent: u16,
    pub(super) slow: Option<(u64, u16)>,
    pub(super) open_for: u64,
    pub(super) probes: u32,
    pub(super) probe_deadline: u64,
}

pub(super) fn rules() -> impl Strategy<Value = Rules> {
    let window = prop_oneof![(1..7_u16).prop_map(Ok), (1..6_u64).prop_map(Err)];
    let percent = || proptest::sample::select(vec![0, 20, 34, 50, 75, 100]);
    let slow = proptest::option::of((1..10_u64, percent()));
    let times = (0..20_u64, 1..4_u32, 0..40_u64);
    (window, 1..7_u32, percent(), slow, times).prop_map(
        |(window, calls_min, failed_percent, slow, (open_for, probes, probe_deadline))| Rules {
            window,
            calls_min,
            failed_percent,
            slow,
            open_for,
            probes,
            probe_deadline,
        },
    )
}

impl Rules {
    pub(super) fn config(self) -> BreakerConfig {
        let window = match self.window {
            Ok(calls) => CallWindow::Calls(NonZeroU16::new(calls).unwrap()),
            Err(tenth) => CallWindow::Time(ms(10 * tenth)),
        };
        let config = BreakerConfig::default()
            .with_window(window)
            .with_calls_min(NonZeroU32::new(self.calls_min).unwrap())
            .with_failure_rate(Share::percent(self.failed_percent))
            .with_open_for(ms(self.open_for))
            .with_probes(NonZeroU32::new(self.probes).unwrap())
            .with_probe_deadline(ms(self.probe_deadline));
        match self.slow {
            Some((after, percent)) => config.with_slow_calls(ms(after), Share::percent(percent)),
            None => config,
        }
    }
}

/// How a reference may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    ProbesAreUnlimited,
    ProbesAreNotGivenUp,
    DroppedProbesKeepTheirPlace,
    IgnoredProbesTrip,
    LateResultsCount,
    IgnoredCallsCount,
    GivenUpCallsAreNeverSlow,
    NoMinimum,
    TheWindowNeverSlides,
    TheRateMustBeExceeded,
    OneProbeIsEnough,
    OpenForTwiceAsLong,
    /// From the end of the call that opened it.
    OpenFromNow,
    ResetForgetsNothing,
}

impl Flaw {
    pub(super) const ALL: [Self; 14] = [
        Self::ProbesAreUnlimited,
        Self::ProbesAreNotGivenUp,
        Self::DroppedProbesKeepTheirPlace,
        Self::IgnoredProbesTrip,
        Self::LateResultsCount,
        Self::IgnoredCallsCount,
        Self::GivenUpCallsAreNeverSlow,
        Self::NoMinimum,
        Self::TheWindowNeverSlides,
        Self::TheRateMustBeExceeded,
        Self::OneProbeIsEnough,
        Self::OpenForTwiceAsLong,
        Self::OpenFromNow,
        Self::ResetForgetsNothing,
    ];
}
