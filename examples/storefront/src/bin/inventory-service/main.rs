//! The inventory-service: it knows what there is, puts pieces aside for orders, and sends them.
//!
//! | variable | |
//! |---|---|
//! | `LISTEN` | its address |
//! | `DATABASE_URL` | its PostgreSQL |
//! | `AMQP_URL` | the RabbitMQ of all services |
//! | `TOPICS_PREFIX` | what topics and queues are called by, where several storefronts have one broker; `storefront` if nothing is said |
//! | `NODE` | its name among its like |
//! | `STOCK` | what comes into an empty house, `p-1=30,p-2=5`; nothing if nothing is said |
//! | `RUST_LOG` | what is logged; `info` if nothing is said |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | the collector of traces, `http://host:port`; none if nothing is said |

mod effects;
mod http;
mod parcels;
mod stock;

use std::process::ExitCode;
use std::sync::Arc;

use adapters::postgres::{INBOX_SCHEMA, OUTBOX_SCHEMA, SAGA_BARRIER_SCHEMA};
use storefront::Failed;
use storefront::chassis::{Telemetry, required, run, setting};
use storefront::orders::{Forgets, Mailbox, Service};

use crate::effects::StockEffects;
use crate::parcels::Parcels;
use crate::stock::{Delivery, Stock};

const STOCK_SCHEMA: &str = include_str!("stock.sql");

#[tokio::main]
async fn main() -> ExitCode {
    run("inventory-service", serve).await
}

async fn serve(telemetry: Telemetry) -> Result<(), Failed> {
    let (address, delivery) = (required("LISTEN")?, setting("STOCK", Delivery::default())?);
    let tables = [STOCK_SCHEMA, INBOX_SCHEMA, OUTBOX_SCHEMA, SAGA_BARRIER_SCHEMA];
    let mut service = Service::open(&tables.concat(), &telemetry).await?;
    let (database, stock) = (service.database.clone(), Stock::new(service.for_requests()?));
    stock.deliver(&delivery).await?;

    let source = "/storefront/inventory".parse()?;
    service.participate(Mailbox::StockCommands, source, StockEffects).await?;
    service.consume(Mailbox::Parcels, Arc::new(Parcels::new(database))).await?;
    service.relay()?;
    service.tidy(Forgets::commands(service.database.clone()).and_events());

    service.serve(address, http::routes(stock), &telemetry).await
}
