use std::sync::Arc;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::{Request, Response, Upstream};

/// The modern side: several services, each for its paths.
#[derive(Debug)]
pub struct Services {
    /// Users and newsletters.
    pub users: Arc<dyn Upstream>,
    /// Orders.
    pub orders: Arc<dyn Upstream>,
    /// Stock and reservations.
    pub inventory: Arc<dyn Upstream>,
    /// Payments.
    pub payments: Arc<dyn Upstream>,
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
