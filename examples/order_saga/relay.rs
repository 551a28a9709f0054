use std::num::{NonZeroU16, NonZeroUsize};
use std::time::Duration;

use strangler_fig::error::StoreError;
use strangler_fig::event::{EventPublisher, FetchLimit, OutboxStore, RowEnd};
use strangler_fig::memory::{InMemoryBus, InMemoryOutbox};
use strangler_fig::phase::NodeId;

/// How long the lanes of a relay that has died stay its own.
const TERM: Duration = Duration::from_millis(200);

/// Hands what was staged to the bus, for ever.
pub(crate) async fn relay(
    outbox: &InMemoryOutbox,
    bus: &InMemoryBus,
    node: &NodeId,
) -> Result<(), StoreError> {
    let hundred = NonZeroUsize::MIN.saturating_add(99);
    let limit = FetchLimit { rows: hundred, bytes: NonZeroUsize::MAX };
    loop {
        let claims = outbox.claim(node, NonZeroU16::MAX, TERM).await?;
        let rows = outbox.fetch(&claims.held, limit).await?;
        if rows.is_empty() {
            let _ = tokio::time::timeout(TERM / 4, outbox.staged()).await;
            continue;
        }
        let messages: Vec<_> = rows.iter().filter_map(|row| row.message.clone().ok()).collect();
        if messages.len() < rows.len() {
            return Err(StoreError::rejected("a row of an outbox in memory can be read"));
        }
        let answers = bus.publish(&messages).await;
        for (row, answer) in rows.iter().zip(answers) {
            let claim = claims.held.iter().find(|claim| claim.lane == row.lane);
            if let (Some(claim), Ok(())) = (claim, answer) {
                outbox.settle(claim, &[(row.position, RowEnd::Sent)]).await?;
            }
        }
    }
}
