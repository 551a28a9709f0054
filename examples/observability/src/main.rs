//! Serves the shop, lives through a day of its migration, and goes on until it is interrupted.
//!
//! ```console
//! $ OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 cargo run -p observability
//! ```

#![expect(clippy::print_stdout, reason = "it says where it listens")]

use std::sync::Arc;
use std::time::Duration;

use observability::{Failed, Shop, Telemetry, serve};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let collector = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").ok();
    let telemetry = Telemetry::install(collector.as_deref())?;
    let shop = Arc::new(Shop::open(&telemetry).await?);
    let address = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:9464".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("metrics at http://{}/metrics", listener.local_addr()?);
    tokio::spawn(serve(listener, Arc::clone(&shop), telemetry.clone()));
    let lived = tokio::select! {
        lived = live(&shop) => lived,
        asked = interrupted() => asked,
    };
    telemetry.shut_down();
    lived
}

/// A day, and traffic from then on.
async fn live(shop: &Shop) -> Result<(), Failed> {
    shop.day().await?;
    println!("the day is over; traffic goes on");
    loop {
        shop.traffic().await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Ctrl-C, or what a supervisor sends.
async fn interrupted() -> Result<(), Failed> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        asked = tokio::signal::ctrl_c() => Ok(asked?),
        _ = terminated.recv() => Ok(()),
    }
}
