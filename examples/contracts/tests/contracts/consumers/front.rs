use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request, header};
use http_body_util::BodyExt;
use serde_json::Value;
use storefront::gateway::{Services, Web, routes};
use strangler_fig::observe::Observers;
use tower::ServiceExt;

use crate::migration;

/// Nobody is there.
const NOWHERE: &str = "http://127.0.0.1:1";

/// The storefront's gateway, when all users have moved, with one service behind it.
pub(crate) struct Front(Router);

impl Front {
    /// Whichever paths this service is for, it answers them.
    pub(crate) fn new(service: &str) -> Self {
        let (web, nobody) = (Web::new(), Web::new().upstream(NOWHERE).unwrap());
        let at = || web.upstream(service).unwrap();
        let services = Services { users: at(), orders: at(), inventory: at(), payments: at() };
        let observer = Arc::new(Observers::default());
        Self(routes(nobody, services, migration::over(), observer).unwrap())
    }

    /// The status of the answer, and what it says.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Bytes) {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::HOST, "shop.example");
        let request = match body {
            None => request.body(Body::empty()),
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string())),
        };
        let answer = self.0.clone().oneshot(request.unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.into_body().collect().await.unwrap().to_bytes())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Bytes) {
        self.ask(Method::GET, path, None).await
    }

    /// The status alone, for what has no more to say.
    pub(crate) async fn status(&self, method: Method, path: &str, body: Option<Value>) -> u16 {
        self.ask(method, path, body).await.0
    }
}

/// What was answered, as JSON.
pub(crate) fn json((status, body): (u16, Bytes)) -> (u16, Value) {
    (status, serde_json::from_slice(&body).expect("it is JSON"))
}
