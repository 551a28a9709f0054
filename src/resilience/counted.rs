//! Calls that say something of whom they are made to from some moment on only.

use std::future::Future;
use std::pin::pin;

use super::{CallError, CircuitBreaker, Judgement, Permit, Policy};
use crate::observe::Event;

/// The permit of a call that has its own later than it was let through: what has passed until then was its
/// caller's time.
struct Later<'b> {
    breaker: &'b CircuitBreaker,
    /// When it was let through. A breaker that has turned since then wants to know nothing of it.
    generation: u64,
}

impl<'b> Later<'b> {
    fn permit(&self) -> Option<Permit<'b>> {
        let is_in_time = self.breaker.generation() == self.generation;
        is_in_time.then(|| self.breaker.acquire().ok()).flatten()
    }
}

impl Policy {
    /// Makes one call past the breaker alone: something else bounds it. The breaker lets it through as it
    /// begins, but holds no place for it, and counts its time from when `counts` has resolved; one that ends
    /// sooner took none, and one that is dropped sooner counts neither way.
    pub(crate) async fn call_counted<T, E>(
        &self,
        judge: impl Fn(&Result<T, E>) -> Judgement,
        counts: impl Future<Output = ()>,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, CallError<E>> {
        let later = match &self.breaker {
            None => None,
            Some(breaker) => match breaker.acquire() {
                // It is given back at once.
                Ok(_) => Some(Later { breaker, generation: breaker.generation() }),
                Err(refused) => {
                    self.tell(|| Event::CallRefused {
                        policy: self.name(),
                        reason: refused.reason(),
                    });
                    return Err(CallError::Refused(refused));
                }
            },
        };
        let mut call = pin!(call);
        let early = tokio::select! {
            biased;
            answer = &mut call => Some(answer),
            () = counts => None,
        };
        let permit = later.as_ref().and_then(Later::permit);
        let answer = match early {
            Some(answer) => answer,
            None => call.await,
        };
        if let Some(permit) = permit {
            permit.settle(judge(&answer).health());
        }
        answer.map_err(CallError::Failed)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::Duration;

    use futures::FutureExt;

    use super::*;
    use crate::error::StoreError;
    use crate::phase::Share;
    use crate::resilience::judgement::by_error;
    use crate::resilience::{BreakerConfig, BreakerState, Health};

    fn policy() -> (Policy, CircuitBreaker) {
        let config = BreakerConfig::default()
            .with_calls_min(2.try_into().unwrap())
            .with_slow_calls(Duration::from_secs(1), Share::percent(50));
        let breaker = CircuitBreaker::new("modern", config);
        (Policy::new("modern").with_breaker(breaker.clone()), breaker)
    }

    async fn takes(seconds: u64) -> Result<(), StoreError> {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn its_time_is_counted_from_then() {
        let (policy, breaker) = policy();
        let after = |seconds| tokio::time::sleep(Duration::from_secs(seconds));
        policy.call_counted(by_error, after(9), takes(9)).await.unwrap();
        policy.call_counted(by_error, pending(), takes(9)).await.unwrap();
        assert_eq!((breaker.counts().calls, breaker.counts().slow), (2, 0));
        policy.call_counted(by_error, after(7), takes(9)).await.unwrap();
        policy.call_counted(by_error, ready(()), takes(1)).await.unwrap();
        assert_eq!(breaker.state(), BreakerState::Open, "half of them were slow");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_goes_away_counts_neither_way_before_that() {
        let (policy, breaker) = policy();
        for (counts, slow) in [(pending().left_future(), 0), (ready(()).right_future(), 1)] {
            let call = policy.call_counted(by_error, counts, takes(9));
            assert!(tokio::time::timeout(Duration::from_secs(5), call).await.is_err());
            assert_eq!((breaker.counts().calls, breaker.counts().slow), (slow, slow));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_of_before_a_turn_is_no_probe_after_it() {
        let (policy, breaker) = policy();
        let call = policy.call_counted(by_error, pending(), takes(60));
        let meanwhile = async {
            for _ in 0..2 {
                breaker.acquire().unwrap().settle(Health::Sick);
            }
            tokio::time::sleep(Duration::from_secs(10)).await;
            assert_eq!(breaker.state(), BreakerState::HalfOpen);
            // Those that last hold no place of those that are probes.
            for _ in 0..3 {
                let held = breaker.acquire().unwrap();
                drop(held);
            }
        };
        let (ended, ()) = futures::join!(call, meanwhile);
        ended.unwrap();
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        for _ in 0..3 {
            assert_eq!(breaker.state(), BreakerState::HalfOpen);
            policy.call_counted(by_error, ready(()), takes(0)).await.unwrap();
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
    }
}
