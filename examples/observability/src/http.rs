use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post, put};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tokio::net::TcpListener;
use tracing::{Instrument, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::{Failed, Shop, Telemetry};

/// Serves the shop, and its metrics at `/metrics`.
///
/// # Errors
///
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    shop: Arc<Shop>,
    telemetry: Telemetry,
) -> Result<(), Failed> {
    let shown = get(move || std::future::ready(telemetry.scraped()));
    let app = Router::new()
        .route("/users/{id}", put(save).get(find))
        .route("/orders/{order}/{user}", post(order))
        .layer(middleware::from_fn(traced))
        .with_state(shop)
        .route("/metrics", shown);
    Ok(axum::serve(listener, app).await?)
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(axum::http::HeaderName::as_str).collect()
    }
}

/// Each request is a span in the trace of its caller.
async fn traced(request: Request, next: Next) -> Response {
    let span = info_span!("request", method = %request.method());
    // Without a layer that keeps traces there is no parent to be set.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&Headers(request.headers())));
    next.run(request).instrument(span).await
}

type Answer = Result<String, (StatusCode, String)>;

fn failed(error: &dyn std::fmt::Display) -> (StatusCode, String) {
    (StatusCode::SERVICE_UNAVAILABLE, error.to_string())
}

async fn save(State(shop): State<Arc<Shop>>, Path(id): Path<u32>, name: String) -> Answer {
    shop.save((id, name)).await.map_err(|error| failed(&error))?;
    Ok(String::new())
}

async fn find(State(shop): State<Arc<Shop>>, Path(id): Path<u32>) -> Answer {
    match shop.users.find(&id).await.map_err(|error| failed(&error))? {
        Some((_, name)) => Ok(name),
        None => Err((StatusCode::NOT_FOUND, String::new())),
    }
}

async fn order(State(shop): State<Arc<Shop>>, Path((order, user)): Path<(String, u32)>) -> Answer {
    shop.order(&order, user).await.map_err(|error| failed(&error))
}
