//! Gates of users.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use strangler_fig::controller::{Gate, GateFn, GateReading};

use super::support::{World, closed, open};

#[tokio::test]
async fn a_closure_is_asked_afresh_and_sees_the_context() {
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    let gate = GateFn::new("every_other", move |context| {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            tokio::task::yield_now().await;
            GateReading::of(number % 2 == 1, format!("{} {}", context.state.name(), context.step))
        })
    });
    let world = World::of(1);
    assert!(closed(&world.read(&gate).await).starts_with("users "));
    open(&world.read(&gate).await);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[test]
fn a_long_or_dirty_name_is_made_plain() {
    let gate = |name: &str| {
        GateFn::new(name, |_| Box::pin(async { GateReading::open("") })).name().to_owned()
    };
    assert_eq!(gate(&"ä".repeat(65)), "ä".repeat(64));
    assert_eq!(gate("a\nb"), "a b");
}
