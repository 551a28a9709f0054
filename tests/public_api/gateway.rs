//! The front door.

use std::sync::Arc;

use strangler_fig::error::StoreError;
use strangler_fig::gateway::{
    Body, BodyError, ClientAddress, Fault, Gateway, GatewayBuildError, GatewayBuilder,
    GatewayConfig, Limits, Request, Response, Upstream, mark, vet,
};
use strangler_fig::route::{RouteTable, TableHandle};

use crate::{assert_error, assert_send, assert_shared, assert_value};

#[derive(Debug)]
pub(crate) struct Echo;

#[strangler_fig::async_trait]
impl Upstream for Echo {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        Ok(Response::new(request.into_body()))
    }
}

fn gateway() -> Gateway {
    let tables = TableHandle::new(RouteTable::builder("shop").build().unwrap());
    Gateway::builder(tables, Arc::new(Echo), Arc::new(Echo)).build().unwrap()
}

fn request() -> Request {
    http::Request::get("/").header("host", "shop.example").body(Body::empty()).unwrap()
}

#[test]
fn answering_is_send() {
    let gateway = gateway();
    assert_send(&gateway.handle(request()));
    assert_send(&gateway.handle_from(request(), None));
    assert_send(&gateway.drained());
}

fn assert_moved<T: Send + 'static>() {}

#[test]
fn gateways_may_be_shared_between_threads() {
    assert_shared::<(Gateway, GatewayConfig, Arc<dyn Upstream>)>();
    assert_moved::<(GatewayBuilder, Body, Request, Response)>();
}

#[test]
fn its_errors_are_errors_and_its_values_are_values() {
    assert_error::<BodyError>();
    assert_error::<Fault>();
    assert_error::<GatewayBuildError>();
    assert_value::<(BodyError, Fault, Limits, ClientAddress, GatewayBuildError)>();
}

#[test]
fn a_body_is_small() {
    assert!(size_of::<Body>() <= 48, "{}", size_of::<Body>());
}

#[test]
fn a_request_is_vetted_without_a_gateway() {
    assert_eq!(vet(&request(), &Limits::default()), Ok(()));
    assert_eq!(Fault::Busy.response().status(), 503);
}

#[test]
fn the_marks_are_ours() {
    let marks = [mark::STAMP, mark::ID, mark::MIRROR, mark::SERVED_BY, mark::PARTIAL];
    assert!(marks.iter().all(|name| mark::is_ours(name.as_str())));
    assert!(!mark::is_ours(mark::IDEMPOTENCY_KEY.as_str()));
}

#[cfg(feature = "tower")]
#[test]
fn it_is_a_service_and_a_layer() {
    use std::convert::Infallible;

    use strangler_fig::gateway::tower::{BaseError, GatewayLayer, GatewayService, ServiceUpstream};
    use tower::{Layer, Service};

    fn assert_service<B, S>(_: &S)
    where
        S: Service<http::Request<B>, Response = Response, Error = Infallible> + Clone + Send + Sync,
        S::Future: Send,
    {
    }
    let service = GatewayService::new(gateway());
    assert_service::<Body, _>(&service);
    assert_service::<http_body_util::Full<bytes::Bytes>, _>(&service);
    assert_service::<Body, _>(&service.for_peer([127, 0, 0, 1].into()));
    assert!(Arc::ptr_eq(service.gateway(), service.for_peer([127, 0, 0, 1].into()).gateway()));

    let layer = GatewayLayer::new(|legacy| {
        let tables = TableHandle::new(RouteTable::builder("shop").build().unwrap());
        Gateway::builder(tables, legacy, Arc::new(Echo)).build().unwrap()
    });
    assert_service::<Body, _>(&layer.layer(axum::Router::<()>::new()));
    assert_error::<BaseError>();
    let at = |base: &str| ServiceUpstream::new(axum::Router::<()>::new()).at(base).err();
    assert_eq!(at("http://10.0.0.7:8080"), None);
    for base in ["/", "10.0.0.7:8080", "http://a/b", "http://a/?b", "http://ada@a", "http://", ""] {
        assert_eq!(at(base), Some(BaseError), "{base}");
    }
}
