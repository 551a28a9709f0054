//! The breaker beside a naive reference, over random sequences of whatever can happen
//! to it; and references that are wrong, each of which must be told apart.

mod operation;
mod reference;
mod rules;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use strangler_fig::observe::Event;
use strangler_fig::resilience::{CircuitBreaker, Permit, Refused};
use tokio::time::advance;

use crate::support::{Ears, ms};
use operation::{Operation, operations};
use reference::Reference;
use rules::{Flaw, Rules, rules};

/// A breaker, its reference, and the calls under way.
struct Pair<'a> {
    breaker: &'a CircuitBreaker,
    reference: Reference,
    permits: Vec<Option<Permit<'a>>>,
}

impl<'a> Pair<'a> {
    async fn take(&mut self, operation: Operation) -> Result<(), TestCaseError> {
        match operation {
            Operation::Advance(millis) => {
                advance(ms(millis)).await;
                self.reference.advance(millis);
            }
            Operation::Admit => self.admit()?,
            Operation::Settle(which, health) => {
                if let Some((number, permit)) = self.under_way(which) {
                    permit.settle(health);
                    self.reference.settle(number, health);
                }
            }
            Operation::Drop(which) => {
                if let Some((number, permit)) = self.under_way(which) {
                    drop(permit);
                    self.reference.give_up(number);
                }
            }
            Operation::ForceOpen => {
                self.breaker.force_open();
                self.reference.force_open();
            }
            Operation::Disable => {
                self.breaker.disable();
                self.reference.disable();
            }
            Operation::Reset => {
                self.breaker.reset();
                self.reference.reset();
            }
        }
        self.compare()
    }

    fn admit(&mut self) -> Result<(), TestCaseError> {
        let permit = self.breaker.acquire();
        let refused = permit.as_ref().err().map(|refused| match refused {
            Refused::Open { retry_after, .. } => *retry_after,
            other => unreachable!("{other}"),
        });
        prop_assert_eq!(refused, self.reference.admit().err().map(|left| left.map(ms)));
        self.permits.extend(permit.ok().map(Some));
        Ok(())
    }

    /// One of the calls under way, and the how manieth that was let through it is.
    fn under_way(&mut self, which: usize) -> Option<(usize, Permit<'a>)> {
        let open: Vec<_> =
            (0..self.permits.len()).filter(|it| self.permits[*it].is_some()).collect();
        let number = *open.get(which.checked_rem(open.len())?)?;
        Some((number, self.permits[number].take()?))
    }

    fn compare(&self) -> Result<(), TestCaseError> {
        let told = (self.breaker.state(), self.breaker.generation());
        prop_assert_eq!(told, (self.reference.state(), self.reference.generation()));
        Ok(())
    }
}

/// Whether both say the same at each step, and have turned alike.
async fn agree(
    rules: Rules,
    flaw: Option<Flaw>,
    operations: &[Operation],
) -> Result<(), TestCaseError> {
    let ears = Ears::new();
    let breaker = CircuitBreaker::new("modern", rules.config().with_observer(ears.clone()));
    let reference = Reference::new(rules, flaw);
    let mut pair = Pair { breaker: &breaker, reference, permits: Vec::new() };
    for operation in operations {
        pair.take(*operation).await?;
    }
    let turns = ears.heard().into_iter().map(|event| match event {
        Event::BreakerTurned { from, to, generation, .. } => (from, to, generation),
        other => unreachable!("{other:?}"),
    });
    prop_assert_eq!(turns.collect::<Vec<_>>(), pair.reference.turns());
    Ok(())
}

fn run(flaw: Option<Flaw>, rules: Rules, operations: &[Operation]) -> Result<(), TestCaseError> {
    let mut paused = tokio::runtime::Builder::new_current_thread();
    let runtime = paused.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(agree(rules, flaw, operations))
}

proptest! {
    #![proptest_config(Config::with_cases(2_000))]

    #[test]
    fn it_does_what_its_reference_does(rules in rules(), operations in operations()) {
        run(None, rules, &operations)?;
    }
}

/// The control: were the comparison blind to any of these, it would prove little.
#[test]
fn each_wrong_reference_is_told_apart() {
    for flaw in Flaw::ALL {
        let config = Config { failure_persistence: None, ..Config::with_cases(2_000) };
        let rng = proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let told = runner.run(&(rules(), operations()), |(rules, operations)| {
            run(Some(flaw), rules, &operations)
        });
        assert!(told.is_err(), "nothing shows that {flaw:?} is wrong");
    }
}
