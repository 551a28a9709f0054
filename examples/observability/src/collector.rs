use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
/// The value of an attribute.
pub use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::resource::v1::Resource;
/// A span, as it is sent.
pub use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;

/// A collector of traces that keeps what it is sent over OTLP. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Collector(Arc<Mutex<Vec<Reported>>>);

/// A span, and which service has told it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reported {
    /// Its `service.name`.
    pub service: String,
    /// As it was sent.
    pub span: Span,
}

impl Collector {
    /// One that listens on loopback, and its URL.
    ///
    /// # Errors
    ///
    /// There is no port left.
    pub async fn listening() -> std::io::Result<(Self, String)> {
        let (collector, listener) = (Self::default(), TcpListener::bind("127.0.0.1:0").await?);
        let url = format!("http://{}", listener.local_addr()?);
        let keeps = collector.clone();
        let taken = move |body: Bytes| async move { keeps.take(body) };
        let app = Router::new().route("/v1/traces", post(taken));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok((collector, url))
    }

    fn take(&self, body: Bytes) -> StatusCode {
        let Ok(request) = ExportTraceServiceRequest::decode(body) else {
            return StatusCode::BAD_REQUEST;
        };
        for sent in request.resource_spans {
            let service = named(sent.resource.unwrap_or_default());
            let spans = sent.scope_spans.into_iter().flat_map(|scope| scope.spans);
            let spans = spans.map(|span| Reported { service: service.clone(), span });
            self.open().extend(spans);
        }
        StatusCode::OK
    }

    /// All that has come.
    #[must_use]
    pub fn spans(&self) -> Vec<Reported> {
        self.open().clone()
    }

    /// Forgets what has come.
    pub fn clear(&self) {
        self.open().clear();
    }

    fn open(&self) -> MutexGuard<'_, Vec<Reported>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn named(resource: Resource) -> String {
    let mut attributes = resource.attributes.into_iter();
    let name = attributes.find(|attribute| attribute.key == "service.name");
    match name.and_then(|name| name.value?.value) {
        Some(Value::StringValue(name)) => name,
        _ => String::new(),
    }
}

/// An id as it stands in a `traceparent`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
