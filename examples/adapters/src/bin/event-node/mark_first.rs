//! A relay as it must not be: it sends a message at most once.

use std::collections::BTreeMap;
use std::num::{NonZeroU16, NonZeroUsize};
use std::time::Duration;

use strangler_fig::error::StoreError;
use strangler_fig::event::{FetchLimit, LaneClaim, Message, OutboxStore, RowEnd};
use strangler_fig::phase::NodeId;
use tokio::time::sleep;

use crate::Outcome;
use crate::bus::Bus;
use crate::relay::{POLL, TERM, node, outbox};

/// Time to die in, between the mark and the message.
const MOMENT: Duration = Duration::from_millis(300);
const LIMIT: FetchLimit = {
    let rows = NonZeroUsize::new(20).expect("it is not 0");
    FetchLimit { rows, bytes: NonZeroUsize::MAX }
};

pub(crate) async fn run(database: &str, bus: &Bus) -> Outcome {
    let (outbox, bus, node) = (outbox(database)?, bus.publisher(), node()?);
    loop {
        match marked(&*outbox, &node).await {
            Ok(messages) if !messages.is_empty() => {
                sleep(MOMENT).await;
                // Whatever comes of it.
                drop(bus.publish(&messages).await);
            }
            _ => sleep(POLL).await,
        }
    }
}

/// Some messages, which will not be there again.
async fn marked(outbox: &dyn OutboxStore, node: &NodeId) -> Result<Vec<Message>, StoreError> {
    let claims = outbox.claim(node, NonZeroU16::MIN, TERM).await?;
    let claims = outbox.claim(node, claims.fair_share(), TERM).await?.held;
    let mut lanes = BTreeMap::<_, Vec<_>>::new();
    let mut messages = Vec::new();
    for row in outbox.fetch(&claims, LIMIT).await? {
        lanes.entry(row.lane).or_default().push((row.position, RowEnd::Sent));
        messages.extend(row.message);
    }
    let is_theirs = |claim: &&LaneClaim| lanes.contains_key(&claim.lane);
    for claim in claims.iter().filter(is_theirs) {
        outbox.settle(claim, &lanes[&claim.lane]).await?;
    }
    Ok(messages)
}
