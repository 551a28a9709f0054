use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, StatusCode};
use strangler_fig::gateway::mark;
use tokio::net::TcpListener;

/// The order whose total modern gets wrong.
pub(crate) const WRONG: u32 = 13;

/// How many orders there are from the beginning.
pub(crate) const ORDERS: u32 = 1_000;

/// A shop: the monolith's, or the one of the new service. Clones are one shop.
#[derive(Debug, Clone)]
pub(crate) struct Shop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    is_modern: bool,
    made: Mutex<BTreeMap<String, Made>>,
    sent: AtomicU64,
    answers: AtomicU64,
    /// It answers no question.
    sleeps: AtomicBool,
    /// It answers no order: those with an odd number it makes all the same.
    swallows: AtomicBool,
    /// It answers nothing that is asked of reviews.
    is_mute: AtomicBool,
    overrides: AtomicU64,
}

/// An order that was made, under its idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) id: String,
    pub(crate) stamp: String,
    pub(crate) text: String,
}

impl Shop {
    pub(crate) fn new(is_modern: bool) -> Self {
        Self(Arc::new(Inner { is_modern, ..Inner::default() }))
    }

    pub(crate) async fn serve(&self) -> io::Result<SocketAddr> {
        let routes = Router::new()
            .route("/orders/{id}", get(order))
            .route("/orders", post(make))
            .route("/reviews/{id}", get(reviews))
            .with_state(self.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(address)
    }

    pub(crate) fn sleeps(&self, sleeps: bool) {
        self.0.sleeps.store(sleeps, Ordering::Relaxed);
    }

    pub(crate) fn swallows(&self, swallows: bool) {
        self.0.swallows.store(swallows, Ordering::Relaxed);
    }

    pub(crate) fn is_mute(&self, is_mute: bool) {
        self.0.is_mute.store(is_mute, Ordering::Relaxed);
    }

    /// The orders that were made, by their keys.
    pub(crate) fn made(&self) -> BTreeMap<String, Made> {
        self.books().clone()
    }

    /// How often it was sent an order.
    pub(crate) fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// How many requests came with the header that overrides routes.
    pub(crate) fn overrides(&self) -> u64 {
        self.0.overrides.load(Ordering::Relaxed)
    }

    fn books(&self) -> MutexGuard<'_, BTreeMap<String, Made>> {
        self.0.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Json = ([(HeaderName, &'static str); 1], String);

fn json(text: String) -> Json {
    ([(CONTENT_TYPE, "application/json")], text)
}

async fn order(
    State(shop): State<Shop>,
    Path(id): Path<u32>,
    headers: HeaderMap,
) -> Result<Json, StatusCode> {
    let is_override = headers.contains_key(super::front::OVERRIDE);
    shop.0.overrides.fetch_add(u64::from(is_override), Ordering::Relaxed);
    if shop.0.sleeps.load(Ordering::Relaxed) {
        pending::<()>().await;
    }
    if id > ORDERS {
        return Err(StatusCode::NOT_FOUND);
    }
    // Each has its way of writing JSON, and one of them a mistake.
    let answer = shop.0.answers.fetch_add(1, Ordering::Relaxed);
    let total = id * 10 + u32::from(shop.0.is_modern && id == WRONG);
    Ok(json(if shop.0.is_modern {
        format!(r#"{{"answer":{answer},"lines":[{{"price":{total}.0}}],"id":{id}}}"#)
    } else {
        format!(r#"{{ "id": {id}, "lines": [{{ "price": {total} }}], "answer": {answer} }}"#)
    }))
}

async fn reviews(State(shop): State<Shop>, Path(id): Path<u32>) -> Result<Json, StatusCode> {
    if shop.0.is_mute.load(Ordering::Relaxed) {
        return Err(StatusCode::INTERNAL_SERVER_ERROR);
    }
    Ok(json(format!(r#"["order {id} came in time"]"#)))
}

/// A key makes one order, however often it is sent, and the order has the id that comes with it.
async fn make(
    State(shop): State<Shop>,
    headers: HeaderMap,
    text: String,
) -> Result<(StatusCode, Json), StatusCode> {
    let nth = shop.0.sent.fetch_add(1, Ordering::Relaxed);
    let value = |name| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned).ok_or(StatusCode::BAD_REQUEST)
    };
    let key = value(mark::IDEMPOTENCY_KEY)?;
    let made = Made { id: value(mark::ID)?, stamp: value(mark::STAMP)?, text };
    let is_lost = shop.0.swallows.load(Ordering::Relaxed);
    if is_lost && nth % 2 == 0 {
        pending::<()>().await;
    }
    let id = shop.books().entry(key).or_insert(made).id.clone();
    if is_lost {
        pending::<()>().await;
    }
    Ok((StatusCode::CREATED, json(format!(r#"{{"id":"{id}"}}"#))))
}
