use std::borrow::Cow;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use http::Method;
use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use super::mirror::chosen;
use super::noise::{NoiseBaseline, places};
use super::snapshot::Unread;
use super::verdict::Verdict;
use super::{DrawnMirror, Mirror, Snapshot};
use crate::error::StoreError;
use crate::gateway::{Body, Request, Response};
use crate::observe::field;
use crate::phase::{Share, Side};
use crate::resilience::CallError;

/// How often a side is asked for a place to spare, within the deadline.
const SPARE_EVERY: Duration = Duration::from_millis(20);

/// Why there is no answer to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unanswered {
    /// The side's policy had no place for it.
    Refused,
    /// It is not there whole, and so is compared with nothing.
    TooLong,
    Failed,
}

impl From<Unanswered> for Verdict {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Refused | Unanswered::TooLong => Self::Skipped,
            Unanswered::Failed => Self::Failed,
        }
    }
}

/// One mirrored request, from the end of the caller's response to the verdict.
pub(super) struct Round<A> {
    pub(super) drawn: DrawnMirror,
    pub(super) answered: Side,
    pub(super) seen: Snapshot,
    pub(super) ask: A,
}

impl<A, F> Round<A>
where
    A: Fn(Side, Request) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Response, CallError<StoreError>>> + Send + 'static,
{
    pub(super) async fn run(self) {
        let verdict = self.verdict().await;
        self.mirror().tell(self.drawn.to, verdict);
    }

    async fn verdict(&self) -> Verdict {
        let Ok(_place) = self.mirror().bulkhead.acquire().await else { return Verdict::Skipped };
        match AssertUnwindSafe(self.compare()).catch_unwind().await {
            Ok(compared) => compared.unwrap_or_else(Verdict::from),
            Err(_panic) => Verdict::Failed,
        }
    }

    async fn compare(&self) -> Result<Verdict, Unanswered> {
        let primary = if self.drawn.request.is_less {
            Cow::Owned(self.ask(self.answered).await?)
        } else {
            Cow::Borrowed(&self.seen)
        };
        let other = self.ask(self.drawn.to).await?;
        let first = self.differences(&primary, &other);
        let is_noise_due = self.noise(|noise| {
            noise.compared(&self.drawn.rule, &first);
            self.is_noise_due(noise)
        });
        if is_noise_due {
            let legacy = if self.answered == Side::Legacy { &*primary } else { &other };
            self.measure_noise(legacy).await;
        }
        match self.unexplained(first.clone()) {
            _ if first.is_empty() => Ok(Verdict::Equal),
            left if left.is_empty() => Ok(Verdict::Noisy),
            left => match self.look_again(left).await {
                // A difference was seen: it does not pass for a request that nobody has looked at.
                Err(Unanswered::Refused) => Err(Unanswered::Failed),
                looked => looked,
            },
        }
    }

    fn is_noise_due(&self, noise: &NoiseBaseline) -> bool {
        let share = self.mirror().noise_share;
        share != Share::NONE && (chosen(share) || !noise.is_known(&self.drawn.rule))
    }

    /// Asks legacy for the same once more: what differs then differs by itself.
    async fn measure_noise(&self, legacy: &Snapshot) {
        if let Ok(again) = self.ask(Side::Legacy).await {
            let changed = self.differences(legacy, &again);
            self.noise(|noise| noise.sampled(&self.drawn.rule, &changed));
        }
    }

    /// A difference is asked for again, the answering side before and after: what changes meanwhile is no
    /// difference, and neither is what this side does not say twice.
    async fn look_again(&self, first: Vec<String>) -> Result<Verdict, Unanswered> {
        sleep(self.mirror().recheck_delay).await;
        let before = self.ask_when_spare(self.answered).await?;
        let other = self.ask_when_spare(self.drawn.to).await?;
        let after = self.ask_when_spare(self.answered).await?;
        let changed = self.differences(&before, &after);
        let still = self.differences(&after, &other);
        let mut left = first;
        left.retain(|it| still.contains(it) && !changed.contains(it));
        Ok(if !left.is_empty() {
            self.noise(|noise| noise.counted(&self.drawn.rule, &left));
            warn!({ field::RULE } = %self.drawn.rule, { field::PLACES } = left.len(), "mirrored responses differ");
            Verdict::Different
        } else if still.is_empty() && changed.is_empty() {
            Verdict::Equal
        } else if self.unexplained(still).is_empty() && self.unexplained(changed).is_empty() {
            Verdict::Noisy
        } else {
            Verdict::Unsettled
        })
    }

    /// Asks once a side has a place to spare. Who has seen a difference waits for that, or only matches would be
    /// counted where there is much to do.
    async fn ask_when_spare(&self, side: Side) -> Result<Snapshot, Unanswered> {
        let until = Instant::now().checked_add(self.mirror().deadline);
        loop {
            match self.ask(side).await {
                Err(Unanswered::Refused) if until.is_none_or(|it| Instant::now() < it) => {
                    sleep(SPARE_EVERY).await;
                }
                answer => return answer,
            }
        }
    }

    async fn ask(&self, side: Side) -> Result<Snapshot, Unanswered> {
        let asked = async {
            match (self.ask)(side, self.drawn.request.to_request()).await {
                Ok(mut response) => {
                    if self.drawn.request.head.method() == Method::HEAD {
                        // What comes after the head is no body.
                        *response.body_mut() = Body::empty();
                    }
                    let read = Snapshot::read(response, self.mirror().body_max).await;
                    read.map_err(|unread| match unread {
                        Unread::TooLong => Unanswered::TooLong,
                        Unread::CutOff => Unanswered::Failed,
                    })
                }
                Err(CallError::Refused(_)) => Err(Unanswered::Refused),
                Err(_) => Err(Unanswered::Failed),
            }
        };
        timeout(self.mirror().deadline, asked).await.unwrap_or(Err(Unanswered::Failed))
    }

    fn differences(&self, primary: &Snapshot, other: &Snapshot) -> Vec<String> {
        let head = &self.drawn.request.head;
        places(&self.mirror().comparator.compare(head, primary, other))
    }

    /// What of it is not known as noise.
    fn unexplained(&self, mut places: Vec<String>) -> Vec<String> {
        let rule = &self.drawn.rule;
        self.noise(|noise| places.retain(|place| !noise.is_noise(rule, place)));
        places
    }

    fn noise<T>(&self, with: impl FnOnce(&mut NoiseBaseline) -> T) -> T {
        with(&mut self.mirror().noise())
    }

    fn mirror(&self) -> &Mirror {
        &self.drawn.mirror
    }
}
