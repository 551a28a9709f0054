//! The payment-service: it takes money, and gives it back.
//!
//! | variable | |
//! |---|---|
//! | `LISTEN` | its address |
//! | `DATABASE_URL` | its PostgreSQL |
//! | `AMQP_URL` | the RabbitMQ of all services |
//! | `TOPICS_PREFIX` | what topics and queues are called by, where several storefronts have one broker; `storefront` if nothing is said |
//! | `NODE` | its name among its like |
//! | `RUST_LOG` | what is logged; `info` if nothing is said |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | the collector of traces, `http://host:port`; none if nothing is said |

mod effects;
mod http;
mod ledger;

use std::process::ExitCode;

use adapters::postgres::{OUTBOX_SCHEMA, SAGA_BARRIER_SCHEMA};
use storefront::Failed;
use storefront::chassis::{Telemetry, required, run};
use storefront::orders::{Forgets, Mailbox, Service};

use crate::effects::PaymentEffects;
use crate::ledger::Ledger;

const PAYMENT_SCHEMA: &str = include_str!("payment.sql");

#[tokio::main]
async fn main() -> ExitCode {
    run("payment-service", serve).await
}

async fn serve(telemetry: Telemetry) -> Result<(), Failed> {
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
