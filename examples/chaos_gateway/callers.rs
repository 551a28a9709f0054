use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::Uri;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use strangler_fig::gateway::{Body, Request};
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use super::services::{Book, price};

pub(crate) type HttpClient = Client<HttpConnector, Body>;

/// How long a caller waits before it gives up by itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// Callers who ask for a price a hundred times a second, and order something twenty times.
#[derive(Debug)]
pub(crate) struct Callers {
    name: &'static str,
    client: HttpClient,
    at: SocketAddr,
    calls: u32,
    waiting: JoinSet<Call>,
}

/// What one caller asked for, when, and what came of it.
#[derive(Debug, Clone)]
struct Call {
    stage: usize,
    /// None: it asked for a price.
    order: Option<String>,
    waited: Duration,
    /// None: no answer at all.
    status: Option<u16>,
    right: bool,
}

/// What callers saw whose calls began in one stage.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) asked: usize,
    pub(crate) answered: usize,
    pub(crate) failed: usize,
    pub(crate) wrong: usize,
    waits: Vec<Duration>,
    pub(crate) ordered: usize,
    pub(crate) told_done: usize,
    /// Orders of which the caller was told that they are done, and they are not.
    pub(crate) lost: usize,
    pub(crate) doubled: usize,
}

impl Seen {
    pub(crate) fn p99(&self) -> Duration {
        let mut waits = self.waits.clone();
        waits.sort();
        let longest = waits.len().saturating_sub(1);
        waits.get(longest - longest / 100).copied().unwrap_or_default()
    }
}

impl Callers {
    pub(crate) fn new(name: &'static str, client: HttpClient, at: SocketAddr) -> Self {
        Self { name, client, at, calls: 0, waiting: JoinSet::new() }
    }

    pub(crate) async fn call_for(&mut self, time: Duration, stage: usize) {
        let (until, mut next) = (Instant::now() + time, interval(Duration::from_millis(10)));
        while Instant::now() < until {
            next.tick().await;
            self.calls += 1;
            self.call(stage, None);
            if self.calls % 5 == 0 {
                self.call(stage, Some(format!("{}-{}", self.name, self.calls)));
            }
        }
    }

    fn call(&mut self, stage: usize, order: Option<String>) {
        let (client, at, article) = (self.client.clone(), self.at, self.calls % 50);
        self.waiting.spawn(async move {
            let began = Instant::now();
            let asked = ask(&client, at, article, order.as_deref());
            let (status, right) = match timeout(PATIENCE, asked).await {
                Ok(Some((status, right))) => (Some(status), right),
                _ => (None, false),
            };
            Call { stage, order, waited: began.elapsed(), status, right }
        });
    }

    /// What they saw in each of so many stages.
    pub(crate) async fn seen(&mut self, stages: usize, book: &Book) -> Vec<Seen> {
        let mut seen = vec![Seen::default(); stages];
        while let Some(call) = self.waiting.join_next().await {
            if let Ok(call) = call {
                seen[call.stage].add(&call, book);
            }
        }
        seen
    }
}

impl Seen {
    fn add(&mut self, call: &Call, book: &Book) {
        let is_well = call.status.is_some_and(|status| (200..300).contains(&status));
        let Some(order) = &call.order else {
            self.asked += 1;
            self.waits.push(call.waited);
            self.answered += usize::from(is_well);
            self.failed += usize::from(!is_well);
            self.wrong += usize::from(is_well && !call.right);
            return;
        };
        let made = book.count(order);
        self.ordered += 1;
        self.told_done += usize::from(is_well);
        self.lost += usize::from(is_well && made == 0);
        self.doubled += usize::from(made > 1);
    }
}

/// The status of the answer, and whether it says what is so.
async fn ask(
    client: &HttpClient,
    at: SocketAddr,
    article: u32,
    order: Option<&str>,
) -> Option<(u16, bool)> {
    let (method, path) = match order {
        Some(order) => ("POST", format!("/orders/{order}")),
        None => ("GET", format!("/prices/{article}")),
    };
    let uri: Uri = format!("http://{at}{path}").parse().ok()?;
    let request: Request =
        http::Request::builder().method(method).uri(uri).body(Body::empty()).ok()?;
    let response = client.request(request).await.ok()?;
    let status = response.status().as_u16();
    let text = response.into_body().collect().await.ok()?.to_bytes();
    Some((status, text == price(article).to_string()))
}
