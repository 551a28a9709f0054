//! An order, as a saga: create, reserve, charge, confirm; and back again where that
//! fails.
//!
//! ```console
//! $ cargo run --example checkout_saga
//! ```
//!
//! Four customers: one is well served, one asks for more than there is, one's card is
//! declined, and one's bank answers too late, though it has booked. Time is paused.

#![expect(clippy::print_stdout, reason = "it tells a story")]

mod shop;
mod steps;

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::resilience::Exponential;
use strangler_fig::saga::{
    Conclusion, SagaBuilder, SagaDefinition, SagaId, SagaOrchestrator, StepPolicy, Wire,
};

use self::shop::{Card, Order, Shop};
use self::steps::{Charge, Confirm, Create, Reserve};

/// The steps, and what each needs of those before it.
fn checkout(shop: &Shop) -> Result<SagaDefinition<Order, String>, Box<dyn std::error::Error>> {
    let patient = StepPolicy::default()
        .with_timeout(Duration::from_secs(5))
        .with_retry(Exponential::default().with_count(2).with_seed(7));
    let mut saga = SagaBuilder::<Order>::new("checkout", 1).with_deadline(Duration::from_secs(60));
    let order = saga.input();
    let number = saga.step("create", Create(shop.clone()), order);
    let reserved = saga.step("reserve", Reserve(shop.clone()), order.after(number));
    let receipt = saga.step_with("charge", Charge(shop.clone()), order.after(reserved), patient);
    let confirmed = saga.step("confirm", Confirm(shop.clone()), (number, receipt));
    Ok(saga.build(confirmed)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tokio::time::pause();
    let shop = Shop::with_stock(5);
    let checkout = checkout(&shop)?;
    println!("{}", checkout.plan().to_mermaid());

    let journal = Arc::new(InMemorySagaJournal::default());
    let orchestrator = SagaOrchestrator::new(journal, "shop-1".parse()?)?;
    let customers = [
        ("Ada", 2, Card::Good),
        ("Bob", 9, Card::Good),
        ("Cleo", 1, Card::Declined),
        ("Dan", 1, Card::Slow),
    ];
    let mut wrong = 0;
    for (name, pieces, card) in customers {
        println!("{name} orders {pieces}");
        let before = shop.books();
        let order = Order { customer: name.to_owned(), pieces, card };
        let id: SagaId = format!("order:{}", name.to_lowercase()).parse()?;
        let saga = orchestrator.start(&checkout, id, order).await?;
        match saga.wait().await? {
            Conclusion::Committed(text) => println!("  => {text}\n"),
            Conclusion::RolledBack(cause) => {
                println!("  => nothing is left of it: {cause}\n");
                wrong += u32::from(shop.books() != before);
            }
            other => {
                println!("  => {other:?}\n");
                wrong += 1;
            }
        }
    }
    let (stock, taken, orders) = shop.books();
    println!("{stock} left of 5, {taken} cents taken, {orders} orders confirmed");
    // What two customers of four took away, and nothing of the others.
    if (stock, taken, orders) != (2, 3_000, 2) || wrong > 0 {
        return Err("the books do not add up".into());
    }
    Ok(())
}
