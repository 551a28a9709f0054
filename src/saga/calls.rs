use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, Stream};
use tokio::time::Instant;

use super::Direction;
use super::any_step::Report;

/// So many are polled one after the other, which costs nothing to set up; more by a set that knows which
/// of them was woken.
const FEW: usize = 16;

/// The calls of a saga that are under way.
#[derive(Default)]
pub(super) struct Calls {
    few: Vec<Under>,
    /// Made when there are more.
    many: Option<FuturesUnordered<Under>>,
}

/// One of them.
pub(super) struct Under {
    pub(super) step: usize,
    pub(super) direction: Direction,
    /// Which attempt in this direction it is; of a probe, the one it is about.
    pub(super) attempt: u32,
    /// When it began, if anybody wants to know.
    pub(super) began: Option<Instant>,
    pub(super) call: BoxFuture<'static, Report>,
}

/// What one has brought.
pub(super) struct Ended {
    pub(super) step: usize,
    pub(super) direction: Direction,
    pub(super) attempt: u32,
    pub(super) began: Option<Instant>,
    pub(super) report: Report,
}

impl Under {
    /// What it has brought.
    pub(super) const fn ended(&self, report: Report) -> Ended {
        let Self { step, direction, attempt, began, .. } = *self;
        Ended { step, direction, attempt, began, report }
    }
}

impl Future for Under {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ended> {
        self.call.as_mut().poll(context).map(|report| self.ended(report))
    }
}

impl Calls {
    pub(super) fn push(&mut self, call: Under) {
        let are_few = self.many.as_ref().is_none_or(FuturesUnordered::is_empty);
        if are_few && self.few.len() < FEW {
            self.few.push(call);
        } else {
            self.many.get_or_insert_default().extend(self.few.drain(..).chain([call]));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.few.is_empty() && self.many.as_ref().is_none_or(FuturesUnordered::is_empty)
    }

    /// Whether one has ended.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Ended> {
        for at in 0..self.few.len() {
            if let Poll::Ready(ended) = Pin::new(&mut self.few[at]).poll(context) {
                drop(self.few.swap_remove(at));
                return Poll::Ready(ended);
            }
        }
        match self.many.as_mut().map(|many| Pin::new(many).poll_next(context)) {
            Some(Poll::Ready(Some(ended))) => Poll::Ready(ended),
            _ => Poll::Pending,
        }
    }

    /// The next that ends; never, if there is none.
    pub(super) async fn next(&mut self) -> Ended {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// Takes those out that `is_it` says.
    pub(super) fn take(&mut self, is_it: impl Fn(&Under) -> bool) -> Vec<Under> {
        let mut many = self.many.iter().flat_map(FuturesUnordered::iter);
        if !self.few.iter().any(&is_it) && !many.any(&is_it) {
            return Vec::new();
        }
        let all = std::mem::take(self);
        let (taken, kept) =
            all.few.into_iter().chain(all.many.into_iter().flatten()).partition(is_it);
        let kept: Vec<Under> = kept;
        for call in kept {
            self.push(call);
        }
        taken
    }
}
