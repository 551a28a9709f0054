//! Services that must be waited for before each call.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::future::{BoxFuture, poll_fn};
use strangler_fig::resilience::{CallError, Deadline, Fallback, Policy, Retry};
use tokio::time::{Sleep, sleep};
use tower::{Layer, Service, ServiceExt};

use super::{Answer, Broken, Statuses, by_status};
use crate::breaker::{breaker, config};
use crate::bulkhead::bulkhead;
use crate::support::{is_given_up, ms, pauses};

/// A service that is ready after 5 ms, for one call, and panics when it is called
/// before. A clone is not ready.
struct Shy {
    statuses: Statuses,
    wait: Option<Pin<Box<Sleep>>>,
    is_ready: bool,
}

impl Shy {
    fn new(statuses: &Statuses) -> Self {
        Self { statuses: statuses.clone(), wait: None, is_ready: false }
    }
}

impl Clone for Shy {
    fn clone(&self) -> Self {
        Self::new(&self.statuses)
    }
}

impl Service<&'static str> for Shy {
    type Response = u16;
    type Error = Broken;
    type Future = BoxFuture<'static, Answer>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        if !self.is_ready {
            let wait = self.wait.get_or_insert_with(|| Box::pin(sleep(ms(5))));
            ready!(wait.as_mut().poll(cx));
            (self.wait, self.is_ready) = (None, true);
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: &'static str) -> Self::Future {
        assert!(std::mem::take(&mut self.is_ready), "it was called unready");
        Box::pin(self.statuses.clone().answer())
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_waits_for_the_service_before_each_try() {
    let statuses = Statuses::new(0, [503, 503, 200]);
    let retry = Retry::new(pauses([10, 100])).layer_judged(by_status);
    assert_eq!(retry.layer(Shy::new(&statuses)).oneshot("/").await, Ok(200));
    assert_eq!(statuses.calls(), [5, 5 + 10 + 5, 20 + 100 + 5]);
}

#[tokio::test(start_paused = true)]
async fn a_policy_waits_for_the_service_before_each_try() {
    let statuses = Statuses::new(0, [503, 200]);
    let policy = Policy::new("pages").with_retry(Retry::new(pauses([10])));
    let service = policy.layer_judged(by_status).layer(Shy::new(&statuses));
    assert_eq!(service.oneshot("/").await, Ok(200));
    assert_eq!(statuses.calls(), [5, 20]);
}

#[tokio::test(start_paused = true)]
async fn the_wait_of_a_later_try_is_within_its_deadline() {
    let statuses = Statuses::new(0, [503, 200]);
    let policy = Policy::new("pages").with_retry(Retry::new(pauses([10])));
    let service = policy.with_try_deadline(ms(4)).layer_judged(by_status);
    assert!(is_given_up(&service.layer(Shy::new(&statuses)).oneshot("/").await));
    assert_eq!(statuses.calls(), [5]);
}

#[tokio::test(start_paused = true)]
async fn each_call_is_made_by_the_service_that_was_ready() {
    let statuses = Statuses::new(0, [503, 200]);
    let retry = Retry::new(pauses([10])).layer_judged(by_status);
    let mut service = retry.layer(Shy::new(&statuses));
    for _ in 0..3 {
        service.ready().await.unwrap().call("/").await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn calls_of_one_service_may_be_under_way_together() {
    let statuses = Statuses::new(50, [200]);
    let mut service = bulkhead(8).layer().layer(Shy::new(&statuses));
    let mut calls = Vec::new();
    for _ in 0..3 {
        calls.push(service.ready().await.unwrap().call("/"));
    }
    let answers = futures::future::join_all(calls).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(statuses.calls(), [15, 15, 15], "a call begins when its future is polled");
}

/// Whether a layered service waits for the one within.
async fn waits<S: Service<&'static str>>(mut service: S, statuses: &Statuses) -> bool {
    let before = statuses.elapsed();
    assert!(poll_fn(|cx| service.poll_ready(cx)).await.is_ok());
    statuses.elapsed() == before + 5
}

#[tokio::test(start_paused = true)]
async fn every_layer_is_ready_when_the_service_within_is() {
    let statuses = Statuses::new(0, [200]);
    let shy = || Shy::new(&statuses);
    let retry = Retry::new(pauses([1]));
    let other = async |_: &'static str| Ok(200);
    assert!(waits(retry.layer_judged(by_status).layer(shy()), &statuses).await);
    assert!(waits(Policy::new("pages").layer_judged(by_status).layer(shy()), &statuses).await);
    assert!(waits(breaker(config()).layer_judged(by_status).layer(shy()), &statuses).await);
    assert!(waits(bulkhead(1).layer().layer(shy()), &statuses).await);
    assert!(waits(Deadline::after(ms(1)).layer().layer(shy()), &statuses).await);
    let fallback = Fallback::default().layer_judged(by_status, other);
    assert!(waits(fallback.layer(shy()), &statuses).await);
}

/// A service that is out of order.
#[derive(Clone)]
struct Dead;

impl Service<&'static str> for Dead {
    type Response = u16;
    type Error = Broken;
    type Future = BoxFuture<'static, Answer>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        Poll::Ready(Err(Broken))
    }

    fn call(&mut self, _: &'static str) -> Self::Future {
        unreachable!("it is never ready")
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_out_of_order_says_so_through_every_layer() {
    let failed = Err(CallError::Failed(Broken));
    let retry = Retry::new(pauses([1])).layer_judged(by_status);
    assert_eq!(retry.layer(Dead).oneshot("/").await, failed);
    assert_eq!(bulkhead(1).layer().layer(Dead).oneshot("/").await, failed);
    let breaker = breaker(config()).layer_judged(by_status);
    assert_eq!(breaker.layer(Dead).oneshot("/").await, failed);
    let fallback = Fallback::default().layer_judged(by_status, async |_| Ok(200));
    assert_eq!(fallback.layer(Dead).oneshot("/").await, Err(Broken));
}
