//! What one seed stands for.

use std::time::Duration;

use fastrand::Rng;
use strangler_fig::phase::Phase;

use super::weather::Rates;

/// How a side keeps its stamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// With the record.
    Stamped,
    /// In a table beside it.
    SideStamped,
    /// In the memory of the one process there is.
    Unstamped,
}

/// What one seed stands for; all else follows from what the seed's chance says.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) nodes: u32,
    /// How many the operator has said to expect.
    pub(crate) nodes_expected: u32,
    pub(crate) legacy: Kind,
    pub(crate) modern: Kind,
    /// Nodes stop serving when their lease has run out.
    pub(crate) fenced: bool,
    /// Nodes reach their stores by policies: deadlines, retries, breakers, bulkheads.
    pub(crate) guarded: bool,
    /// A rollback guard sees mismatches and failures that are not there.
    pub(crate) nervous: bool,
    /// A second controller moves as it likes.
    pub(crate) rival: bool,
    /// On the first leg a cohort goes ahead.
    pub(crate) by_cohort: bool,
    pub(crate) legacy_rates: Rates,
    pub(crate) modern_rates: Rates,
    pub(crate) service_rates: Rates,
    /// Processes end and are cut off.
    pub(crate) misfortunes: bool,
    /// Wall clocks are so far apart, in milliseconds, and jump as far.
    pub(crate) skew: i64,
    /// How long the weather is foul on each leg.
    pub(crate) foul: Duration,
    /// Where it ends, and whether by then nothing lands late, so that the notes alone must
    /// lead to equal stores.
    pub(crate) last: Phase,
    pub(crate) tame: bool,
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let is_single = rng.u8(0..6) == 0;
        let (legacy, modern) = if is_single {
            *rng.choice(&[
                (Kind::Unstamped, Kind::Stamped),
                (Kind::Stamped, Kind::Unstamped),
                (Kind::Unstamped, Kind::Unstamped),
            ])
            .unwrap()
        } else {
            *rng.choice(&[
                (Kind::Stamped, Kind::Stamped),
                (Kind::Stamped, Kind::Stamped),
                (Kind::SideStamped, Kind::Stamped),
                (Kind::SideStamped, Kind::SideStamped),
            ])
            .unwrap()
        };
        let nodes = if is_single { 1 } else { rng.u32(3..=5) };
        let skews = [0, 1_000, 60_000, 1_200_000];
        let lasts = [Phase::DualWrite, Phase::Shadow, Phase::Cutover, Phase::Live, Phase::RampDown];
        let last = *rng.choice(&lasts).unwrap();
        // A write that was planned in `ModernOnly` and is slow leaves legacy behind in `RampDown`.
        let tame = rng.bool() && last != Phase::RampDown;
        Self {
            seed,
            nodes,
            nodes_expected: if rng.bool() { nodes } else { 1 },
            legacy,
            modern,
            fenced: !is_single && rng.u8(0..3) == 0,
            guarded: rng.u8(0..3) == 0,
            nervous: rng.u8(0..3) == 0,
            rival: rng.bool(),
            by_cohort: rng.u8(0..3) == 0,
            legacy_rates: rates_of(legacy, &mut rng),
            modern_rates: rates_of(modern, &mut rng),
            service_rates: Rates::draw(&mut rng),
            misfortunes: rng.u8(0..4) > 0,
            // Where stamps are forgotten, the clock must not go back over a restart.
            skew: if is_single { 0 } else { *rng.choice(&skews).unwrap() },
            foul: Duration::from_millis(rng.u64(1_000..12_000)),
            last,
            tame,
        }
    }

    pub(crate) const fn is_single(&self) -> bool {
        self.nodes == 1
    }
}

/// A plain row has no stamp: what lands late overwrites it, and nothing can be done about
/// that. `Unstamped` is for stores where it does not happen.
fn rates_of(kind: Kind, rng: &mut Rng) -> Rates {
    let rates = Rates::draw(rng);
    match kind {
        Kind::Unstamped => Rates { later: 0, hung: 0, detached: 0, ..rates },
        _ => rates,
    }
}
