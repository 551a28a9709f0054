use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use crate::Breaker;

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It answers.
    Well,
    /// It fails.
    Sick,
    /// It fails in a way that counts neither way.
    Ignored,
    /// Its future is dropped.
    Cancelled,
    /// Its future is forgotten, and never dropped.
    Leaked,
}

/// What a call waits for: somebody who says how it ends.
#[derive(Debug)]
pub struct End(Arc<OnceLock<Fate>>);

impl Future for End {
    type Output = Fate;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Fate> {
        self.0.get().map_or(Poll::Pending, |fate| Poll::Ready(*fate))
    }
}

/// A call that was let through, and is under way. It may be ended by another thread
/// than has begun it, or be dropped by one.
#[must_use = "a call that is dropped is cancelled"]
pub struct Call {
    end: Arc<OnceLock<Fate>>,
    running: Pin<Box<dyn Future<Output = bool> + Send>>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("end", &self.end).finish_non_exhaustive()
    }
}

impl Call {
    /// A call through the breaker, if it lets it through.
    pub fn begin(breaker: &impl Breaker) -> Option<Self> {
        let end = Arc::<OnceLock<Fate>>::default();
        let running = Box::pin(breaker.clone().call(End(end.clone())));
        let mut call = Self { end, running };
        call.poll().is_pending().then_some(call)
    }

    /// Ends it.
    ///
    /// # Panics
    ///
    /// If the breaker does not let it end.
    pub fn end(mut self, fate: Fate) {
        match fate {
            Fate::Cancelled => drop(self),
            Fate::Leaked => mem::forget(self),
            Fate::Well | Fate::Sick | Fate::Ignored => {
                self.end.set(fate).expect("it ends once");
                assert_eq!(self.poll(), Poll::Ready(true));
            }
        }
    }

    fn poll(&mut self) -> Poll<bool> {
        self.running.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }
}
