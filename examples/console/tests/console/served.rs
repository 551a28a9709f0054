//! A console of a small migration, served in this process.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use console::authorizer::Tokens;
use console::data;
use console::desk::Desk;
use console::migration::Migration;
use console::router::{Console, Settings, router};

pub(crate) const TOKEN: &str = "ann-s-token-of-some-length";
pub(crate) const OPERATORS: &str = "ann=ann-s-token-of-some-length,bob=bob-s-token-of-some-length";
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../quickstart/data/airports.csv");
/// So many airports go over in a moment.
const AIRPORTS: usize = 300;

pub(crate) struct Served {
    pub(crate) migration: Arc<Migration>,
    pub(crate) pages: Router,
}

impl Served {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let mut airports = data::airports(Path::new(DATA)).unwrap();
        airports.truncate(AIRPORTS);
        let migration = Arc::new(Migration::start(airports, 1).await.unwrap());
        let tokens = Arc::new(Tokens::parse(OPERATORS).unwrap());
        let desk: Arc<dyn Desk> = migration.clone();
        Self { migration, pages: router(Console::new(desk, tokens, settings)) }
    }

    /// Listens on a port that is free, for as long as the runtime lives.
    pub(crate) async fn listens(&self) -> SocketAddr {
        Self::serves(self.pages.clone()).await
    }

    pub(crate) async fn serves(pages: Router) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, pages).await });
        address
    }
}
