//! A mirror behind a gateway's door.

use std::sync::Arc;

use strangler_fig::error::StoreError;
use strangler_fig::gateway::{Body, Gateway, GatewayBuildError, Request, Response, Upstream};
use strangler_fig::observe::Comparison::{Match, Mismatch};
use strangler_fig::phase::{Share, Side};
use strangler_fig::route::{RouteTable, RuleBuilder, TableHandle};

use super::support::{Verdicts, WithTarget, get, plain, text};

/// A side that says its name, or the same as the other.
#[derive(Debug)]
struct Says(Side);

#[strangler_fig::async_trait]
impl Upstream for Says {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        let is_same = request.uri().path() == "/same";
        Ok(Response::new(Body::full(if is_same { "the same" } else { self.0.name() })))
    }
}

fn tables() -> TableHandle {
    let all = RuleBuilder::prefix("all", "/").to(Side::Legacy).with_mirror(Share::WHOLE);
    TableHandle::new(RouteTable::builder("shop").rule(all).build().unwrap())
}

#[tokio::test(start_paused = true)]
async fn the_gateway_s_observer_is_told_of_comparisons() {
    let (told, own) = (Arc::new(Verdicts::default()), Arc::new(Verdicts::default()));
    let sides = || (Arc::new(Says(Side::Legacy)), Arc::new(Says(Side::Modern)));
    for mirror in [plain(), plain().with_observer(own.clone())] {
        let (legacy, modern) = sides();
        let gateway = Gateway::builder(tables(), legacy, modern).with_mirror(mirror);
        let gateway = gateway.with_observer(told.clone()).build().unwrap();
        for path in ["/same", "/other"] {
            let request = get(path).with("host", "shop.example");
            text(gateway.handle(request).await).await;
            gateway.drained().await;
        }
    }
    let expected = [Match, Mismatch].map(|it| ("modern", it));
    assert_eq!(*told.0.lock().unwrap(), expected, "a mirror's own observer goes before");
    assert_eq!(*own.0.lock().unwrap(), expected);
}

/// Whom a layer has found out to have sent a request.
#[derive(Debug, Clone, PartialEq, Eq)]
struct User(&'static str);

/// The monolith itself, behind a layer that knows its users; whom it does not know it serves nothing.
#[derive(Debug)]
struct Knows;

#[strangler_fig::async_trait]
impl Upstream for Knows {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        let user = request.extensions().get::<User>();
        let mut response = Response::new(Body::full(user.map_or("nobody", |user| user.0)));
        *response.status_mut() = if user.is_some() { 200 } else { 500 }.try_into().unwrap();
        Ok(response)
    }
}

#[tokio::test(start_paused = true)]
async fn a_side_in_this_process_knows_who_has_sent_what_is_mirrored() {
    let (legacy, modern) = (Arc::new(Knows), Arc::new(Says(Side::Modern)));
    let mirror = plain();
    let gateway = Gateway::builder(tables(), legacy, modern).with_mirror(mirror.clone());
    let gateway = gateway.build().unwrap();
    // Conditions are left out, so legacy is asked again.
    let mut request = get("/same").with("host", "shop.example").with("if-none-match", "\"7\"");
    request.extensions_mut().insert(User("the same"));
    assert_eq!(text(gateway.handle(request).await).await, "the same");
    gateway.drained().await;
    assert_eq!((mirror.report().equal, mirror.report().compared), (1, 1), "{}", mirror.report());
}

#[test]
fn a_table_that_mirrors_needs_a_mirror() {
    let (legacy, modern) = (Arc::new(Says(Side::Legacy)), Arc::new(Says(Side::Modern)));
    let refused = Gateway::builder(tables(), legacy, modern).build().unwrap_err();
    assert!(matches!(refused, GatewayBuildError::NoMirror { .. }), "{refused}");
}
