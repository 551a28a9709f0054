use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use tracing::warn;

use super::inner::Inner;
use super::{ParkReason, RequestKey, RequestStatus, Shelf};
use crate::error::StoreError;
use crate::observe::{Event, field};

const PAGE: NonZeroUsize = NonZeroUsize::new(256).expect("it is not zero");

/// The parked requests that this process has told of. Whoever parks one may die before it can tell, so all look.
#[derive(Debug, Default)]
pub(super) struct TellsOfParked(Mutex<HashSet<RequestKey>>);

impl TellsOfParked {
    /// Whether that is news.
    fn add(&self, key: &RequestKey) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone())
    }

    /// What is not parked any more is news when it is again.
    fn keep(&self, parked: &HashSet<RequestKey>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|key| parked.contains(key));
    }
}

impl Inner {
    /// Tells that a request is parked, just now.
    pub(super) fn parked(&self, key: &RequestKey, rule: &str, reason: ParkReason) {
        self.told.add(key);
        let reason = reason.name();
        warn!(
            { field::RULE } = rule,
            { field::REASON } = reason,
            "a dual-written request is parked"
        );
        self.tell(|| Event::RequestParked { reason });
        self.tell(|| Event::Diverged { reason });
    }

    /// Tells of what others have parked.
    pub(super) async fn look_for_parked(&self) -> Result<(), StoreError> {
        let (mut after, mut all): (Option<RequestKey>, _) = (None, HashSet::new());
        loop {
            let call = self.journal.list(Shelf::Parked, after.as_ref(), PAGE);
            let page = self.within(call).await?;
            for record in &page {
                let key = &record.new.key;
                match record.state.status() {
                    RequestStatus::Parked(reason) if self.told.add(key) => {
                        self.parked(key, &record.new.rule, reason);
                    }
                    _ => {}
                }
                all.insert(key.clone());
            }
            let is_last = page.len() < PAGE.get();
            after = page.into_iter().next_back().map(|record| record.new.key);
            if is_last {
                break;
            }
        }
        self.told.keep(&all);
        Ok(())
    }
}
