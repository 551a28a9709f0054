//! A flag that can be waited for.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// A flag that can be waited for. Who waits goes on in the order in which they came: of
/// tokio's `watch` that is not so.
#[derive(Debug, Default)]
pub(crate) struct Flag {
    is_up: AtomicBool,
    turned: Notify,
}

impl Flag {
    pub(crate) fn set(&self, is_up: bool) {
        self.is_up.store(is_up, Ordering::SeqCst);
        self.turned.notify_waiters();
    }

    pub(crate) fn is_up(&self) -> bool {
        self.is_up.load(Ordering::SeqCst)
    }

    pub(crate) async fn is(&self, is_up: bool) {
        loop {
            let mut turned = std::pin::pin!(self.turned.notified());
            turned.as_mut().enable();
            if self.is_up() == is_up {
                return;
            }
            turned.await;
        }
    }
}
