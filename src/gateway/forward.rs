//! One side first, and the other where it may stand in.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::time::Instant;
use tracing::debug;

use super::flight::{Place, Seat};
use super::gateway::Gateway;
use super::judge::{FallbackReason, Sent, fault_of};
use super::one_side::{OneSide, copy};
use super::upload::{Upload, Uploading};
use super::{Body, DrawnMirror, Fault, Request, Response};
use crate::observe::{Event, field};
use crate::phase::Side;
use crate::resilience::Admission;
use crate::route::Decision;

/// A response, and who gave it.
pub(super) struct Answered {
    pub(super) response: Response,
    /// None of several.
    pub(super) side: Option<Side>,
    pub(super) fell_back: bool,
    pub(super) drawn: Option<Box<DrawnMirror>>,
}

impl Answered {
    const fn by(side: Side, response: Response) -> Self {
        Self { response, side: Some(side), fell_back: false, drawn: None }
    }

    const fn instead(side: Side, response: Response) -> Self {
        Self { response, side: Some(side), fell_back: true, drawn: None }
    }

    pub(super) const fn by_several(response: Response) -> Self {
        Self { response, side: None, fell_back: false, drawn: None }
    }
}

impl Gateway {
    pub(super) fn side(&self, side: Side) -> &Arc<OneSide> {
        match side {
            Side::Legacy => &self.legacy,
            Side::Modern => &self.modern,
        }
    }

    /// How long a side may take until the head of its response is there.
    fn deadline(&self, side: Side, decision: &Decision<'_>, safe: bool) -> Duration {
        match side {
            Side::Legacy => self.config.legacy_deadline,
            Side::Modern if safe => decision.deadline,
            Side::Modern => decision.deadline.max(self.config.write_deadline),
        }
    }

    /// Sends a request to the side that is asked first; a safe one to the other, too, if that gave no answer.
    pub(super) async fn forward(
        &self,
        mut request: Box<Request>,
        decision: &Decision<'_>,
        primary: Side,
        safe: bool,
    ) -> Result<Answered, Fault> {
        if request.body().is_stream() {
            if !safe || !self.is_replayable(request.body()) {
                return Box::pin(self.forward_stream(*request, decision, primary, safe)).await;
            }
            let place = self.streams.place().ok_or(Fault::Busy)?;
            request = Box::new(Box::pin(self.collected(*request, place)).await?);
        }
        let (side, deadline) = (self.side(primary), self.deadline(primary, decision, safe));
        let Some(other) = decision.fallback.filter(|other| safe && *other != primary) else {
            let sent = if safe && side.retries() {
                Box::pin(side.send_again(request, deadline)).await
            } else {
                side.send(request, deadline, Admission::Ordinary).await
            };
            return self.only(primary, sent, safe);
        };
        let spare = copy(&request).map(Box::new);
        let sent = side.send(request, deadline, Admission::Ordinary).await;
        match (FallbackReason::of(&sent), spare) {
            (Some(reason), Some(spare)) => {
                Box::pin(self.fall_back(sent, reason, spare, primary, other)).await
            }
            _ => self.only(primary, sent, safe),
        }
    }

    /// What the only side that was asked has brought.
    fn only(&self, side: Side, sent: Sent, safe: bool) -> Result<Answered, Fault> {
        match sent {
            Ok(response) => Ok(Answered::by(side, response)),
            Err(error) => {
                let fault = fault_of(&error, safe);
                self.side_failed(side, &error);
                Err(fault)
            }
        }
    }

    #[cold]
    fn side_failed(&self, side: Side, error: &dyn std::error::Error) {
        let error = crate::error::with_causes(error);
        debug!({ field::SIDE } = side.name(), { field::ERROR } = error, "a side gave no answer");
        self.tell(|| Event::SideFailed { side: side.name() });
    }

    async fn fall_back(
        &self,
        first: Sent,
        reason: FallbackReason,
        request: Box<Request>,
        primary: Side,
        other: Side,
    ) -> Result<Answered, Fault> {
        if let Err(error) = &first {
            self.side_failed(primary, error);
        }
        let side = self.side(other);
        let deadline = match other {
            Side::Legacy => self.config.legacy_deadline,
            Side::Modern => self.config.write_deadline,
        };
        let second = side.send_again(request, deadline).await;
        if FallbackReason::of(&second).is_none() {
            if let Ok(response) = second {
                debug!(
                    { field::SIDE } = other.name(),
                    { field::REASON } = reason.name(),
                    "fell back"
                );
                self.tell(|| Event::RequestFellBack { side: other.name(), reason: reason.name() });
                return Ok(Answered::instead(other, response));
            }
        }
        match (first, second) {
            // A failure that has a body of its own says more than one of ours.
            (Ok(response), _) => Ok(Answered::by(primary, response)),
            (Err(_), Ok(response)) => Ok(Answered::instead(other, response)),
            (Err(_), Err(error)) => {
                self.side_failed(other, &error);
                Err(fault_of(&error, true))
            }
        }
    }

    fn is_replayable(&self, body: &Body) -> bool {
        let upper = body.size_hint().upper();
        upper.is_some_and(|upper| upper <= self.config.replayable_max as u64)
    }

    /// The same request with all of its body, so that it can be sent twice. Until then it has a place among those
    /// whose bodies still come.
    async fn collected(&self, request: Request, place: Place) -> Result<Request, Fault> {
        let (head, mut body) = request.into_parts();
        let config = &self.config;
        let end = Instant::now().checked_add(config.upload_deadline);
        let most = config.limits.body_max.min(config.replayable_max as u64);
        body.watch().limit(most).idle(config.upload_idle, end).place(place);
        let bytes = body.collect().await?.to_bytes();
        Ok(Request::from_parts(head, Body::full(bytes)))
    }

    /// Sends a request whose body comes as it is sent: once, and to one side. Of a side that is probed, small ones
    /// are asked when they are there, as probes like others, and of the larger ones a few at once as trials, which
    /// hold no probe before the side has them: whoever sends slowly must not keep a side from showing that it is
    /// well, and neither must it stay unknown where nothing is asked but large ones.
    async fn forward_stream(
        &self,
        mut request: Request,
        decision: &Decision<'_>,
        primary: Side,
        safe: bool,
    ) -> Result<Answered, Fault> {
        let place = self.streams.place().ok_or(Fault::Busy)?;
        let side = self.side(primary);
        let deadline = self.deadline(primary, decision, safe);
        let is_probed = side.is_probed();
        if is_probed && self.is_replayable(request.body()) {
            let request = Box::new(self.collected(request, place).await?);
            let sent = side.send(request, deadline, Admission::Ordinary).await;
            return self.only(primary, sent, safe);
        }
        let trial = match is_probed.then(|| side.trial()) {
            Some(None) => return Err(Fault::NotDone),
            trial => trial.flatten(),
        };
        let config = &self.config;
        let end = Instant::now().checked_add(config.upload_deadline);
        let upload = Arc::new(Upload::new(config.upload_idle, end));
        let watch = request.body_mut().watch();
        watch
            .limit(config.limits.body_max)
            .idle(config.upload_idle, end)
            .upload(Uploading(Arc::clone(&upload)))
            .place(place);
        let sent = side.send_streamed(request, &upload, deadline);
        let sent = match trial {
            Some(trial) => on_trial(trial, &upload, deadline, sent).await,
            None => sent.await,
        };
        match (sent, upload.fault()) {
            (Err(_), Some(error)) => Err(error.into()),
            (sent, _) => self.only(primary, sent, safe),
        }
    }
}

/// Waits for what comes of a trial. One whose body is still under way after so long shows nothing of the side yet:
/// it goes on, and another may be one in its place.
async fn on_trial(
    trial: Seat<'_>,
    upload: &Upload,
    deadline: Duration,
    sent: impl Future<Output = Sent>,
) -> Sent {
    let mut sent = pin!(sent);
    tokio::select! {
        biased;
        sent = &mut sent => return sent,
        () = tokio::time::sleep(deadline) => {}
    }
    let _trial = upload.awaits_answer().then_some(trial);
    sent.await
}
