//! The gateway as a service, services as its sides, and the gateway as a layer of the monolith's own service
//! (features `http` and `tower`).
//!
//! ```
//! use std::sync::Arc;
//! use strangler_fig::gateway::Gateway;
//! use strangler_fig::gateway::tower::{GatewayLayer, GatewayService, ServiceUpstream};
//! use strangler_fig::route::{RouteTable, TableHandle};
//! use hyper_util::client::legacy::{Client, Error};
//! use hyper_util::rt::TokioExecutor;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let document = r#"{"format": "strangler-fig/route-table", "version": 1, "salt": "shop", "default": "legacy", "rules": []}"#;
//! let tables = TableHandle::new(RouteTable::from_document(document)?);
//! let client = Client::builder(TokioExecutor::new()).build_http();
//! let at = |base: &str| {
//!     let upstream = ServiceUpstream::new(client.clone()).surely_unsent(Error::is_connect);
//!     upstream.at(base).map(Arc::new)
//! };
//! let gateway = Gateway::builder(tables.clone(), at("http://10.0.0.1:8080")?, at("http://10.0.0.2:80")?);
//! let front = axum::Router::<()>::new().fallback_service(GatewayService::new(gateway.build()?));
//!
//! // Within the monolith, which is its own legacy side.
//! let modern = at("http://10.0.0.2:80")?;
//! let layer = GatewayLayer::new(move |legacy| {
//!     Gateway::builder(tables.clone(), legacy, modern.clone()).build().expect("the table needs nothing more")
//! });
//! let monolith = axum::Router::<()>::new().route("/", axum::routing::get(async || "here"));
//! let both = tower::Layer::layer(&layer, monolith);
//! # let _ = (front, both);
//! # Ok(())
//! # }
//! ```

use std::convert::Infallible;
use std::fmt;
use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::{CONTENT_LENGTH, HeaderValue};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Uri, Version};
use http_body::Body as HttpBody;
use tower_layer::Layer;
use tower_service::Service;

use super::{Body, ClientAddress, Gateway, Request, Response, Upstream};
use crate::error::StoreError;

type Boxed = Box<dyn std::error::Error + Send + Sync>;

/// A gateway as a service, which never fails: every end is a response.
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::gateway::{Body, Gateway};
/// # use strangler_fig::gateway::tower::{GatewayService, ServiceUpstream};
/// # use strangler_fig::route::{RouteTable, TableHandle};
/// # use tower::ServiceExt;
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = axum::Router::<()>::new().route("/orders", axum::routing::get(async || "here"));
/// # let side = Arc::new(ServiceUpstream::new(app));
/// # let tables = TableHandle::new(RouteTable::builder("shop").build()?);
/// let gateway = Gateway::builder(tables, side.clone(), side).build()?;
/// let service = GatewayService::new(gateway);
///
/// // A server that knows who has connected says so once.
/// let connection = service.for_peer([203, 0, 113, 7].into());
/// let request = http::Request::get("/orders").header("host", "shop.example").body(Body::empty())?;
/// assert_eq!(connection.oneshot(request).await?.status(), 200);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct GatewayService {
    gateway: Arc<Gateway>,
    peer: Option<IpAddr>,
}

impl GatewayService {
    /// A service of this gateway. Who has sent a request is told by its
    /// [`ClientAddress`], an extension.
    #[must_use]
    pub fn new(gateway: impl Into<Arc<Gateway>>) -> Self {
        Self { gateway: gateway.into(), peer: None }
    }

    /// The same for one connection, whose requests come from there: no extension is needed.
    #[must_use]
    pub fn for_peer(&self, peer: IpAddr) -> Self {
        Self { gateway: Arc::clone(&self.gateway), peer: Some(peer) }
    }

    /// The gateway.
    #[must_use]
    pub const fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }
}

impl<B> Service<http::Request<B>> for GatewayService
where
    B: HttpBody<Data = Bytes> + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    /// Always ready: what is too much is answered 503.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let gateway = Arc::clone(&self.gateway);
        let told = || request.extensions().get::<ClientAddress>().map(|address| address.0);
        let peer = self.peer.or_else(told);
        let request = Box::new(request.map(Body::from_http));
        Box::pin(async move { Ok(gateway.handle_boxed(request, peer).await) })
    }
}

/// Puts a gateway into the monolith itself: the service that it is laid over is the legacy side.
///
/// Lay it over the whole router, as the example of this module does. axum's `Router::layer` lays it over each
/// route by itself: then there are as many gateways, with breakers and limits of their own, a path that no route
/// is for passes by all of them, and what one sends to legacy comes to its own route, whatever the path. What is
/// laid around it, and puts extensions into requests, is seen by the monolith in each of them, parts of joined
/// ones included.
#[derive(Clone)]
pub struct GatewayLayer {
    make: Arc<dyn Fn(Arc<dyn Upstream>) -> Gateway + Send + Sync>,
}

impl GatewayLayer {
    /// A layer of the gateway that `make` builds around a legacy side.
    #[must_use]
    pub fn new(make: impl Fn(Arc<dyn Upstream>) -> Gateway + Send + Sync + 'static) -> Self {
        Self { make: Arc::new(make) }
    }
}

impl fmt::Debug for GatewayLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayLayer").finish_non_exhaustive()
    }
}

impl<S, B> Layer<S> for GatewayLayer
where
    S: Service<http::Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<Boxed> + Send,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
{
    type Service = GatewayService;

    fn layer(&self, inner: S) -> GatewayService {
        GatewayService::new((self.make)(Arc::new(ServiceUpstream::new(inner))))
    }
}

/// A side that is a service, which is cloned for each request: a client of hyper-util, a router of axum.
///
/// ```
/// # use hyper_util::client::legacy::{Client, Error};
/// # use hyper_util::rt::TokioExecutor;
/// # use strangler_fig::gateway::{Body, Request, Upstream};
/// # use strangler_fig::gateway::tower::ServiceUpstream;
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // In this process ...
/// let app = axum::Router::<()>::new().route("/", axum::routing::get(async || "here"));
/// let legacy = ServiceUpstream::new(app);
/// assert_eq!(legacy.send(Request::new(Body::empty())).await?.status(), 200);
///
/// // ... and elsewhere, by a client that knows when it has sent nothing.
/// let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
/// let modern = ServiceUpstream::new(client).surely_unsent(Error::is_connect);
/// assert!(modern.at("http://10.0.0.7:8080/api").is_err(), "a path is no place");
/// # Ok(())
/// # }
/// ```
pub struct ServiceUpstream<S: Service<http::Request<Body>>> {
    service: S,
    at: Option<(Scheme, Authority)>,
    unsent: Option<Unsent<S::Error>>,
}

type Unsent<E> = Arc<dyn Fn(&E) -> bool + Send + Sync>;

/// The base of an upstream is not one: it has a scheme and an authority, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the base of an upstream is a scheme and an authority, as http://10.0.0.7:8080")]
pub struct BaseError;

impl<S: Service<http::Request<Body>>> ServiceUpstream<S> {
    /// A side that answers in this process: it sees requests with their paths, hosts and extensions.
    pub const fn new(service: S) -> Self {
        Self { service, at: None, unsent: None }
    }

    /// The same, somewhere else: `http://10.0.0.7:8080`. Nothing in a request chooses another place.
    ///
    /// # Errors
    ///
    /// [`BaseError`]: it is no such thing.
    pub fn at(mut self, base: &str) -> Result<Self, BaseError> {
        let uri: Uri = base.parse().map_err(|_| BaseError)?;
        let parts = uri.into_parts();
        let is_bare = parts.path_and_query.is_none_or(|path| path.as_str() == "/");
        let authority = parts.authority.filter(|it| is_bare && !it.as_str().contains('@'));
        self.at = Some(parts.scheme.zip(authority).ok_or(BaseError)?);
        Ok(self)
    }

    /// The same; `unsent` says of which errors nothing can have been sent. Of the others nobody knows.
    #[must_use]
    pub fn surely_unsent(
        mut self,
        unsent: impl Fn(&S::Error) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.unsent = Some(Arc::new(unsent));
        self
    }
}

impl<S: Service<http::Request<Body>>> fmt::Debug for ServiceUpstream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceUpstream").field("at", &self.at).finish_non_exhaustive()
    }
}

#[async_trait]
impl<S, B> Upstream for ServiceUpstream<S>
where
    S: Service<http::Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<Boxed> + Send,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
{
    async fn send(&self, mut request: Request) -> Result<Response, StoreError> {
        if let Some((scheme, authority)) = &self.at {
            let path = request.uri().path_and_query().cloned();
            let mut parts = http::uri::Parts::default();
            parts.scheme = Some(scheme.clone());
            parts.authority = Some(authority.clone());
            parts.path_and_query = Some(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
            *request.uri_mut() = Uri::from_parts(parts).map_err(StoreError::unavailable)?;
            request.extensions_mut().clear();
            tell_empty(&mut request);
        }
        *request.version_mut() = Version::HTTP_11;
        let mut service = self.service.clone();
        let ready = poll_fn(|context| service.poll_ready(context)).await;
        ready.map_err(StoreError::unavailable)?;
        match service.call(request).await {
            Ok(response) => {
                let mut response = response.map(Body::from_http);
                if self.at.is_some() {
                    response.extensions_mut().clear();
                }
                Ok(response)
            }
            Err(error) if self.unsent.as_ref().is_some_and(|unsent| unsent(&error)) => {
                Err(StoreError::unavailable(error))
            }
            Err(error) => Err(StoreError::unknown(error)),
        }
    }
}

/// Says of a body that is not there that it has no length, where methods have bodies: some servers refuse such
/// requests with 411, and clients of HTTP say it of themselves of bodies that are there only.
fn tell_empty(request: &mut Request) {
    let has_none =
        matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::DELETE);
    if !has_none && request.body().is_end_stream() {
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
}
