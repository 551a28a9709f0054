//! The inventory-service: it knows what there is, puts pieces aside for orders, and sends them.

mod effects;
mod http;
mod parcels;
mod stock;

use std::sync::Arc;

use adapters::postgres::{INBOX_SCHEMA, OUTBOX_SCHEMA, SAGA_BARRIER_SCHEMA};
use storefront::Failed;
use storefront::chassis::{Telemetry, required, setting};
use storefront::orders::{Forgets, Mailbox, Service};

use crate::effects::StockEffects;
use crate::parcels::Parcels;
use crate::stock::{Delivery, Stock};

const STOCK_SCHEMA: &str = include_str!("stock.sql");

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let telemetry = Telemetry::install("inventory-service")?;
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
