//! What an outbox says of itself when something was staged.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, poll};
use tokio::time::sleep;

use crate::event::OutboxStore;

/// How long an outbox is left alone that has panicked.
const PAUSE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Something may have been staged.
    Staged,
    /// It has panicked: until it is asked again, polls find what is staged.
    Nothing,
}

pub(super) struct Hints<'o> {
    outbox: &'o dyn OutboxStore,
    next: BoxFuture<'o, Heard>,
}

impl<'o> Hints<'o> {
    pub(super) fn of(outbox: &'o dyn OutboxStore) -> Self {
        Self { outbox, next: next(outbox, Duration::ZERO) }
    }

    /// The next one. Cancel safe.
    pub(super) async fn heard(&mut self) -> Heard {
        let heard = self.next.as_mut().await;
        self.renew(heard);
        heard
    }

    /// The next one, if it is there.
    pub(super) async fn heard_now(&mut self) -> Option<Heard> {
        let std::task::Poll::Ready(heard) = poll!(self.next.as_mut()) else { return None };
        self.renew(heard);
        Some(heard)
    }

    fn renew(&mut self, heard: Heard) {
        let pause = if heard == Heard::Nothing { PAUSE } else { Duration::ZERO };
        self.next = next(self.outbox, pause);
    }
}

fn next(outbox: &dyn OutboxStore, pause: Duration) -> BoxFuture<'_, Heard> {
    let told = async move {
        if !pause.is_zero() {
            sleep(pause).await;
        }
        outbox.staged().await;
    };
    AssertUnwindSafe(told)
        .catch_unwind()
        .map(|it| it.map_or(Heard::Nothing, |()| Heard::Staged))
        .boxed()
}
