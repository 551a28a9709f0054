use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt;
use strangler_fig::gateway::{Aggregate, Body, Part, Request, Response};

type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// The gateway behind an aggregate: answers parts by a script, by their target.
#[derive(Clone)]
pub(crate) struct Behind {
    script: Arc<dyn Fn(String) -> Answering + Send + Sync>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// One part, as it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) target: String,
    pub(crate) method: http::Method,
    pub(crate) headers: http::HeaderMap,
    pub(crate) is_part: bool,
    pub(crate) user: Option<User>,
}

/// Whom a layer has found out to have sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User(pub(crate) u32);

impl fmt::Debug for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Behind").finish_non_exhaustive()
    }
}

impl Behind {
    pub(crate) fn new<F>(script: impl Fn(String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let script = Arc::new(move |target| Box::pin(script(target)) as Answering);
        Self { script, asked: Arc::default() }
    }

    /// Answers orders and reviews well.
    pub(crate) fn well() -> Self {
        Self::new(async |target| match target.as_str() {
            "/orders/7" => response(200, r#"{"id": 7}"#),
            _ => response(200, "[5]"),
        })
    }

    pub(crate) fn ask(&self, request: Request) -> Answering {
        let is_part = Aggregate::is_part(&request);
        let (head, _) = request.into_parts();
        let target = head.uri.to_string();
        let user = head.extensions.get().copied();
        let (method, headers) = (head.method, head.headers);
        let asked = Asked { target: target.clone(), method, headers, is_part, user };
        self.asked.lock().unwrap().push(asked);
        (self.script)(target)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn targets(&self) -> Vec<String> {
        self.asked().into_iter().map(|it| it.target).collect()
    }
}

pub(crate) fn response(status: u16, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::full(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

/// An order, without which there is nothing to show, and its reviews.
pub(crate) fn page() -> Aggregate {
    let reviews = Part::optional("reviews", "/reviews?order={id}");
    Aggregate::of([Part::required("order", "/orders/{id}"), reviews]).unwrap()
}

pub(crate) fn get() -> Request {
    Request::new(Body::empty())
}

pub(crate) async fn answer(
    aggregate: &Aggregate,
    behind: &Behind,
    request: Request,
    id: &str,
) -> Response {
    let (client, _) = request.into_parts();
    let capture = |name: &str| (name == "id").then_some(id);
    aggregate.answer(&client, capture, |request| behind.ask(request)).await
}

pub(crate) async fn answered(aggregate: &Aggregate, behind: &Behind) -> Response {
    answer(aggregate, behind, get(), "7").await
}

pub(crate) async fn text(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}
