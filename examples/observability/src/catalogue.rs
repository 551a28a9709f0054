use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use http_body_util::BodyExt;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::{Body, Gateway, Mirror, Request, Response, ResponseFields, Upstream};
use strangler_fig::observe::Observer;
use strangler_fig::phase::{Share, Side};
use strangler_fig::resilience::{BreakerConfig, CircuitBreaker, Policy};
use strangler_fig::route::{RouteTable, RuleBuilder, TableHandle};

use crate::Failed;

/// One of so many requests the new catalogue does not answer: the gateway falls back.
const FAILS_EVERY: u32 = 10;

/// A service of the catalogue, in this process, and how many requests it has seen.
#[derive(Debug)]
struct Catalogue(Side, AtomicU32);

#[async_trait]
impl Upstream for Catalogue {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        let _ = request.into_body().collect().await;
        let seen = self.1.fetch_add(1, Ordering::Relaxed) + 1;
        if self.0 == Side::Modern && seen.is_multiple_of(FAILS_EVERY) {
            return Err(StoreError::unavailable("the new catalogue is too busy"));
        }
        Ok(Response::new(Body::full(r#"{"price":7}"#)))
    }
}

/// The gateway before both catalogues: the new one is asked, and compared with the old one.
pub(crate) fn gateway(observer: Arc<dyn Observer>) -> Result<Gateway, Failed> {
    let all = RuleBuilder::prefix("catalogue", "/catalogue").to(Side::Modern);
    let all = all.with_mirror(Share::WHOLE);
    let tables = TableHandle::new(RouteTable::builder("shop").rule(all).build()?);
    let [legacy, modern] =
        [Side::Legacy, Side::Modern].map(|side| Arc::new(Catalogue(side, AtomicU32::new(0))));
    // Metrics tell breakers apart by name: the repository has one of its own.
    let breaker = CircuitBreaker::new("catalogue", BreakerConfig::default());
    let gateway = Gateway::builder(tables, legacy, modern)
        .with_policy(Side::Modern, Policy::new("catalogue").with_breaker(breaker))
        .with_mirror(Mirror::new(Arc::new(ResponseFields::default())))
        .with_observer(observer);
    Ok(gateway.build()?)
}
