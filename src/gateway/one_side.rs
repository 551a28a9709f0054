use std::future::{Future, ready};
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use http::{Method, Version};

use super::flight::{Flight, Seat};
use super::hop::clean_response;
use super::judge::{MalformedResponse, Sent, judge, vet_response};
use super::upload::Upload;
use super::{Limits, Request, Response, Upstream};
use crate::error::StoreError;
use crate::resilience::{Admission, BreakerState, CallError, Judged, Policy, TimedOut};

/// How many requests with bodies that still come a side is sent at once while it is probed.
const TRIALS_MAX: NonZeroU32 = NonZeroU32::new(3).expect("it is not zero");

/// One side: where it is, and what keeps it and its callers from each other.
#[derive(Debug)]
pub(crate) struct OneSide {
    upstream: Arc<dyn Upstream>,
    policy: Policy,
    /// For what nobody waits for.
    aside: Policy,
    /// Requests whose bodies come as they are sent while it is probed.
    trials: Flight,
    limits: Limits,
}

/// The upstream has panicked.
#[derive(Debug, thiserror::Error)]
#[error("the upstream panicked")]
struct Panicked;

impl OneSide {
    pub(super) fn new(upstream: Arc<dyn Upstream>, policy: Policy, limits: Limits) -> Self {
        let aside = policy.without_breaker();
        Self { upstream, policy, aside, trials: Flight::new(TRIALS_MAX), limits }
    }

    /// Whether it has failed, and is tried again by a few.
    pub(super) fn is_probed(&self) -> bool {
        let breaker = self.policy.breaker();
        breaker.is_some_and(|breaker| breaker.state() == BreakerState::HalfOpen)
    }

    /// Leave for one of the few requests with bodies that still come by which a side may show that it is well.
    pub(super) fn trial(&self) -> Option<Seat<'_>> {
        self.trials.seat()
    }

    /// Sends a request whose bytes are there, once; the head of the response is awaited for so long.
    pub(crate) async fn send(
        &self,
        request: Box<Request>,
        deadline: Duration,
        admission: Admission,
    ) -> Sent {
        let bounds = self.policy.once_within(deadline);
        let mut request = Some(request);
        let call = || self.ask(*request.take().expect("it is sent once"));
        self.policy.call_within(bounds, judge, StoreError::timed_out(), admission, call).await
    }

    /// Sends a request that nobody waits for, if there is a place to spare. An open breaker refuses it; but how
    /// it ends opens and closes none, so that a mirror moves nobody's requests.
    pub(super) async fn send_aside(&self, request: Box<Request>, deadline: Duration) -> Sent {
        if let Some(breaker) = self.policy.breaker() {
            // The permit is given back at once.
            breaker.acquire().map(drop).map_err(CallError::Refused)?;
        }
        let bounds = self.aside.once_within(deadline);
        let mut request = Some(request);
        let call = || self.ask(*request.take().expect("it is sent once"));
        let late = StoreError::timed_out();
        self.aside.call_within(bounds, judge, late, Admission::Spare, call).await
    }

    /// Sends a safe request whose bytes are there as often as the policy says, each time for so long.
    pub(super) async fn send_again(&self, request: Box<Request>, deadline: Duration) -> Sent {
        let admission = Admission::Ordinary;
        if !self.policy.retries_anything() {
            return self.send(request, deadline, admission).await;
        }
        let bounds = self.policy.tries_within(deadline);
        let mut request = Some(*request);
        let call = || {
            let next = request.as_ref().and_then(copy);
            let this = std::mem::replace(&mut request, next);
            self.ask(this.expect("its bytes are there"))
        };
        self.policy.call_within(bounds, judge, StoreError::timed_out(), admission, call).await
    }

    pub(super) const fn retries(&self) -> bool {
        self.policy.retries_anything()
    }

    /// Sends a request whose body comes as it is sent. The side is late when it has been its turn for so long;
    /// what the client has done wrong is not counted against it, nor the time that its body takes. Of the policy
    /// only the breaker counts: such requests have places and bounds of their own.
    pub(super) async fn send_streamed(
        &self,
        request: Request,
        upload: &Upload,
        deadline: Duration,
    ) -> Sent {
        let call = async {
            tokio::select! {
                biased;
                answer = self.ask(request) => answer,
                () = upload.late(deadline) => Err(StoreError::unknown(TimedOut { after: deadline })),
            }
        };
        let judge = |answer: &Result<Response, StoreError>| match (answer, upload.fault()) {
            (Err(_), Some(_)) => judge(answer).ignored(),
            _ => judge(answer),
        };
        self.policy.call_counted(judge, upload.is_over(), call).await
    }

    /// Not an `async fn`: its future holds a pointer, and no request. Every future that it is awaited in holds it,
    /// and is moved.
    fn ask(&self, request: Request) -> impl Future<Output = Result<Response, StoreError>> + Send {
        let method = request.method().clone();
        let sent = catch_unwind(AssertUnwindSafe(|| self.upstream.send(request)));
        let sent = sent.unwrap_or_else(|_| Box::pin(ready(Err(StoreError::unknown(Panicked)))));
        AssertUnwindSafe(sent).catch_unwind().map(move |answer| {
            let response = answer.unwrap_or_else(|_| Err(StoreError::unknown(Panicked)))?;
            self.received(response, &method)
        })
    }

    /// A response as it is passed on.
    fn received(&self, mut response: Response, method: &Method) -> Result<Response, StoreError> {
        let vetted = vet_response(&response, method, &self.limits);
        vetted.map_err(|malformed: MalformedResponse| StoreError::unknown(malformed))?;
        clean_response(&mut response, method);
        *response.version_mut() = Version::HTTP_11;
        Ok(response)
    }
}

/// The same request once more, if its bytes are there.
pub(crate) fn copy(request: &Request) -> Option<Request> {
    let mut copy = http::Request::new(request.body().try_clone()?);
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    copy.headers_mut().clone_from(request.headers());
    copy.extensions_mut().clone_from(request.extensions());
    Some(copy)
}
