use std::sync::Arc;

use http_body_util::BodyExt;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::{Body, Gateway, Mirror, Request, Response, ResponseFields, Upstream};
use strangler_fig::observe::Observer;
use strangler_fig::phase::{Share, Side};
use strangler_fig::route::{RouteTable, RuleBuilder, TableHandle};

use crate::Failed;

/// A service of the catalogue, in this process.
#[derive(Debug)]
struct Catalogue(Side);

#[async_trait]
impl Upstream for Catalogue {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        // The new one has no books yet: its gateway falls back.
        let path = request.uri().path().to_owned();
        let _ = request.into_body().collect().await;
        if self.0 == Side::Modern && path.starts_with("/catalogue/books") {
            return Err(StoreError::unavailable("the catalogue has no books yet"));
        }
        Ok(Response::new(Body::full(r#"{"price":7}"#)))
    }
}

/// The gateway before both catalogues: the new one is asked, and compared with the old one.
pub(crate) fn gateway(observer: Arc<dyn Observer>) -> Result<Gateway, Failed> {
    let all = RuleBuilder::prefix("catalogue", "/catalogue").to(Side::Modern);
    let all = all.with_mirror(Share::WHOLE);
    let tables = TableHandle::new(RouteTable::builder("shop").rule(all).build()?);
    let [legacy, modern] = [Side::Legacy, Side::Modern].map(|side| Arc::new(Catalogue(side)));
    let gateway = Gateway::builder(tables, legacy, modern)
        .with_mirror(Mirror::new(Arc::new(ResponseFields::default())))
        .with_observer(observer);
    Ok(gateway.build()?)
}
