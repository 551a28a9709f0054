//! Requests that several have to do with: those that both sides are sent, joined ones, and mirrors.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use tokio::time::Instant;

use super::forward::Answered;
use super::gateway::{Asked, Gateway};
use super::judge::vet_response;
use super::{Aggregate, Body, DrawnMirror, Fault, Request, Response, hop};
use crate::phase::{Bucket, PhaseTracker, Side, StateWord, write_must_rerun};
use crate::route::Decision;

impl Gateway {
    /// Sends a request to both sides, written down before.
    pub(super) async fn write_both(
        &self,
        mut request: Request,
        decision: &Decision<'_>,
        asked: Asked,
    ) -> Result<Answered, Fault> {
        let (Some(writer), Some(plan)) = (&self.writer, decision.dual_write) else {
            return Err(Fault::NotEquipped);
        };
        // Its body is collected: it has a place among those that still come.
        if request.body().is_stream() {
            let place = self.streams.place().ok_or(Fault::Busy)?;
            let end = Instant::now().checked_add(self.config.upload_deadline);
            let (watch, config) = (request.body_mut().watch(), &self.config);
            watch.limit(config.limits.body_max).idle(config.upload_idle, end).place(place);
        }
        self.tell_routed(plan.first.name(), decision, asked);
        let rule = decision.rule.map_or("", |rule| rule.name());
        let method = request.method().clone();
        let response = match self.move_of(decision) {
            Some(moved) => {
                let has_moved = move || moved.has_happened();
                writer.handle_unless_moved(request, plan, rule, has_moved).await
            }
            None => writer.handle(request, plan, rule).await,
        };
        Ok(Answered::by_several(self.cleaned(response, &method)?))
    }

    /// What a writer asks before it answers: whether its plan still holds.
    fn move_of(&self, decision: &Decision<'_>) -> Option<Moving> {
        let migration = decision.rule?.follows()?;
        let (planned, tracker) = (decision.word?, Arc::clone(self.state.tracker(migration)?));
        Some(Moving { planned, tracker, bucket: decision.bucket })
    }

    /// What came past [`OneSide`](super::one_side::OneSide), as if it had come through one.
    fn cleaned(&self, mut response: Response, method: &Method) -> Result<Response, Fault> {
        vet_response(&response, method, &self.config.limits).map_err(|_| Fault::NoAnswer)?;
        hop::clean_response(&mut response, method);
        Ok(response)
    }

    /// Asks several for their parts, each by the table, and joins them.
    pub(super) async fn join(
        &self,
        request: Request,
        decision: &Decision<'_>,
        asked: Asked,
    ) -> Result<Answered, Fault> {
        let name = decision.aggregate.unwrap_or_default();
        let (Some(aggregate), Some(rule)) = (self.aggregates.get(name), decision.rule) else {
            return Err(Fault::NotEquipped);
        };
        if Aggregate::is_part(&request) {
            return Err(Fault::NotEquipped);
        }
        self.tell_routed("several", decision, asked);
        let (head, _) = request.into_parts();
        let path = head.uri.path();
        let capture = |name: &str| decision.captures.get(rule, path, name);
        let ask = |part: Request| self.answer_part(part, asked);
        let mut response = aggregate.answer(&head, capture, ask).await;
        if head.method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        Ok(Answered::by_several(response))
    }

    /// The response as it is passed on, and kept for a comparison.
    pub(super) fn mirrored(&self, drawn: DrawnMirror, side: Side, response: Response) -> Response {
        let [legacy, modern] = [Side::Legacy, Side::Modern].map(|it| Arc::clone(self.side(it)));
        // The mirror's own deadline is shorter; this one only keeps a side's policy from having none.
        let deadline = self.config.legacy_deadline.min(Duration::from_secs(30));
        drawn.tee(side, response, move |side, request| {
            let side = Arc::clone(match side {
                Side::Legacy => &legacy,
                Side::Modern => &modern,
            });
            async move { side.send_aside(Box::new(request), deadline).await }
        })
    }
}

/// A write that was planned in a state.
struct Moving {
    planned: StateWord,
    bucket: Option<Bucket>,
    tracker: Arc<PhaseTracker>,
}

impl Moving {
    fn has_happened(&self) -> bool {
        let (planned, now) = (self.planned, self.tracker.word());
        match self.bucket.or_else(|| whole(planned, now)) {
            _ if now.is_closed() => true,
            Some(bucket) => write_must_rerun(planned.phase_of(bucket), now.phase_of(bucket)),
            None => planned != now,
        }
    }
}

/// Any bucket, where all are in one phase.
pub(super) fn whole(planned: StateWord, now: StateWord) -> Option<Bucket> {
    (!planned.has_cohort() && !now.has_cohort()).then_some(Bucket::FIRST)
}
