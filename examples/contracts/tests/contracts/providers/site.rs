use std::net::{SocketAddr, TcpListener};
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use adapters::rabbitmq::{RabbitmqBus, RabbitmqConfig};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, Uri};
use contracts::Agreement;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use storefront::Failed;
use storefront::orders::{Mailbox, Order};
use strangler_fig::async_trait;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

use super::leftover::own_name;
use super::room::{Room, server};
use super::verify::{Stage, assert_untracked, complaints};

const PATIENCE: Duration = Duration::from_secs(30);
const SOON: Duration = Duration::from_millis(50);
/// What comes into the inventory's empty house.
const STOCK: &str = "p-1=30";

const NAMES: [&str; 3] = ["order-service", "inventory-service", "payment-service"];

/// One of the three services of an order: its process, and its schema.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    room: Room,
    process: Child,
}

impl Served {
    async fn new(name: &str, prefix: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let room = Room::new().await;
        // What else is set around the test means nothing here.
        let process = Command::new(program(name))
            .env_clear()
            .env("LISTEN", address.to_string())
            .env("DATABASE_URL", room.url())
            .env("AMQP_URL", amqp())
            .env("TOPICS_PREFIX", prefix)
            .env("NODE", name)
            .env("STOCK", STOCK)
            .env("RUST_LOG", "warn")
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { address, room, process }
    }

    async fn remove(mut self) {
        self.process.kill().await.unwrap();
        self.room.remove().await;
    }
}

fn amqp() -> String {
    server("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672")
}

/// The binary, which was built beside this test.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(|deps| deps.parent()).unwrap().join(name)
}

/// The order, inventory and payment services, which fill orders together.
pub(crate) struct Site {
    pub(crate) orders: Served,
    pub(crate) stock: Served,
    pub(crate) payments: Served,
    prefix: String,
}

impl Site {
    async fn new() -> Self {
        let broker: Uri = amqp().parse().expect("AMQP_URL is a URL");
        let place = (broker.host().unwrap_or_default(), broker.port_u16().unwrap_or(5672));
        TcpStream::connect(place).await.expect("no RabbitMQ at AMQP_URL: run `make servers`");
        for name in NAMES {
            let is_there = program(name).is_file();
            assert!(is_there, "no binary {name}: run `cargo build -p adapters -p storefront`");
        }
        let prefix = own_name();
        let [orders, stock, payments] = NAMES;
        let (orders, stock, payments) = tokio::join!(
            Served::new(orders, &prefix),
            Served::new(stock, &prefix),
            Served::new(payments, &prefix),
        );
        Self { orders, stock, payments, prefix }
    }

    /// Which of them has ended, though nobody has asked it to.
    async fn ended(&mut self) -> String {
        let (name, status) = tokio::select! {
            status = self.orders.process.wait() => (NAMES[0], status),
            status = self.stock.process.wait() => (NAMES[1], status),
            status = self.payments.process.wait() => (NAMES[2], status),
        };
        format!("{name} has ended by itself: {}", status.unwrap())
    }

    async fn remove(self) {
        for served in [self.orders, self.stock, self.payments] {
            served.remove().await;
        }
        let names = Mailbox::ALL.map(Mailbox::subscription);
        let config = RabbitmqConfig::default().with_prefix(&self.prefix);
        RabbitmqBus::new(&amqp(), config).remove(&names).await.unwrap();
    }
}

/// What one of the three does not keep of an agreement.
pub(crate) async fn of_orders(
    agreement: Agreement,
    which: impl FnOnce(&Site) -> SocketAddr,
) -> Vec<String> {
    assert_untracked();
    let mut site = Site::new().await;
    let [orders, stock, payments] =
        [&site.orders, &site.stock, &site.payments].map(|it| it.address);
    let (asked, stage) = (which(&site), Arc::new(People { orders, stock, payments }));
    // What the verifier is made of stays on its thread.
    let local = LocalSet::new();
    let mut tried = local.spawn_local(async move {
        for address in [orders, stock, payments] {
            until(address, "/readyz", StatusCode::OK).await.unwrap();
        }
        complaints(agreement, asked, stage).await
    });
    let tried = async {
        tokio::select! {
            said = &mut tried => said,
            ended = site.ended() => Ok(vec![ended]),
        }
    };
    let said = local.run_until(tried).await;
    drop(local);
    // Whatever has become of it.
    site.remove().await;
    said.unwrap_or_else(|error| resume_unwind(error.into_panic()))
}

/// Who order, and see what becomes of it.
struct People {
    orders: SocketAddr,
    stock: SocketAddr,
    payments: SocketAddr,
}

impl People {
    /// Orders as people do.
    async fn place(&self, order: &Value) -> Result<Order, Failed> {
        match asked(self.orders, Method::POST, "/orders", order.to_string()).await? {
            StatusCode::ACCEPTED => Ok(serde_json::from_value(order.clone())?),
            other => Err(format!("the order was answered {other}").into()),
        }
    }
}

#[async_trait]
impl Stage for People {
    async fn set(&self, state: &str, params: Value) -> Result<(), Failed> {
        match state {
            "an order was placed" => self.place(&params).await.map(drop),
            "pieces are put aside for an order" => {
                let Order { order, .. } = self.place(&params).await?;
                until(self.stock, &format!("/reservations/{order}"), StatusCode::OK).await
            }
            "an order was paid" => {
                let Order { order, .. } = self.place(&params).await?;
                until(self.payments, &format!("/payments/{order}"), StatusCode::OK).await
            }
            "a product was delivered" => {
                let product = params["product"].as_str().unwrap_or_default();
                match STOCK.split_once('=') {
                    Some((delivered, _)) if delivered == product => Ok(()),
                    _ => Err(format!("{product:?} was not delivered").into()),
                }
            }
            other => Err(format!("{other:?} is no state of the services of an order").into()),
        }
    }
}

async fn asked(
    address: SocketAddr,
    method: Method,
    path: &str,
    body: String,
) -> Result<StatusCode, Failed> {
    let request = Request::builder().method(method).uri(format!("http://{address}{path}"));
    let request = request.header("content-type", "application/json").body(Body::from(body))?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    Ok(client.request(request).await?.status())
}

/// Asks again and again until this is answered.
async fn until(address: SocketAddr, path: &str, status: StatusCode) -> Result<(), Failed> {
    let answered = async {
        while asked(address, Method::GET, path, String::new()).await.ok() != Some(status) {
            sleep(SOON).await;
        }
    };
    let late = |_| format!("{path} was not answered {status} within {PATIENCE:?}");
    Ok(timeout(PATIENCE, answered).await.map_err(late)?)
}
