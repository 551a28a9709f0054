//! The payment-service: it takes money, and gives it back.

mod effects;
mod http;
mod ledger;

use adapters::postgres::{OUTBOX_SCHEMA, SAGA_BARRIER_SCHEMA};
use storefront::Failed;
use storefront::chassis::{Telemetry, required};
use storefront::orders::{Forgets, Mailbox, Service};

use crate::effects::PaymentEffects;
use crate::ledger::Ledger;

const PAYMENT_SCHEMA: &str = include_str!("payment.sql");

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let telemetry = Telemetry::install("payment-service")?;
    let address = required("LISTEN")?;
    let tables = [PAYMENT_SCHEMA, OUTBOX_SCHEMA, SAGA_BARRIER_SCHEMA];
    let mut service = Service::open(&tables.concat(), &telemetry).await?;
    let source = "/storefront/payments".parse()?;
    service.participate(Mailbox::PaymentCommands, source, PaymentEffects).await?;
    service.relay()?;
    service.tidy(Forgets::commands(service.database.clone()));

    let routes = http::routes(Ledger::new(service.for_requests()?));
    service.serve(address, routes, &telemetry).await
}
