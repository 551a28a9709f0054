use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use storefront::Failed;
use tokio::net::TcpListener;

/// An HTTP proxy as somebody once put one in the way. It hands on everything; or, if it is forgetful, all but what tells of the
/// trace. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Hop {
    far: String,
    client: Client<HttpConnector, Body>,
    forgets: Arc<AtomicBool>,
}

impl Hop {
    /// One in front of `far`, and its URL.
    pub(crate) async fn before(far: String) -> Result<(Self, String), Failed> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let client = Client::builder(TokioExecutor::new()).build_http();
        let hop = Self { far, client, forgets: Arc::default() };
        let routes = Router::new().fallback(handed_on).with_state(hop.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok((hop, url))
    }

    pub(crate) fn forget(&self, forgets: bool) {
        self.forgets.store(forgets, Ordering::Relaxed);
    }
}

async fn handed_on(State(hop): State<Hop>, mut request: Request) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let Ok(uri) = format!("{}{path}", hop.far).parse::<Uri>() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    *request.uri_mut() = uri;
    request.headers_mut().remove("host");
    if hop.forgets.load(Ordering::Relaxed) {
        for name in ["traceparent", "tracestate"] {
            request.headers_mut().remove(name);
        }
    }
    match hop.client.request(request).await {
        Ok(response) => response.map(Body::new).into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}
