use std::num::NonZeroUsize;

use storefront::Failed;
use storefront::orders::{AGE, Tidies};
use strangler_fig::async_trait;
use strangler_fig::event::ReplyReceiver;
use strangler_fig::saga::SagaOrchestrator;

/// So many replies at once.
const PAGE: NonZeroUsize = NonZeroUsize::new(1_000).expect("it is not zero");

/// Sagas that have ended long ago, and what they were answered.
#[derive(Debug)]
pub(crate) struct SagasOver {
    pub(crate) sagas: SagaOrchestrator,
    pub(crate) replies: ReplyReceiver,
}

#[async_trait]
impl Tidies for SagasOver {
    async fn tidy(&self) -> Result<(), Failed> {
        self.sagas.purge(AGE).await?;
        while self.replies.store().purge(AGE, PAGE).await? == PAGE.get() {}
        Ok(())
    }
}
