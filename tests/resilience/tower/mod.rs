//! The primitives as layers of tower.

mod layers;
mod order;
mod readiness;

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use strangler_fig::resilience::Judgement;
use tokio::time::{Instant, sleep};
use tower::Service;

use crate::support::ms;

/// The error of somebody else's service, which says nothing of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

pub(crate) type Answer = Result<u16, Broken>;

/// As a client of an HTTP service might judge: a closure of no state, for every layer.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "judges are given a reference")]
pub(crate) fn by_status(answer: &Answer) -> Judgement {
    match answer {
        Ok(429) => Judgement::failed().definite().with_retry_after(ms(500)),
        Ok(503) => Judgement::failed().definite().retryable(),
        Ok(500..) | Err(Broken) => Judgement::failed(),
        Ok(400..) => Judgement::refused(),
        Ok(_) => Judgement::success(),
    }
}

/// A service of statuses, the last of them again and again; remembers when it was
/// called. Clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Statuses(Arc<Told>);

#[derive(Debug)]
struct Told {
    began: Instant,
    takes: Duration,
    statuses: Vec<u16>,
    calls: std::sync::Mutex<Vec<u128>>,
}

impl Statuses {
    pub(crate) fn new(takes: u64, statuses: impl Into<Vec<u16>>) -> Self {
        let (began, takes, statuses) = (Instant::now(), ms(takes), statuses.into());
        Self(Arc::new(Told { began, takes, statuses, calls: std::sync::Mutex::default() }))
    }

    pub(crate) fn calls(&self) -> Vec<u128> {
        self.0.calls.lock().unwrap().clone()
    }

    pub(crate) fn elapsed(&self) -> u128 {
        self.0.began.elapsed().as_millis()
    }

    pub(crate) async fn answer(self) -> Answer {
        let number = {
            let mut calls = self.0.calls.lock().unwrap();
            calls.push(self.elapsed());
            calls.len() - 1
        };
        if !self.0.takes.is_zero() {
            sleep(self.0.takes).await;
        }
        Ok(*self.0.statuses.get(number).or(self.0.statuses.last()).unwrap())
    }
}

impl Service<&'static str> for Statuses {
    type Response = u16;
    type Error = Broken;
    type Future = BoxFuture<'static, Answer>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: &'static str) -> Self::Future {
        Box::pin(self.clone().answer())
    }
}
