//! The repair queue, asked over HTTP.

use std::sync::Arc;

use storefront::users::{HttpRepairQueue, repairs};
use strangler_fig::memory::InMemoryRepairQueue;
use strangler_fig::reconcile::RepairQueue;
use strangler_fig::testkit::conformance::{RepairQueueFixture, async_trait};
use tokio::net::TcpListener;

struct Remote(Arc<HttpRepairQueue>);

impl Remote {
    async fn fresh() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let routes = repairs(Arc::new(InMemoryRepairQueue::default()));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self(Arc::new(HttpRepairQueue::new(&base).unwrap()))
    }
}

#[async_trait]
impl RepairQueueFixture for Remote {
    fn queue(&self) -> Arc<dyn RepairQueue> {
        Arc::clone(&self.0) as _
    }
}

strangler_fig::repair_queue_conformance!(volatile Remote::fresh());
