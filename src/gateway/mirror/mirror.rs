use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use smol_str::SmolStr;
use tokio::sync::Semaphore;

use super::noise::{NoiseBaseline, RuleNoise};
use super::report::Totals;
use super::request::MirroredRequest;
use super::verdict::Verdict;
use super::{DrawnMirror, MirrorReport, ResponseComparator};
use crate::gateway::Request;
use crate::observe::{Event, Observer};
use crate::phase::{Share, Side};
use crate::resilience::{Aside, Bulkhead};
use crate::route::MirrorPlan;

/// How many mirrored requests may be under way at once.
const CONCURRENCY: NonZeroU32 = NonZeroU32::new(16).expect("it is not zero");
/// How many responses may be kept for a comparison at once.
const KEPT_MAX: NonZeroU32 = NonZeroU32::new(256).expect("it is not zero");

/// Sends a part of the safe requests to the other side, too, and compares what comes back. Clones are one mirror.
///
/// The caller waits for none of it. Whether a request is mirrored is drawn before anything of it is sent. Its
/// response is kept as it goes by, up to a cap, and when its end was passed on the other side is sent the same
/// request, marked with [`mark::MIRROR`](crate::gateway::mark::MIRROR), and without what is meant for one side
/// alone: credentials, unless that is [wanted](Self::with_credentials), conditions and ranges. Where something
/// was left out, the side that has answered is asked for that, too, so that like is compared with like. A side
/// within this process sees the extensions of the caller's request, too.
///
/// Only answers that are there whole are compared: where one of them is longer than the cap, packed or not, the
/// request is skipped.
///
/// Two answers that differ are asked for once more, the answering side before and after the other, and only what
/// differs every time counts. What legacy changes by itself is [noise](NoiseBaseline), and does not count either.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use strangler_fig::gateway::{Mirror, ResponseFields};
/// use strangler_fig::resilience::Bulkhead;
///
/// # fn main() -> Result<(), std::num::TryFromIntError> {
/// let same = ResponseFields::default().without("body.served_at");
/// let mirror = Mirror::new(Arc::new(same))
///     .with_bulkhead(Bulkhead::new("mirror", 4.try_into()?))
///     .with_deadline(Duration::from_millis(500));
/// assert_eq!(mirror.report().compared, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Mirror {
    pub(super) comparator: Arc<dyn ResponseComparator>,
    pub(super) bulkhead: Bulkhead,
    pub(super) deadline: Duration,
    pub(super) body_max: usize,
    pub(super) recheck_delay: Duration,
    pub(super) noise_share: Share,
    has_credentials: bool,
    observer: Option<Arc<dyn Observer>>,
    noise: Arc<Mutex<NoiseBaseline>>,
    totals: Arc<Totals>,
    kept: Arc<Semaphore>,
    pub(super) aside: Arc<Aside>,
}

impl Mirror {
    /// A mirror of 16 requests at once, each side's answer within 1 s, bodies up to 64 KiB, noise measured on 1 %
    /// of what is mirrored.
    #[must_use]
    pub fn new(comparator: Arc<dyn ResponseComparator>) -> Self {
        Self {
            comparator,
            bulkhead: Bulkhead::new("mirror", CONCURRENCY),
            deadline: Duration::from_secs(1),
            body_max: 64 * 1024,
            recheck_delay: Duration::from_millis(50),
            noise_share: Share::percent(1),
            has_credentials: false,
            observer: None,
            noise: Arc::default(),
            totals: Arc::default(),
            kept: Arc::new(Semaphore::new(permits(KEPT_MAX))),
            aside: Arc::new(Aside::new(KEPT_MAX)),
        }
    }

    /// How many mirrored requests may be under way at once; beyond that they are skipped.
    #[must_use]
    pub fn with_bulkhead(mut self, bulkhead: Bulkhead) -> Self {
        self.bulkhead = bulkhead;
        self
    }

    /// How long each answer may take, its body included.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How many bytes a body may have, of requests as of responses; what is longer is not mirrored.
    #[must_use]
    pub const fn with_body_max(mut self, bytes: usize) -> Self {
        self.body_max = bytes;
        self
    }

    /// How many responses may be kept at once, until their end was passed on and the other side was asked; 256 by
    /// default, which is 16 MiB of bodies at most. Further ones are skipped, however slowly clients read.
    #[must_use]
    pub fn with_kept_max(mut self, responses: NonZeroU32) -> Self {
        self.kept = Arc::new(Semaphore::new(permits(responses)));
        self.aside = Arc::new(Aside::new(responses));
        self
    }

    /// How long a difference waits until it is asked for again: longer than what one side learns later than the
    /// other. 50 ms by default.
    #[must_use]
    pub const fn with_recheck_delay(mut self, delay: Duration) -> Self {
        self.recheck_delay = delay;
        self
    }

    /// How many of the mirrored requests legacy is asked twice, to see what it changes by itself. Until a rule has
    /// enough of them it is every one; with [`Share::NONE`] none.
    #[must_use]
    pub const fn with_noise_share(mut self, share: Share) -> Self {
        self.noise_share = share;
        self
    }

    /// Mirrors `Cookie` and `Authorization`: only where the other side may see them.
    #[must_use]
    pub const fn with_credentials(mut self) -> Self {
        self.has_credentials = true;
        self
    }

    /// Who is told of each comparison; the observer of the gateway, unless this is called.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The same, with this observer if it has none.
    pub(crate) fn or_observer(mut self, observer: &Arc<dyn Observer>) -> Self {
        self.observer.get_or_insert_with(|| Arc::clone(observer));
        self
    }

    /// Whether a request is to be mirrored, and what is needed for it: none if it is not chosen, not safe, has a
    /// body that is not there whole or is too long, or if too many responses are kept already. To be asked before
    /// the request is sent, and with the headers that it is sent with.
    #[must_use]
    pub fn draw(&self, plan: MirrorPlan, rule: &str, request: &Request) -> Option<DrawnMirror> {
        if !chosen(plan.share) {
            return None;
        }
        let body = MirroredRequest::body_of(request, self.body_max)?;
        let Ok(kept) = Arc::clone(&self.kept).try_acquire_owned() else {
            self.tell(plan.to, Verdict::Skipped);
            return None;
        };
        // Copied only now that there is room for it.
        let request = MirroredRequest::new(request, body, self.has_credentials);
        let rule = SmolStr::new(rule);
        Some(DrawnMirror { mirror: self.clone(), rule, to: plan.to, request, _kept: kept })
    }

    /// What was compared so far, and where it differed.
    #[must_use]
    pub fn report(&self) -> MirrorReport {
        let (mut places, mut last) = (Vec::new(), None);
        while let Some((rule, noise)) = self.next_rule(last.as_deref()) {
            places.extend(noise.places(&rule));
            last = Some(rule);
        }
        self.totals.report(places)
    }

    /// What is known of the rule after that one. Each is copied by itself: whoever compares meanwhile waits for one
    /// rule at most.
    fn next_rule(&self, last: Option<&str>) -> Option<(SmolStr, RuleNoise)> {
        self.noise().after(last)
    }

    /// Resolves when no mirrored request is under way.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn drained(&self) {
        self.aside.idle().await;
    }

    pub(super) fn noise(&self) -> MutexGuard<'_, NoiseBaseline> {
        self.noise.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a comparison, and tells of it.
    pub(super) fn tell(&self, side: Side, verdict: Verdict) {
        self.totals.count(verdict);
        if let Some(observer) = &self.observer {
            let result = verdict.told();
            observer.on_event(&Event::ResponsesCompared { side: side.name(), result });
        }
    }
}

pub(super) fn chosen(share: Share) -> bool {
    share == Share::WHOLE || fastrand::u16(0..Share::WHOLE.basis_points()) < share.basis_points()
}

fn permits(count: NonZeroU32) -> usize {
    usize::try_from(count.get()).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread::{scope, spawn};
    use std::time::Instant;

    use super::*;
    use crate::gateway::{Body, ResponseFields};

    fn mirror() -> Mirror {
        Mirror::new(Arc::new(ResponseFields::default()))
    }

    #[test]
    fn whoever_draws_waits_for_nobody() {
        let mirror = mirror();
        let held = mirror.noise();
        let ((drawn, is_drawn), other) = (channel(), mirror.clone());
        spawn(move || {
            let plan = MirrorPlan { to: Side::Modern, share: Share::WHOLE };
            drawn.send(other.draw(plan, "orders", &Request::new(Body::empty())).is_some())
        });
        assert_eq!(is_drawn.recv_timeout(Duration::from_secs(10)), Ok(true));
        drop(held);
    }

    #[test]
    fn a_report_keeps_nobody_waiting_until_it_is_complete() {
        let mirror = mirror();
        for rule in 0..1_000 {
            let places: Vec<_> = (0..250).map(|place| format!("body.{place}")).collect();
            mirror.noise().compared(&format!("rule {rule}"), &places);
        }
        let (longest, took) = scope(|scope| {
            let report = scope.spawn(|| {
                let began = Instant::now();
                assert_eq!(mirror.report().places.len(), 250_000);
                began.elapsed()
            });
            let mut longest = Duration::ZERO;
            while !report.is_finished() {
                let began = Instant::now();
                drop(mirror.noise());
                longest = longest.max(began.elapsed());
                std::thread::yield_now();
            }
            (longest, report.join().expect("it has not panicked"))
        });
        assert!(longest < took / 2, "{longest:?} of {took:?}");
    }

    #[test]
    fn a_report_tells_each_rule_in_its_order() {
        let mirror = mirror();
        for rule in ["b", "", "a", "a.b"] {
            mirror.noise().compared(rule, &["body.y".to_owned(), "body.x".to_owned()]);
        }
        let places = mirror.report().places;
        let told = places.iter().map(|it| (it.rule.as_str(), it.place.as_str()));
        let all = ["", "a", "a.b", "b"].into_iter().flat_map(|it| [(it, "body.x"), (it, "body.y")]);
        assert!(told.eq(all), "{places:?}");
    }
}
