//! A modern service falls ill, stage by stage, behind a gateway: what callers see who go straight to it, and
//! those who come through the gateway, with the monolith as a net.
//!
//! ```console
//! $ cargo run --release --example chaos_gateway
//! ```
//!
//! With `--naive` the gateway is one that stands in for whatever fails, orders too, and this ends with an error:
//! orders are made twice, and nobody notices that prices are wrong.

#![expect(clippy::print_stdout, reason = "it tells a story")]

mod callers;
mod naive;
mod services;
mod table;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use strangler_fig::gateway::tower::{GatewayService, ServiceUpstream};
use strangler_fig::gateway::{Gateway, GatewayConfig, Mirror, ResponseFields};
use strangler_fig::observe::{Event, Observer};
use strangler_fig::phase::Side;
use strangler_fig::resilience::{BreakerConfig, CircuitBreaker, Policy};
use strangler_fig::route::{Predicates, RouteTable, TableHandle};
use tokio::net::TcpListener;
use tokio::time::sleep;

use self::callers::{Callers, HttpClient};
use self::services::{Book, Health, Modern, Shop, monolith};
use self::table::{HEAD, Net, Row};

type Failed = Box<dyn std::error::Error>;

const STORY: [(Health, &str); 9] = [
    (Health::Well, "well"),
    (Health::Slow, "slow, 400 ms"),
    (Health::Hangs, "silent"),
    (Health::Refuses, "breaking off"),
    (Health::Fails, "answering 500"),
    (Health::Dead, "dead"),
    (Health::Lies, "lying"),
    (Health::Flaps, "silent now and then"),
    (Health::Well, "well"),
];

/// How long modern feels so: breakers open in it, and differences are found.
const STAGE: Duration = Duration::from_millis(600);

/// How long the gateway waits for modern.
const DEADLINE: Duration = Duration::from_millis(150);

/// Reads may be answered by the monolith, and every other one is asked of both. Orders are modern's alone.
const FORWARD: &str = r#"{
    "format": "strangler-fig/route-table", "version": 1, "salt": "shop", "default": "legacy",
    "rules": [
        { "name": "prices", "path": { "prefix": "/prices" }, "methods": ["GET"], "to": "modern",
          "fallback": true, "deadline_ms": 150, "mirror": { "basis_points": 5000 } },
        { "name": "orders", "path": { "prefix": "/orders" }, "to": "modern", "deadline_ms": 150 }
    ]
}"#;

/// Where an operator goes who cannot believe modern any more.
const BACK: &str = r#"{
    "format": "strangler-fig/route-table", "version": 1, "salt": "shop", "default": "legacy", "rules": []
}"#;

/// So many differences are no accident.
const DIFFERENCES_MAX: u64 = 3;

/// Counts what the gateway does.
#[derive(Debug, Default)]
struct Counts {
    fell_back: AtomicU64,
    opened: AtomicU64,
}

impl Observer for Counts {
    fn on_event(&self, event: &Event) {
        match event {
            Event::RequestFellBack { .. } => self.fell_back.fetch_add(1, Ordering::Relaxed),
            Event::BreakerTurned { to: "open", .. } => self.opened.fetch_add(1, Ordering::Relaxed),
            _ => return,
        };
    }
}

/// The gateway, and what looks after it.
#[derive(Debug)]
struct Watched {
    tables: TableHandle,
    mirror: Mirror,
    counts: Arc<Counts>,
}

impl Watched {
    fn new() -> Result<Self, Failed> {
        let tables = TableHandle::new(RouteTable::from_document(FORWARD)?);
        let mirror = Mirror::new(Arc::new(ResponseFields::default()));
        Ok(Self { tables, mirror, counts: Arc::default() })
    }

    fn gateway(
        &self,
        client: &HttpClient,
        legacy: SocketAddr,
        modern: SocketAddr,
    ) -> Result<Gateway, Failed> {
        let at = |address: SocketAddr| {
            let upstream = ServiceUpstream::new(client.clone());
            let unsent = hyper_util::client::legacy::Error::is_connect;
            upstream.surely_unsent(unsent).at(&format!("http://{address}")).map(Arc::new)
        };
        let breaker = BreakerConfig::default().with_open_for(Duration::from_millis(200));
        let policy = Policy::new("modern").with_breaker(CircuitBreaker::new("modern", breaker));
        let config = GatewayConfig::default().with_write_deadline(DEADLINE);
        let gateway = Gateway::builder(self.tables.clone(), at(legacy)?, at(modern)?)
            .with_policy(Side::Modern, policy)
            .with_mirror(self.mirror.clone())
            .with_config(config)
            .with_observer(self.counts.clone());
        Ok(gateway.build()?)
    }

    /// Watches the mirror, and takes the traffic back if modern lies.
    async fn operate(&self) -> Result<(), Failed> {
        let before = self.mirror.report().different;
        while self.mirror.report().different < before + DIFFERENCES_MAX {
            sleep(Duration::from_millis(20)).await;
        }
        self.tables.replace_with_document(BACK, &Predicates::default())?;
        std::future::pending().await
    }

    /// What the gateway has done since this was asked last.
    fn net(&self, differences: &mut u64) -> Net {
        let different = self.mirror.report().different;
        Net {
            fell_back: self.counts.fell_back.swap(0, Ordering::Relaxed),
            opened: self.counts.opened.swap(0, Ordering::Relaxed),
            differences: different - std::mem::replace(differences, different),
        }
    }
}

async fn serve(front: Router) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, front).await });
    Ok(address)
}

/// The story, once: each stage as its callers saw it.
async fn told(is_naive: bool) -> Result<Vec<Row>, Failed> {
    let (book, watched) = (Arc::new(Book::default()), Watched::new()?);
    let legacy = monolith(Shop::new(book.clone())).await?;
    let mut modern = Modern::start(Shop::new(book.clone()))?;
    let client = || Client::builder(TokioExecutor::new()).build_http();
    let front = if is_naive {
        naive::front(client(), modern.address, legacy, DEADLINE)
    } else {
        let gateway = watched.gateway(&client(), legacy, modern.address)?;
        Router::new().fallback_service(GatewayService::new(gateway))
    };
    let mut straight = Callers::new("straight", client(), modern.address);
    let mut through = Callers::new("through", client(), serve(front).await?);

    let (mut nets, mut differences) = (Vec::new(), 0);
    for (stage, (health, _)) in STORY.into_iter().enumerate() {
        modern.becomes(health)?;
        watched.tables.replace_with_document(FORWARD, &Predicates::default())?;
        let calls = async {
            tokio::join!(straight.call_for(STAGE, stage), through.call_for(STAGE, stage));
        };
        tokio::select! {
            () = calls => {}
            failed = watched.operate() => failed?,
        }
        nets.push(watched.net(&mut differences));
    }
    let straight = straight.seen(STORY.len(), &book).await;
    let through = through.seen(STORY.len(), &book).await;
    let rows = STORY.iter().zip(straight).zip(through).zip(nets);
    Ok(rows
        .map(|((((_, what), straight), through), net)| Row { what, straight, through, net })
        .collect())
}

/// What must be so of the callers who came through the gateway, and whether it is.
fn facts(rows: &[Row]) -> Vec<(bool, &'static str)> {
    let all = |holds: &dyn Fn(&Row) -> bool| rows.iter().all(holds);
    let when = |health: Health, holds: &dyn Fn(&Row) -> bool| {
        let stages = rows.iter().zip(STORY).filter(|(_, (is, _))| *is == health);
        stages.map(|(row, _)| row).all(holds)
    };
    vec![
        (all(&|row| row.through.failed == 0), "every question was answered, whatever modern did"),
        (all(&|row| row.through.doubled == 0), "no order was made twice"),
        (all(&|row| row.through.lost == 0), "every order that was confirmed was made"),
        (when(Health::Lies, &|row| row.net.differences >= DIFFERENCES_MAX), "lies were found"),
        (
            when(Health::Lies, &|row| row.through.wrong * 2 < row.straight.wrong),
            "and the traffic was taken back",
        ),
        (
            rows.iter()
                .zip(STORY)
                .all(|(row, (is, _))| is == Health::Lies || row.net.differences == 0),
            "nothing but lies was taken for a difference",
        ),
        (when(Health::Hangs, &|row| row.net.opened > 0), "who waits in vain stops asking"),
        (
            rows.iter().take(1).all(|row| row.net.fell_back <= 5),
            "a modern service that is well answers by itself",
        ),
        (
            [Health::Hangs, Health::Dead, Health::Fails]
                .iter()
                .all(|&health| when(health, &|row| row.straight.failed * 2 > row.straight.asked)),
            "without a net, callers have no answer",
        ),
    ]
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let is_naive = std::env::args().any(|argument| argument == "--naive");
    let rows = told(is_naive).await?;
    let time = STAGE.as_millis();
    println!(
        "100 questions and 20 orders a second come each way, and each stage takes {time} ms.\n"
    );
    for line in HEAD {
        println!("{line}");
    }
    for row in &rows {
        println!("{row}");
    }
    println!("\norders: confirmed to the caller; twice: made on both sides\n");

    let facts = facts(&rows);
    for (holds, fact) in &facts {
        println!("{}  {fact}", if *holds { "yes" } else { "NO " });
    }
    let broken = facts.iter().filter(|(holds, _)| !holds).count();
    if broken > 0 {
        return Err(format!("{broken} of {} are not so", facts.len()).into());
    }
    Ok(())
}
