//! The order-service: it takes orders, and runs the saga of each.
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
mod orders;
mod saga;
mod tidy;

use std::process::ExitCode;
use std::sync::Arc;

use adapters::postgres::{
    OUTBOX_SCHEMA, PostgresReplyStore, PostgresSagaJournal, REPLY_SCHEMA, SAGA_BARRIER_SCHEMA,
    SAGA_JOURNAL_SCHEMA,
};
use storefront::Failed;
use storefront::chassis::{Telemetry, required, run};
use storefront::orders::{Forgets, Mailbox, Service};
use strangler_fig::event::ReplyReceiver;
use strangler_fig::saga::SagaOrchestrator;

use crate::effects::OrderEffects;
use crate::orders::Orders;
use crate::saga::Starts;
use crate::tidy::SagasOver;

const ORDER_SCHEMA: &str = include_str!("order.sql");

#[tokio::main]
async fn main() -> ExitCode {
    run("order-service", serve).await
}

async fn serve(telemetry: Telemetry) -> Result<(), Failed> {
    let address = required("LISTEN")?;
    let tables =
        [ORDER_SCHEMA, OUTBOX_SCHEMA, SAGA_BARRIER_SCHEMA, SAGA_JOURNAL_SCHEMA, REPLY_SCHEMA];
    let mut service = Service::open(&tables.concat(), &telemetry).await?;
    let database = service.database.clone();

    let replies = ReplyReceiver::new(Arc::new(PostgresReplyStore::new(database.clone())));
    let saga = saga::definition(&service.bus, &replies)?;
    let journal = Arc::new(PostgresSagaJournal::new(database.clone()));
    let config = saga::config().with_observer(service.observer.clone());
    let sagas = SagaOrchestrator::with_runner(journal, service.node.clone(), config);
    sagas.register(&saga);

    let source = orders::SOURCE.parse()?;
    service.participate(Mailbox::OrderCommands, source, OrderEffects).await?;
    service.consume(Mailbox::Replies, Arc::new(replies.clone())).await?;
    let starts = Starts { sagas: sagas.clone(), saga: Arc::new(saga) };
    service.consume(Mailbox::Sagas, Arc::new(starts)).await?;
    service.relay()?;
    service.tidy(Forgets::commands(service.database.clone()));
    service.tidy(SagasOver { sagas: sagas.clone(), replies });
    service.workers().run(|over| async move {
        sagas.run(over).await;
        Ok(())
    });

    let routes = http::routes(Orders::new(service.for_requests()?));
    service.serve(address, routes, &telemetry).await
}
