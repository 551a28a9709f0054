use std::fmt;
use std::time::Duration;

use strangler_fig::resilience::{Answered, Fallback, Policy};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};

use super::service::Service;

/// How long a caller waits before it gives up by itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a price was when it was last written down.
const YESTERDAYS: u32 = 41;

/// Callers who come twenty times a second.
#[derive(Debug)]
pub(crate) struct Callers {
    service: Service,
    policy: Option<Policy>,
    waiting: JoinSet<Call>,
}

/// Who came when, waited for how long, and had an answer or not.
#[derive(Debug, Clone, Copy)]
struct Call {
    waited: Duration,
    answered: bool,
    stood_in: bool,
}

/// What the callers saw whose calls ended within a minute.
#[derive(Debug)]
pub(crate) struct Minute {
    calls: Vec<Call>,
    waiting_most: usize,
    pub(crate) asked: u64,
}

impl Callers {
    pub(crate) fn new(service: Service, policy: Option<Policy>) -> Self {
        Self { service, policy, waiting: JoinSet::new() }
    }

    pub(crate) async fn call_for(&mut self, time: Duration) -> Minute {
        let (until, asked) = (Instant::now() + time, self.service.asked());
        let mut minute = Minute { calls: Vec::new(), waiting_most: 0, asked: 0 };
        let mut next = interval(Duration::from_millis(50));
        while Instant::now() < until {
            next.tick().await;
            self.waiting.spawn(call(self.service.clone(), self.policy.clone()));
            tokio::task::yield_now().await;
            while let Some(Ok(call)) = self.waiting.try_join_next() {
                minute.calls.push(call);
            }
            minute.waiting_most = minute.waiting_most.max(self.waiting.len());
        }
        minute.asked = self.service.asked() - asked;
        minute
    }
}

async fn call(service: Service, policy: Option<Policy>) -> Call {
    let began = Instant::now();
    let asked = async {
        match policy {
            // A question has no effect: a doubt does no harm.
            Some(policy) => {
                let ask = || policy.call(|| service.price());
                Fallback::without_effect().call(ask, async || Ok(YESTERDAYS)).await.ok()
            }
            None => service.price().await.ok().map(|value| Answered { value, instead_of: None }),
        }
    };
    let answer = timeout(PATIENCE, asked).await.ok().flatten();
    Call {
        waited: began.elapsed(),
        answered: answer.is_some(),
        stood_in: answer.is_some_and(|answer| answer.instead_of.is_some()),
    }
}

impl Minute {
    pub(crate) fn stand_ins(&self) -> usize {
        self.calls.iter().filter(|call| call.stood_in).count()
    }
}

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answered = self.calls.iter().filter(|call| call.answered).count();
        let mut waits: Vec<_> = self.calls.iter().map(|call| call.waited).collect();
        waits.sort();
        let longest = waits.len().saturating_sub(1);
        let p99 = waits.get(longest - longest / 100).copied().unwrap_or_default();
        let percent = 100 * answered / self.calls.len().max(1);
        write!(f, "{percent:>6} %  {:>6.3} s  {:>7}", p99.as_secs_f64(), self.waiting_most)
    }
}
