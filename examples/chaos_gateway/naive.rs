use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use strangler_fig::gateway::Body;
use tokio::time::timeout;

use super::callers::HttpClient;

/// What a gateway looks like that was written in an afternoon: modern first, and legacy if that does not answer
/// in time, whatever was asked.
pub(crate) fn front(
    client: HttpClient,
    modern: SocketAddr,
    legacy: SocketAddr,
    deadline: Duration,
) -> Router {
    Router::new().fallback(move |request: Request| {
        let client = client.clone();
        async move {
            let (head, body) = request.into_parts();
            let Ok(body) = to_bytes(axum::body::Body::new(body), 1024).await else {
                return StatusCode::BAD_REQUEST.into_response();
            };
            let send = |to: SocketAddr| {
                let uri: Uri =
                    format!("http://{to}{}", head.uri.path()).parse().unwrap_or_default();
                let mut request = http::Request::new(Body::full(body.clone()));
                *request.method_mut() = head.method.clone();
                *request.uri_mut() = uri;
                client.request(request)
            };
            match timeout(deadline, send(modern)).await {
                Ok(Ok(response)) if !response.status().is_server_error() => passed_on(response),
                _ => send(legacy)
                    .await
                    .map_or_else(|_| StatusCode::BAD_GATEWAY.into_response(), passed_on),
            }
        }
    })
}

fn passed_on(response: http::Response<hyper::body::Incoming>) -> Response {
    response.map(axum::body::Body::new)
}
