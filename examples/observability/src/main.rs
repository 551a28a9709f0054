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

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let collector = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").ok();
    let telemetry = Telemetry::install(collector.as_deref())?;
    let shop = Arc::new(Shop::open(&telemetry).await?);
    let address = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:9464".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("metrics at http://{}/metrics", listener.local_addr()?);
    tokio::spawn(serve(listener, Arc::clone(&shop), telemetry.clone()));
    shop.day().await?;
    println!("the day is over; traffic goes on");
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            done = shop.traffic() => done?,
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    telemetry.shut_down();
    Ok(())
}
