//! The bus in memory.

use std::sync::Arc;

use strangler_fig::event::{EventBus, EventKey, SubscriptionName, Topic};
use strangler_fig::memory::InMemoryBus;
use strangler_fig::testkit::conformance::{EventBusFixture, GivenUp, async_trait};

struct InMemory(InMemoryBus);

#[async_trait]
impl EventBusFixture for InMemory {
    fn bus(&self) -> Arc<dyn EventBus> {
        Arc::new(self.0.clone())
    }

    async fn narrow(&self, bytes: usize) -> Option<Arc<dyn EventBus>> {
        Some(Arc::new(self.0.clone().with_payload_max(bytes)))
    }

    async fn plant(&self, topic: &Topic, _: &EventKey, bytes: &[u8]) -> bool {
        self.0.plant(topic, bytes);
        true
    }

    async fn given_up(&self, name: &SubscriptionName) -> Vec<GivenUp> {
        let letters = self.0.dead_letters(name).into_iter();
        letters.map(|letter| GivenUp::new(letter.topic, letter.content, letter.reason)).collect()
    }
}

mod in_memory_bus {
    use super::{InMemory, InMemoryBus};

    strangler_fig::event_bus_conformance!(async { InMemory(InMemoryBus::default()) });
}
