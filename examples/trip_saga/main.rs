//! A trip: flight, hotel and car are booked side by side, the payment is the point of
//! no return, and what comes after it is tried again and again, then by hand.
//!
//! ```console
//! $ cargo run --example trip_saga
//! ```
//!
//! Three travellers: all goes well; the hotel is full, and what was booked beside it is
//! given back; the printer of tickets is out of order, and somebody has to look. Time is paused.

#![expect(clippy::print_stdout, reason = "it tells a story")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::resilience::Exponential;
use strangler_fig::saga::{
    Conclusion, Repair, SagaBuilder, SagaDefinition, SagaOrchestrator, SagaStep, StepError,
    StepPolicy, step_fn,
};

/// Which trip, and what goes wrong on it.
type Trip = (String, Trouble);

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
enum Trouble {
    None,
    HotelFull,
    PrinterBroken,
}

/// Books something that takes a while, and gives it back.
fn book(what: &'static str, took: u64) -> impl SagaStep<Input = Trip, Output = String> {
    step_fn(move |(to, trouble): Trip, _| async move {
        tokio::time::sleep(Duration::from_millis(took)).await;
        if (what, trouble) == ("hotel", Trouble::HotelFull) {
            println!("  the hotel in {to} is full");
            return Err(StepError::rejected("no room"));
        }
        println!("  {what} in {to} is booked");
        Ok(format!("{what}-{to}"))
    })
    .undo(|_, booked, _| async move {
        println!("  given back: {booked:?}");
        Ok(())
    })
}

fn trip(jams: &Arc<AtomicU32>) -> Result<SagaDefinition<Trip, String>, Box<dyn std::error::Error>> {
    let mut saga = SagaBuilder::<Trip>::new("trip", 1);
    let trip = saga.input();
    let flight = saga.step("flight", book("flight", 300), trip);
    let hotel = saga.step("hotel", book("hotel", 200), trip);
    let car = saga.step("car", book("car", 100), trip);

    let pay = step_fn(|(trip, _, _, _): (Trip, String, String, String), _| async move {
        println!("  the trip to {} is paid: there is no way back", trip.0);
        Ok(trip.0)
    });
    let paid = saga.step("pay", pay, (trip, flight, hotel, car));
    saga.pivot(paid);

    let jams = jams.clone();
    let print = step_fn(
        move |(to, (_, trouble)): (String, Trip), context: strangler_fig::saga::StepContext| {
            let jams = jams.clone();
            async move {
                if trouble == Trouble::PrinterBroken && jams.fetch_sub(1, Ordering::Relaxed) > 0 {
                    println!("  attempt {} to print: a paper jam", context.attempt());
                    return Err(StepError::unavailable("a paper jam"));
                }
                Ok(format!("tickets to {to}"))
            }
        },
    );
    let few = StepPolicy::default().with_retry(Exponential::default().with_count(2));
    let tickets = saga.step_with("tickets", print, (paid, trip), few);
    Ok(saga.build(tickets)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tokio::time::pause();
    // As often as it jams before somebody mends it.
    let jams = Arc::new(AtomicU32::new(3));
    let trip = trip(&jams)?;
    println!("{}", trip.plan().to_mermaid());
    let journal = Arc::new(InMemorySagaJournal::default());
    let orchestrator = SagaOrchestrator::new(journal, "agency-1".parse()?)?;

    let mut ends = Vec::new();
    for (to, trouble) in
        [("Oslo", Trouble::None), ("Rome", Trouble::HotelFull), ("Lima", Trouble::PrinterBroken)]
    {
        println!("A trip to {to}");
        let id = format!("trip:{to}").parse()?;
        let saga = orchestrator.start(&trip, id, (to.to_owned(), trouble)).await?;
        let mut end = saga.wait().await?;
        if end == Conclusion::Parked {
            let state = orchestrator.inspect(saga.saga()).await?.state;
            println!("  parked:\n{}", state.map(|state| state.to_mermaid()).unwrap_or_default());
            println!("  Ada clears the printer, and has it tried again");
            let repair = Repair::Retry { step: "tickets".parse()? };
            orchestrator
                .repair(saga.saga(), repair, &"ada".parse()?, &"printer cleared".parse()?)
                .await?;
            end = saga.wait().await?;
        }
        println!("  => {end:?}\n");
        ends.push(matches!(end, Conclusion::Committed(_)));
    }
    if ends != [true, false, true] {
        return Err("the trips ended otherwise".into());
    }
    Ok(())
}
