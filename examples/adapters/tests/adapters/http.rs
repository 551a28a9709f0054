//! A side behind a service, over a real socket.

use std::sync::Arc;
use std::time::Duration;

use adapters::customer::Customer;
use adapters::http::{HttpRepository, router};
use axum::Router;
use axum::routing::any;
use strangler_fig::error::StoreErrorKind::{self, Rejected, Unavailable, Unknown};
use strangler_fig::repository::{Applied, ScanRepository, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};
use strangler_fig::testkit::conformance::{StampedFixture, async_trait};
use tokio::net::TcpListener;

use crate::customers::customer;
use crate::postgres::Stamped;

type Remote = HttpRepository<Vec<u8>, Customer>;

/// PostgreSQL behind the service.
struct Service {
    stamped: Stamped,
    base: String,
    repository: Arc<Remote>,
}

impl Service {
    async fn fresh() -> Self {
        let stamped = Stamped::fresh().await;
        let base = serve(Router::new().nest("/store", router(stamped.repository()))).await;
        let base = format!("{base}/store");
        Self { stamped, repository: Arc::new(remote(&base)), base }
    }
}

async fn serve(service: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, service).await });
    format!("http://{address}")
}

fn remote(base: &str) -> Remote {
    HttpRepository::new(base, |customer: &Customer| customer.id.clone(), Duration::from_secs(10))
        .expect("it is a URL")
}

#[async_trait]
impl StampedFixture for Service {
    type Repository = Remote;

    fn repository(&self) -> Arc<Remote> {
        Arc::clone(&self.repository)
    }

    async fn reopened(&self) -> Arc<Remote> {
        Arc::new(remote(&self.base))
    }

    fn entity(&self, n: u32, variant: u32) -> Customer {
        customer(n, variant)
    }

    async fn plant(&self, customer: Customer) -> bool {
        self.stamped.plant(customer).await
    }

    fn rejected(&self, n: u32) -> Option<Customer> {
        self.stamped.rejected(n)
    }
}

strangler_fig::stamped_conformance!(Service::fresh());
strangler_fig::scan_conformance!(Service::fresh());

/// The kinds of a failed write and of a failed read.
async fn kinds(remote: &Remote) -> (StoreErrorKind, StoreErrorKind) {
    let record = Record::live(Stamp::MAX, customer(3, 0));
    let key = remote.key(&customer(3, 0));
    let batch = remote.apply_many(&[(key.clone(), record.clone())]).await.remove(0);
    let write = remote.apply(&key, &record).await.expect_err("it fails").kind();
    assert_eq!(batch.expect_err("it fails").kind(), write, "a batch fails as a call does");
    let read = remote.read(&key).await.expect_err("it fails").kind();
    assert_eq!(remote.last_key().await.expect_err("it fails").kind(), read);
    (write, read)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connection_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    assert_eq!(kinds(&remote(&format!("http://{address}"))).await, (Unavailable, Unavailable));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_something_else_leaves_a_write_in_doubt() {
    for (status, body) in [(200, "hello"), (200, "{}"), (404, ""), (503, "no backend"), (504, "")] {
        let status = axum::http::StatusCode::from_u16(status).expect("it is a status");
        let other = serve(Router::new().fallback(any(move || async move { (status, body) }))).await;
        assert_eq!(kinds(&remote(&other)).await, (Unknown, Unavailable), "{status} {body:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_does_not_answer_leaves_a_write_in_doubt() {
    let silent = serve(Router::new().fallback(any(std::future::pending::<()>))).await;
    let key = |customer: &Customer| customer.id.clone();
    let remote =
        HttpRepository::new(&silent, key, Duration::from_millis(100)).expect("it is a URL");
    assert_eq!(kinds(&remote).await, (Unknown, Unavailable));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_under_the_key_of_another_is_refused_alone() {
    let service = Service::fresh().await;
    let record = |n| Record::live(Stamp::MAX, customer(n, 0));
    let key = |n| customer(n, 0).id;
    let batch = [(key(3), record(3)), (key(4), record(5)), (key(6), record(6))];
    let answers = service.repository.apply_many(&batch).await;
    let kinds: Vec<_> = answers.into_iter().map(|answer| answer.map_err(|e| e.kind())).collect();
    assert_eq!(kinds, [Ok(Applied::Stored), Err(Rejected), Ok(Applied::Stored)]);
    let held = service.repository.read_many(&[key(3), key(4), key(6)]).await;
    let held: Vec<_> = held.into_iter().map(Result::ok).collect();
    assert_eq!(held, [Some(record(3)), Some(Record::absent()), Some(record(6))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_is_told_what_the_caller_adds() {
    let told = |headers: axum::http::HeaderMap| async move {
        let trace =
            headers.get("traceparent").map(|it| it.to_str().expect("it is text").to_owned());
        axum::Json(trace)
    };
    let base = serve(Router::new().route("/last-key", axum::routing::get(told))).await;
    assert_eq!(remote(&base).last_key().await.expect("it answers"), None);
    let remote = remote(&base).with_headers(|| vec![("traceparent", "610001".to_owned())]);
    assert_eq!(remote.last_key().await.expect("it answers"), Some(b"a".to_vec()));
}
