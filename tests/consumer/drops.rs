//! A consumer is dropped at any point, as a crash does: nothing is lost, and no effect is out of its order.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use strangler_fig::error::StoreError;
use strangler_fig::event::{EventContext, EventHandler, EventSubscriber, Settlement};
use strangler_fig::memory::InMemoryBus;
use tokio::time::timeout;

use super::flaky::Flaky;
use super::world::{
    Does, Scripted, bus_with, config, consumer, count, in_flight, in_order, messages, name,
    run_until_empty, topic,
};

const KEYS: [&str; 4] = ["pears", "plums", "figs", "nuts"];

/// Fails, panics and hangs here and there, as the seed says.
fn scripted(seed: u64) -> Scripted {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut handler = Scripted::default();
    for key in KEYS {
        for n in 1..=12 {
            let does: Vec<Does> = (0..rng.usize(0..3))
                .map(|_| match rng.u8(0..8) {
                    0 => Does::Panic,
                    1 => Does::Hang,
                    2 => Does::Fail(StoreError::unavailable("away")),
                    3 => Does::Fail(StoreError::unknown("timeout")),
                    _ => Does::Work(Duration::from_millis(rng.u64(0..40))),
                })
                .collect();
            handler = handler.on(&format!("{key}-{n}"), &does);
        }
    }
    handler
}

/// Some settlements fail, with and without effect.
fn flaky(seed: u64, bus: InMemoryBus) -> Flaky {
    let mut rng = fastrand::Rng::with_seed(seed);
    let failures = (0..rng.usize(0..6))
        .map(|_| {
            if rng.bool() {
                (StoreError::unknown("timeout"), rng.bool())
            } else {
                (StoreError::unavailable("no connection"), false)
            }
        })
        .collect();
    let away = vec![StoreError::unavailable("no connection"); rng.usize(0..3)];
    Flaky::new(bus).failing_settles(failures).failing_receives(away)
}

/// Who handles what comes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    Consumer,
    /// A loop that handles all that it has received at once.
    AllAtOnce,
    /// A loop that acknowledges, and then handles.
    AcksFirst,
}

/// What a loop does that somebody writes in a minute.
async fn careless(who: Who, bus: &InMemoryBus, handler: &Scripted) {
    let limits = in_flight(8);
    let subscription = bus.subscribe(&name(), &[topic()], limits).await.unwrap();
    let subscription = &subscription;
    loop {
        let came = subscription.receive(count(8)).await.unwrap();
        let each = came.into_iter().map(|delivery| async move {
            let (event, receipt) = (delivery.event.unwrap(), delivery.receipt);
            if who == Who::AcksFirst {
                subscription.settle(receipt, &Settlement::Ack).await.unwrap();
            }
            let name = name();
            let context = EventContext::new(&delivery.topic, &name);
            let call = AssertUnwindSafe(handler.handle(&event, &context)).catch_unwind();
            let is_handled = timeout(Duration::from_millis(300), call).await;
            let settlement = match is_handled {
                Ok(Ok(Ok(()))) => Settlement::Ack,
                _ => Settlement::Nack { after: Duration::from_millis(100) },
            };
            let _ = subscription.settle(receipt, &settlement).await;
        });
        join_all(each).await;
    }
}

/// Lives of random length, and then one to the end; answers how many calls of the handler there were, or the key whose
/// effects are not all there, once and in order.
async fn lives(seed: u64, who: Who) -> Result<usize, &'static str> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let bus = bus_with(&messages(&KEYS, 12)).await;
    let handler = scripted(seed);
    let small = config()
        .with_limits(in_flight(rng.usize(1..20)))
        .with_concurrency(count(rng.usize(1..5)))
        .with_deadline(Duration::from_millis(300));
    for life in 0..rng.u64(1..12) {
        let one = consumer(flaky(seed + life, bus.clone()), &handler).with_config(small.clone());
        let two = consumer(bus.clone(), &handler).with_config(small.clone());
        let time = Duration::from_millis(rng.u64(0..400));
        // Dropped, both of them, wherever they are.
        let both = async {
            if who == Who::Consumer {
                let never = std::future::pending;
                let _ = tokio::join!(one.run(never()), two.run(never()));
            } else {
                careless(who, &bus, &handler).await;
            }
        };
        assert!(timeout(time, both).await.is_err(), "it was not told to end");
    }
    run_until_empty(&consumer(bus.clone(), &handler).with_config(small), &bus).await;
    assert!(bus.dead_letters(&name()).is_empty(), "seed {seed}");
    let wrong = KEYS
        .into_iter()
        .find(|key| handler.seen(|seen| seen.of(key).join(" ")) != in_order(key, 12).join(" "));
    wrong.map_or_else(|| Ok(handler.seen(|seen| seen.began.len())), Err)
}

#[tokio::test(start_paused = true)]
async fn dropped_anywhere_nothing_is_lost_or_out_of_order() {
    let mut calls = 0;
    for seed in 0..200 {
        calls += lives(seed * 1_000, Who::Consumer).await.unwrap_or_else(|key| {
            panic!("seed {seed}: the effects of {key} are wrong");
        });
    }
    assert!(calls > 200 * 48 * 11 / 10, "only {calls} calls: hardly one was made again");
}

/// The control: by the same faults, loops that are careless are found out.
#[tokio::test(start_paused = true)]
async fn careless_loops_are_caught() {
    for who in [Who::AllAtOnce, Who::AcksFirst] {
        let mut caught = 0;
        for seed in 0..20 {
            caught += usize::from(lives(seed * 1_000, who).await.is_err());
        }
        assert!(caught > 10, "{who:?} was caught {caught} times of 20");
    }
}
