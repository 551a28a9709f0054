use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::event::{Arrival, EventEnvelope, EventPayload, Inbox, Outbox};
use strangler_fig::memory::{
    InMemoryInbox, InMemoryMailTransaction, InMemoryOutbox, in_memory_mail,
};
use strangler_fig::testkit::conformance::{InboxFixture, async_trait};

struct InMemory(InMemoryInbox);

#[async_trait]
impl InboxFixture for InMemory {
    type Transaction = InMemoryMailTransaction;

    fn inbox(&self) -> Arc<dyn Inbox<InMemoryMailTransaction>> {
        Arc::new(self.0.clone())
    }

    async fn begin(&self) -> Result<InMemoryMailTransaction, StoreError> {
        Ok(self.0.begin())
    }

    async fn commit(&self, transaction: InMemoryMailTransaction) -> Result<(), StoreError> {
        transaction.commit()
    }
}

mod in_memory_inbox {
    use super::{InMemory, InMemoryInbox};

    strangler_fig::inbox_conformance!(async { InMemory(InMemoryInbox::default()) });
}

fn event(id: &str) -> EventEnvelope {
    let [source, event_type, key] = ["/s", "t", "k"].map(str::to_owned);
    EventEnvelope::new(
        id.parse().unwrap(),
        source.parse().unwrap(),
        event_type.parse().unwrap(),
        key.parse().unwrap(),
        EventPayload::default(),
    )
}

async fn arrives(inbox: &InMemoryInbox, id: &str) -> Arrival {
    let mut transaction = inbox.begin();
    let arrival = inbox.admit(&mut transaction, &"billing".parse().unwrap(), &event(id)).await;
    transaction.commit().unwrap();
    arrival.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_was_seen_long_ago_is_forgotten() {
    let inbox = InMemoryInbox::default();
    for id in ["1", "2", "3"] {
        arrives(&inbox, id).await;
    }
    tokio::time::advance(Duration::from_secs(60)).await;
    arrives(&inbox, "4").await;
    let two = NonZeroUsize::new(2).unwrap();
    assert_eq!(inbox.purge(Duration::from_secs(61), NonZeroUsize::MAX), 0);
    assert_eq!([(); 3].map(|()| inbox.purge(Duration::from_secs(60), two)), [2, 1, 0]);
    assert_eq!(arrives(&inbox, "1").await, Arrival::First);
    assert_eq!(arrives(&inbox, "4").await, Arrival::Again);
}

#[tokio::test(start_paused = true)]
async fn after_a_call_that_failed_a_transaction_cannot_commit() {
    let (outbox, inbox) = in_memory_mail();
    let message = event("1").to("t".parse().unwrap());
    let mut first = outbox.begin();
    outbox.stage(&mut first, std::slice::from_ref(&message)).await.unwrap();
    let mut second = outbox.begin();
    let refused = outbox.stage(&mut second, &[message]).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Unavailable, "the first one does not end");
    let again = inbox.admit(&mut second, &"billing".parse().unwrap(), &event("2")).await;
    assert_eq!(again.unwrap_err().kind(), StoreErrorKind::Conflict);
    assert_eq!(second.commit().unwrap_err().kind(), StoreErrorKind::Conflict);
    first.commit().unwrap();
}

#[tokio::test]
async fn a_transaction_of_another_store_is_rejected() {
    let mut strange = InMemoryOutbox::default().begin();
    let message = event("1").to("t".parse().unwrap());
    let staged = InMemoryOutbox::default().stage(&mut strange, &[message]).await;
    assert_eq!(staged.unwrap_err().kind(), StoreErrorKind::Rejected);
}
