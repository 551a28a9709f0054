//! What becomes of it where migrators fail: the same stores and the same
//! mishap, once under LaunchDarkly's migrator and once under this crate.

mod ours;
mod spawned;
mod store;
mod theirs;

use std::time::Duration;

use measure::figure;
use tokio::runtime::{Builder, Runtime};

use spawned::sendable;
use store::Stores;

/// How often each mishap is tried.
const TIMES: u64 = 100;
/// A side that is slow.
const SLOW: Duration = Duration::from_millis(800);
/// A side that is quick, and a caller with little patience.
const QUICK: Duration = Duration::from_millis(1);

/// A mishap, and what each made of it.
struct Probe {
    name: &'static str,
    unit: &'static str,
    counted: &'static str,
    theirs: f64,
    ours: f64,
}

/// Tries them all and prints a line each, then the figures.
pub(crate) fn print() {
    // Panics are part of it.
    std::panic::set_hook(Box::new(|_| ()));
    let runtime = paused();
    let probes = [
        spawning(&runtime),
        caller_gone(&runtime),
        slow_secondary(&runtime),
        sampling(&runtime),
        panicking(&runtime),
        mixed_phases(&runtime),
        uneven_latency(&runtime),
    ];
    println!("{:17} {:>12} {:>13}", "", "launchdarkly", "strangler-fig");
    for Probe { name, counted, theirs, ours, .. } in &probes {
        println!("{name:17} {theirs:12.0} {ours:13.0}  {counted}");
    }
    println!();
    for Probe { name, unit, theirs, ours, .. } in &probes {
        figure(format_args!("probe.{name}.launchdarkly"), *theirs, unit);
        figure(format_args!("probe.{name}.repository"), *ours, unit);
    }
}

/// Time that passes when nothing else is to be done.
fn paused() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().expect("a runtime can be built")
}

#[expect(clippy::cast_precision_loss, reason = "they are few")]
fn count(what: impl Iterator<Item = bool>) -> f64 {
    what.filter(|yes| *yes).count() as f64
}

/// Can a handler on a runtime of several threads await it?
fn spawning(runtime: &Runtime) -> Probe {
    let mut migrator = theirs::Node::new(runtime, theirs::DUAL_WRITE, 1, &Stores::default());
    let theirs = [sendable!(migrator.read(1)), sendable!(migrator.write((1, "new")))];
    let node = ours::Node::new(ours::DUAL_WRITE, 1, &Stores::default());
    let ours = [sendable!(node.rows.find(&1)), sendable!(node.rows.save((1, "new")))];
    Probe {
        name: "spawn",
        unit: "futures",
        counted: "of 2 futures, read and write, are Send",
        theirs: count(theirs.into_iter()),
        ours: count(ours.into_iter()),
    }
}

/// The caller gives up between the two writes.
fn caller_gone(runtime: &Runtime) -> Probe {
    let stores = Stores::default();
    stores.modern.delay(SLOW);
    let mut migrator = theirs::Node::new(runtime, theirs::DUAL_WRITE, 1, &stores);
    runtime.block_on(async {
        for key in 0..TIMES {
            let gone = tokio::time::timeout(QUICK, migrator.write((key, "new"))).await;
            assert!(gone.is_err(), "the caller gives up");
        }
    });
    let theirs = count((0..TIMES).map(|key| stores.differ(key)));

    let stores = Stores::default();
    stores.modern.delay(SLOW);
    let node = ours::Node::new(ours::DUAL_WRITE, 1, &stores);
    let noted = runtime.block_on(async {
        for key in 0..TIMES {
            let gone = tokio::time::timeout(QUICK, node.rows.save((key, "new"))).await;
            assert!(gone.is_err(), "the caller gives up");
        }
        node.rows.sink().take(usize::MAX)
    });
    let silent = |key| stores.differ(key) && !noted.iter().any(|noted| noted.key == key);
    Probe {
        name: "caller_gone",
        unit: "keys",
        counted: "of 100 keys differ and nothing tells, the caller having given up",
        theirs,
        ours: count((0..TIMES).map(silent)),
    }
}

/// The side that does not decide is slow.
fn slow_secondary(runtime: &Runtime) -> Probe {
    let stores = Stores::default();
    stores.modern.delay(SLOW);
    let mut migrator = theirs::Node::new(runtime, theirs::DUAL_WRITE, 1, &stores);
    let theirs = waited(runtime, async || migrator.write((1, "new")).await);
    let node = ours::Node::new(ours::DUAL_WRITE, 1, &stores);
    let ours = waited(runtime, async || node.save((1, "new")).await);
    runtime.block_on(node.rows.drained());
    Probe {
        name: "slow_secondary",
        unit: "ms",
        counted: "ms the caller of a write waits, modern taking 800",
        theirs,
        ours,
    }
}

fn waited(runtime: &Runtime, operation: impl AsyncFnOnce() -> Result<(), String>) -> f64 {
    runtime.block_on(async {
        let start = tokio::time::Instant::now();
        operation().await.expect("the write is acknowledged");
        start.elapsed().as_secs_f64() * 1e3
    })
}

/// One read in a hundred is to be compared.
fn sampling(runtime: &Runtime) -> Probe {
    let stores = Stores::default();
    let mut migrator = theirs::Node::new(runtime, theirs::SHADOW, 100, &stores);
    runtime.block_on(async {
        for _ in 0..TIMES {
            migrator.read(1).await.expect("nothing fails");
        }
    });
    let theirs = stores.modern.reads();

    let stores = Stores::default();
    let node = ours::Node::new(ours::SHADOW, 1, &stores);
    runtime.block_on(async {
        for _ in 0..TIMES {
            node.rows.find(&1).await.expect("nothing fails");
        }
        node.rows.drained().await;
    });
    Probe {
        name: "sampling",
        unit: "reads",
        counted: "reads of modern for 100 reads, one in a hundred to be compared",
        theirs: theirs.into(),
        ours: stores.modern.reads().into(),
    }
}

/// The side that does not decide panics.
fn panicking(runtime: &Runtime) -> Probe {
    let stores = Stores::default();
    stores.modern.panic_from_now_on();
    let mut migrator = theirs::Node::new(runtime, theirs::DUAL_WRITE, 1, &stores);
    let theirs = (0..TIMES).map(|key| dies(runtime, async || migrator.write((key, "new")).await));
    let theirs = count(theirs);
    let node = ours::Node::new(ours::DUAL_WRITE, 1, &stores);
    let ours = (0..TIMES).map(|key| dies(runtime, async || node.save((key, "new")).await));
    Probe {
        name: "panic",
        unit: "callers",
        counted: "of 100 callers die of modern's panic, legacy having the write",
        theirs,
        ours: count(ours),
    }
}

fn dies(runtime: &Runtime, operation: impl AsyncFnOnce() -> Result<(), String>) -> bool {
    let operation = || runtime.block_on(operation());
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(operation)).is_err()
}

/// One node has moved on and the other has not heard of it yet. (A fleet of ours
/// is not let into these two phases at once; the stores would hold all the same.)
fn mixed_phases(runtime: &Runtime) -> Probe {
    let stores = Stores::default();
    stores.delay(QUICK);
    let mut one = theirs::Node::new(runtime, theirs::DUAL_WRITE, 1, &stores);
    let mut other = theirs::Node::new(runtime, theirs::LIVE, 1, &stores);
    let theirs = race(runtime, &stores, async |key| {
        let (one, other) = (one.write((key, "one")), other.write((key, "other")));
        both_done(one, other).await;
    });

    let stores = Stores::default();
    stores.delay(QUICK);
    let one = ours::Node::new(ours::DUAL_WRITE, 1, &stores);
    let other = ours::Node::new(ours::LIVE, 2, &stores);
    let ours = race(runtime, &stores, async |key| {
        both_done(one.save((key, "one")), other.save((key, "other"))).await;
    });
    Probe {
        name: "mixed_phases",
        unit: "keys",
        counted: "of 100 keys differ, all writes acknowledged, one node in dualwrite, one in live",
        theirs,
        ours,
    }
}

/// Two nodes of one phase write one key; the first is slow to reach modern.
fn uneven_latency(runtime: &Runtime) -> Probe {
    let stores = Stores::default();
    let far = stores.with_slow_modern(QUICK * 20);
    let mut slow = theirs::Node::new(runtime, theirs::DUAL_WRITE, 1, &far);
    let mut fast = theirs::Node::new(runtime, theirs::DUAL_WRITE, 1, &stores);
    let theirs = race(runtime, &stores, async |key| {
        both_done(slow.write((key, "slow")), fast.write((key, "fast"))).await;
    });

    let stores = Stores::default();
    let far = stores.with_slow_modern(QUICK * 20);
    let slow = ours::Node::new(ours::DUAL_WRITE, 1, &far);
    let fast = ours::Node::new(ours::DUAL_WRITE, 2, &stores);
    let ours = race(runtime, &stores, async |key| {
        both_done(slow.save((key, "slow")), fast.save((key, "fast"))).await;
    });
    Probe {
        name: "uneven_latency",
        unit: "keys",
        counted: "of 100 keys differ, all writes acknowledged, one node slow to reach modern",
        theirs,
        ours,
    }
}

fn race(runtime: &Runtime, stores: &Stores, mut writes: impl AsyncFnMut(u64)) -> f64 {
    runtime.block_on(async {
        for key in 0..TIMES {
            writes(key).await;
        }
    });
    count((0..TIMES).map(|key| stores.differ(key)))
}

async fn both_done(
    one: impl Future<Output = Result<(), String>>,
    other: impl Future<Output = Result<(), String>>,
) {
    let (one, other) = futures::future::join(one, other).await;
    one.and(other).expect("both writes are acknowledged");
}
