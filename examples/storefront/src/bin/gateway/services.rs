use std::sync::Arc;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::{Request, Response, Upstream};

/// The modern side: several services, each for its paths.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) users: Arc<dyn Upstream>,
    pub(crate) orders: Arc<dyn Upstream>,
    pub(crate) inventory: Arc<dyn Upstream>,
    pub(crate) payments: Arc<dyn Upstream>,
}

#[async_trait]
impl Upstream for Services {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        let path = request.uri().path();
        let first = path.split('/').nth(1).unwrap_or_default();
        let service = match first {
            "users" | "newsletter" => &self.users,
            "orders" => &self.orders,
            "stock" | "reservations" => &self.inventory,
            "payments" => &self.payments,
            // The table sends nothing else here.
            _ => return Err(StoreError::rejected("no service is for this path")),
        };
        service.send(request).await
    }
}
