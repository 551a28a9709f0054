use fastrand::Rng;

use super::Fault;

/// Faults by chance, the same for the same seed and order of calls.
///
/// Rates are in thousandths of all calls, and are used up in the order they
/// were given: what goes beyond a thousand never happens. Times are upper
/// bounds; each call draws its own.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::error::StoreErrorKind;
/// use strangler_fig::testkit::faults::{Fault, FaultPlan};
///
/// let flaky = FaultPlan::seeded(7)
///     .with(30, Fault::Refuse(StoreErrorKind::Unavailable))
///     .with(20, Fault::FailAfter)
///     .with(10, Fault::LandLater(Duration::from_secs(60)))
///     .with(300, Fault::Delay(Duration::from_millis(50)));
/// ```
#[derive(Debug, Clone)]
pub struct FaultPlan {
    rng: Rng,
    rates: Vec<(u16, Fault)>,
}

impl FaultPlan {
    /// No faults yet.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let (rng, rates) = (Rng::with_seed(seed), Vec::new());
        Self { rng, rates }
    }

    /// The same, with `fault` in `per_mille` of a thousand calls.
    #[must_use]
    pub fn with(mut self, per_mille: u16, fault: Fault) -> Self {
        self.rates.push((per_mille, fault));
        self
    }

    /// What happens to the next call.
    pub(super) fn draw(&mut self) -> Option<Fault> {
        let mut roll = self.rng.u16(..1_000);
        for (rate, fault) in &self.rates {
            match roll.checked_sub(*rate) {
                Some(rest) => roll = rest,
                None => return Some(up_to(&mut self.rng, *fault)),
            }
        }
        None
    }
}

fn up_to(rng: &mut Rng, fault: Fault) -> Fault {
    match fault {
        Fault::Delay(most) => Fault::Delay(most.mul_f64(rng.f64())),
        Fault::LandLater(most) => Fault::LandLater(most.mul_f64(rng.f64())),
        fault => fault,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn draws(seed: u64, plan: impl Fn(FaultPlan) -> FaultPlan) -> Vec<Option<Fault>> {
        let mut plan = plan(FaultPlan::seeded(seed));
        (0..10_000).map(|_| plan.draw()).collect()
    }

    fn mixed(plan: FaultPlan) -> FaultPlan {
        plan.with(200, Fault::FailAfter).with(100, Fault::Delay(Duration::from_secs(1)))
    }

    #[test]
    fn one_seed_gives_one_sequence() {
        assert_eq!(draws(7, mixed), draws(7, mixed));
        assert_ne!(draws(7, mixed), draws(8, mixed));
    }

    #[test]
    fn rates_are_kept() {
        let drawn = draws(7, mixed);
        let failed = drawn.iter().flatten().filter(|fault| **fault == Fault::FailAfter);
        let faulty = drawn.iter().flatten().count();
        assert!((1_800..2_200).contains(&failed.count()));
        assert!((2_700..3_300).contains(&faulty));
    }

    #[test]
    fn a_plan_without_faults_is_harmless() {
        assert!(draws(7, |plan| plan).iter().all(Option::is_none));
        assert!(draws(7, |plan| plan.with(0, Fault::Hang)).iter().all(Option::is_none));
    }

    #[test]
    fn times_are_drawn_below_their_bound() {
        let most = Duration::from_secs(1);
        let drawn = draws(7, |plan| plan.with(1_000, Fault::Delay(most)));
        assert!(drawn.iter().all(|fault| matches!(fault, Some(Fault::Delay(it)) if *it <= most)));
    }
}
