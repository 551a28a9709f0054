//! Racing calls, repeating them, and dropping them half-way.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use futures::{join, poll};
use tokio::sync::Barrier;
use tokio::task::{JoinSet, yield_now};
use tokio::time::sleep;

use crate::error::{StoreError, StoreErrorKind};

/// How often a call that lost a race in the store is made again.
const ATTEMPTS: u32 = 100;

/// How things are done at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overlap {
    /// In one task, which changes between them wherever they wait: any machine
    /// does it, and the same way each time.
    Woven,
    /// In tasks of their own, on as many threads as there are.
    Spawned,
}

impl Overlap {
    pub(super) const BOTH: [Self; 2] = [Self::Woven, Self::Spawned];

    /// Each in turn.
    pub(super) fn alternating() -> impl Iterator<Item = Self> {
        Self::BOTH.into_iter().cycle()
    }

    /// Makes all calls at once, and answers in their order.
    pub(super) async fn race<T, C>(self, calls: Vec<C>) -> Vec<T>
    where
        T: Send + 'static,
        C: Future<Output = T> + Send + 'static,
    {
        match self {
            Self::Woven => join_all(calls).await,
            Self::Spawned => race(calls).await,
        }
    }

    /// Does two things at once; `main` stays where it is.
    pub(super) async fn both<T, U>(
        self,
        main: impl Future<Output = T>,
        aside: impl Future<Output = U> + Send + 'static,
    ) -> (T, U)
    where
        U: Send + 'static,
    {
        match self {
            Self::Woven => join!(main, aside),
            Self::Spawned => {
                let aside = tokio::spawn(aside);
                let main = main.await;
                (main, aside.await.expect("what goes on aside does not panic"))
            }
        }
    }
}

/// Starts all calls at one moment, each in a task.
async fn race<T, C>(calls: Vec<C>) -> Vec<T>
where
    T: Send + 'static,
    C: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(calls.len()));
    let mut tasks = JoinSet::new();
    for (place, call) in calls.into_iter().enumerate() {
        let start = Arc::clone(&start);
        tasks.spawn(async move {
            start.wait().await;
            (place, call.await)
        });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// An answer that was waited for, in spite of refusals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<T> {
    pub(super) value: T,
    /// An attempt before it answered `Unknown`, so may have had the effect.
    pub(super) is_doubtful: bool,
}

/// Makes a call until it is answered: stores may refuse under contention, as
/// long as they say so.
pub(super) async fn persist<T, C>(mut call: impl FnMut() -> C) -> Answer<T>
where
    C: Future<Output = Result<T, StoreError>>,
{
    let mut is_doubtful = false;
    let mut last = None;
    for attempt in 0..ATTEMPTS {
        match call().await {
            Ok(value) => return Answer { value, is_doubtful },
            Err(error) => {
                is_doubtful |= error.kind() == StoreErrorKind::Unknown;
                last = Some(error);
                sleep(Duration::from_millis(u64::from(attempt % 8))).await;
            }
        }
    }
    panic!("a call was refused {ATTEMPTS} times, at last with {last:?}");
}

/// Polls a call `polls` times and drops it; answers whether it was done before.
pub(super) async fn drop_after<T>(polls: u32, call: impl Future<Output = T>) -> bool {
    let mut call = pin!(call);
    for turn in 0..polls {
        if poll!(call.as_mut()).is_ready() {
            return true;
        }
        if turn % 2 == 0 {
            yield_now().await;
        } else {
            sleep(Duration::from_millis(1)).await;
        }
    }
    false
}

/// A short while, for what has been started to show itself.
pub(super) async fn a_while() {
    sleep(Duration::from_millis(50)).await;
}
