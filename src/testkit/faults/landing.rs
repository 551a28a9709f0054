use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

/// Counts the effects that are still to come.
#[derive(Debug, Clone, Default)]
pub(super) struct Landings(Arc<watch::Sender<usize>>);

impl Landings {
    /// Has `effect` in `delay`, in a task of its own.
    pub(super) fn launch(
        &self,
        delay: Duration,
        effect: impl Future<Output = ()> + Send + 'static,
    ) {
        self.0.send_modify(|pending| *pending += 1);
        let flight = Flight(self.clone());
        tokio::spawn(async move {
            let _flight = flight;
            sleep(delay).await;
            effect.await;
        });
    }

    /// Resolves when none is left.
    pub(super) async fn settled(&self) {
        let mut pending = self.0.subscribe();
        // The sender lives as long as `self`.
        let _ = pending.wait_for(|pending| *pending == 0).await;
    }
}

/// One effect on its way; it is over however its task ends.
struct Flight(Landings);

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.0.send_modify(|pending| *pending -= 1);
    }
}
