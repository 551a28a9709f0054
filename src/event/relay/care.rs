//! What a relay does now and then: it tells how much waits, and removes what was sent long ago.

use std::num::NonZeroUsize;

use tracing::warn;

use super::relay::Inner;
use crate::observe::{Event, field};

/// How many rows one call of a purge takes, and how many calls are made in a row.
const PURGE: NonZeroUsize = NonZeroUsize::new(1_000).expect("it is not zero");
const PURGES_MAX: u32 = 100;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cared {
    pub(super) purged: u64,
    pub(super) failures: u64,
}

pub(super) async fn care(inner: &Inner) -> Cared {
    let mut cared = Cared::default();
    match inner.within(inner.outbox.depth()).await {
        Ok(depth) => inner.tell(|| Event::OutboxDepth {
            pending: depth.pending,
            parked: depth.parked,
            oldest: depth.oldest,
        }),
        Err(error) => {
            let text = error.with_causes();
            warn!({ field::ERROR } = text, "the outbox does not say how much waits");
            cared.failures += 1;
        }
    }
    for _ in 0..PURGES_MAX {
        match inner.within(inner.outbox.purge(inner.config.retention, PURGE)).await {
            Ok(purged) => {
                cared.purged += purged as u64;
                if purged < PURGE.get() {
                    break;
                }
            }
            Err(error) => {
                let text = error.with_causes();
                warn!({ field::ERROR } = text, "the outbox does not remove what was sent");
                cared.failures += 1;
                break;
            }
        }
    }
    cared
}
