//! Sides that do as they are told, and gateways between them.

use std::future::{Future, pending};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::HeaderMap;
use http_body_util::BodyExt;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::{
    Body, Gateway, GatewayBuilder, GatewayConfig, Request, Response, Upstream,
};
use strangler_fig::observe::{Event, Observer};
use strangler_fig::route::{RouteTable, TableHandle};

type Answer = Result<Response, StoreError>;
type Script = Box<dyn Fn(Request) -> BoxFuture<'static, Answer> + Send + Sync>;

/// What a side was sent.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A side that does as it is told.
pub(crate) struct Side {
    script: Script,
    seen: Mutex<Vec<Seen>>,
}

impl std::fmt::Debug for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Side")
    }
}

impl Side {
    pub(crate) fn does<F, Fut>(script: F) -> Arc<Self>
    where
        F: Fn(Request) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Answer> + Send + 'static,
    {
        let script: Script = Box::new(move |request| script(request).boxed());
        Arc::new(Self { script, seen: Mutex::default() })
    }

    pub(crate) fn says(text: &'static str) -> Arc<Self> {
        Self::does(move |_| async move { Ok(Response::new(Body::full(text))) })
    }

    pub(crate) fn says_after(text: &'static str, pause: Duration) -> Arc<Self> {
        Self::does(move |_| async move {
            tokio::time::sleep(pause).await;
            Ok(Response::new(Body::full(text)))
        })
    }

    pub(crate) fn answers(status: u16) -> Arc<Self> {
        Self::does(move |_| async move { Ok(response(status, "of its own")) })
    }

    pub(crate) fn fails(make: fn() -> StoreError) -> Arc<Self> {
        Self::does(move |_| async move { Err(make()) })
    }

    pub(crate) fn hangs() -> Arc<Self> {
        Self::does(|_| pending())
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// The only request that it was sent.
    pub(crate) fn only(&self) -> Seen {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }
}

#[strangler_fig::async_trait]
impl Upstream for Side {
    async fn send(&self, request: Request) -> Answer {
        let seen = Seen { target: request.uri().to_string(), headers: request.headers().clone() };
        self.seen.lock().unwrap().push(seen);
        (self.script)(request).await
    }
}

/// Keeps what a gateway tells.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Vec<Event>>);

impl Told {
    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn fallbacks(&self) -> Vec<&'static str> {
        let reason = |event: &Event| match event {
            Event::RequestFellBack { reason, .. } => Some(*reason),
            _ => None,
        };
        self.events().iter().filter_map(reason).collect()
    }

    pub(crate) fn refusals(&self) -> Vec<&'static str> {
        let reason = |event: &Event| match event {
            Event::RequestRefused { reason } => Some(*reason),
            _ => None,
        };
        self.events().iter().filter_map(reason).collect()
    }
}

impl Observer for Told {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(*event);
    }
}

/// A table in which everything goes to modern, with legacy as its net.
pub(crate) const MODERN_FIRST: &str =
    r#"[{ "name": "all", "path": { "prefix": "/" }, "to": "modern", "fallback": true }]"#;

pub(crate) fn tables(rules: &str) -> TableHandle {
    let document = format!(
        r#"{{ "format": "strangler-fig/route-table", "version": 1, "salt": "shop", "default": "legacy",
              "override": {{ "header": "x-canary", "allow": ["10.0.0.0/8"] }}, "rules": {rules} }}"#
    );
    TableHandle::new(RouteTable::from_document(&document).unwrap_or_else(|error| panic!("{error}")))
}

pub(crate) fn builder(rules: &str, legacy: &Arc<Side>, modern: &Arc<Side>) -> GatewayBuilder {
    Gateway::builder(tables(rules), legacy.clone(), modern.clone())
}

pub(crate) fn gateway(legacy: &Arc<Side>, modern: &Arc<Side>) -> Gateway {
    builder(MODERN_FIRST, legacy, modern).build().unwrap()
}

pub(crate) fn told(legacy: &Arc<Side>, modern: &Arc<Side>) -> (Gateway, Arc<Told>) {
    configured(GatewayConfig::default(), legacy, modern)
}

pub(crate) fn configured(
    config: GatewayConfig,
    legacy: &Arc<Side>,
    modern: &Arc<Side>,
) -> (Gateway, Arc<Told>) {
    let told = Arc::new(Told::default());
    let builder = builder(MODERN_FIRST, legacy, modern).with_config(config);
    (builder.with_observer(told.clone()).build().unwrap(), told)
}

pub(crate) fn request(method: &str, target: &str) -> http::request::Builder {
    http::Request::builder().method(method).uri(target).header("host", "shop.example")
}

pub(crate) fn get(target: &str) -> Request {
    request("GET", target).body(Body::empty()).unwrap()
}

pub(crate) fn post(target: &str, body: impl Into<Bytes>) -> Request {
    request("POST", target).body(Body::full(body)).unwrap()
}

pub(crate) fn response(status: u16, text: &'static str) -> Response {
    http::Response::builder().status(status).body(Body::full(text)).unwrap()
}

/// What comes of collecting a response.
pub(crate) async fn whole(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}
