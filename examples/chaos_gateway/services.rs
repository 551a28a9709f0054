use std::collections::HashMap;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use http::StatusCode;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::sleep;
use tower::ServiceExt;

/// How modern feels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Health {
    Well,
    /// Its answers take 400 ms.
    Slow,
    /// It does what it is asked, and never answers.
    Hangs,
    /// It breaks connections off.
    Refuses,
    /// It does what it is asked, and answers 500.
    Fails,
    /// Nobody listens.
    Dead,
    /// It answers well, and the price is wrong.
    Lies,
    /// It hangs every other 100 ms.
    Flaps,
}

const ALL: [Health; 8] = [
    Health::Well,
    Health::Slow,
    Health::Hangs,
    Health::Refuses,
    Health::Fails,
    Health::Dead,
    Health::Lies,
    Health::Flaps,
];

/// Every order that was made, on either side, and how often.
#[derive(Debug, Default)]
pub(crate) struct Book(Mutex<HashMap<String, u32>>);

impl Book {
    fn make(&self, order: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(order).or_default() += 1;
    }

    /// How often an order was made.
    pub(crate) fn count(&self, order: &str) -> u32 {
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        made.get(order).copied().unwrap_or_default()
    }
}

/// A shop that tells prices and takes orders; the monolith is always well.
#[derive(Debug, Clone)]
pub(crate) struct Shop(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    book: Arc<Book>,
    health: AtomicU8,
    since: Instant,
}

/// What a price is.
pub(crate) const fn price(article: u32) -> u32 {
    100 + article
}

impl Shop {
    pub(crate) fn new(book: Arc<Book>) -> Self {
        let (health, since) = (AtomicU8::new(0), Instant::now());
        Self(Arc::new(Inner { book, health, since }))
    }

    fn health(&self) -> Health {
        let health = ALL[usize::from(self.0.health.load(Ordering::Relaxed))];
        let is_odd = self.0.since.elapsed().as_millis() / 100 % 2 == 1;
        match health {
            Health::Flaps if is_odd => Health::Hangs,
            Health::Flaps => Health::Well,
            health => health,
        }
    }

    fn becomes(&self, health: Health) {
        self.0.health.store(health as u8, Ordering::Relaxed);
    }

    fn router(&self) -> Router {
        let routes = Router::new().route("/prices/{article}", get(tell));
        routes.route("/orders/{order}", post(take)).with_state(self.clone())
    }

    /// Serves, until its runtime is gone.
    async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let (shop, router) = (self.clone(), self.router());
            let service = service_fn(move |request| {
                let (health, router) = (shop.health(), router.clone());
                async move {
                    if health == Health::Refuses {
                        return Err(io::Error::from(io::ErrorKind::ConnectionReset));
                    }
                    router.oneshot(request).await.map_err(|never| match never {})
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    }
}

async fn tell(State(shop): State<Shop>, Path(article): Path<u32>) -> Result<String, StatusCode> {
    let health = shop.health();
    sicken(health).await?;
    let price = if health == Health::Lies { 1 } else { price(article) };
    Ok(price.to_string())
}

/// An order is made whoever waits for the answer, and whatever that is.
async fn take(
    State(shop): State<Shop>,
    Path(order): Path<String>,
) -> Result<StatusCode, StatusCode> {
    let (health, book) = (shop.health(), Arc::clone(&shop.0.book));
    let made = tokio::spawn(async move {
        if health == Health::Slow {
            sleep(Duration::from_millis(400)).await;
        }
        book.make(order);
    });
    made.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    if health != Health::Slow {
        sicken(health).await?;
    }
    Ok(StatusCode::CREATED)
}

async fn sicken(health: Health) -> Result<(), StatusCode> {
    match health {
        Health::Slow => sleep(Duration::from_millis(400)).await,
        Health::Hangs => pending().await,
        Health::Fails => return Err(StatusCode::INTERNAL_SERVER_ERROR),
        _ => {}
    }
    Ok(())
}

/// The monolith, for as long as the program runs.
pub(crate) async fn monolith(shop: Shop) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(shop.serve(listener));
    Ok(address)
}

/// The modern service: a process that can be killed, as far as a runtime of its own is one.
#[derive(Debug)]
pub(crate) struct Modern {
    pub(crate) shop: Shop,
    pub(crate) address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Modern {
    pub(crate) fn start(shop: Shop) -> io::Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut modern = Self { shop, address, runtime: None };
        modern.live()?;
        Ok(modern)
    }

    pub(crate) fn becomes(&mut self, health: Health) -> io::Result<()> {
        self.shop.becomes(health);
        match (health, &self.runtime) {
            (Health::Dead, _) => self.die(),
            (_, None) => self.live()?,
            _ => {}
        }
        Ok(())
    }

    /// With all connections, in the middle of whatever they are.
    pub(crate) fn die(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    fn live(&mut self) -> io::Result<()> {
        let mut threads = tokio::runtime::Builder::new_multi_thread();
        let runtime = threads.worker_threads(1).enable_all().build()?;
        let listener = std::net::TcpListener::bind(self.address)?;
        listener.set_nonblocking(true)?;
        let listener = {
            let _within = runtime.enter();
            TcpListener::from_std(listener)?
        };
        self.address = listener.local_addr()?;
        runtime.spawn(self.shop.clone().serve(listener));
        self.runtime = Some(runtime);
        Ok(())
    }
}

impl Drop for Modern {
    fn drop(&mut self) {
        self.die();
    }
}
