//! What operators do about keys that were given up.

use std::fmt::Write;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use strangler_fig::error::StoreErrorKind::{Rejected, Unavailable, Unknown};
use strangler_fig::key::KeyExt;
use strangler_fig::phase::{Actor, Phase, Reason};
use strangler_fig::testkit::faults::Fault;
use tokio::time::Instant;
use tracing::field::{Field, Visit};

use crate::support::{HOUR, KEY, MANY, World};

fn ada() -> Actor {
    "ada".parse().unwrap()
}

fn why() -> Reason {
    "the row was mended".parse().unwrap()
}

/// A world in which modern refuses these keys, until all were parked.
async fn given_up(keys: impl IntoIterator<Item = u32>) -> World {
    let world = World::new(Phase::DualWrite);
    for key in keys {
        world.legacy.inner().plant((key, "old"));
        world.note([key]).await;
    }
    world.modern.always_apply(Fault::Refuse(Rejected));
    world.run_for(HOUR).await;
    world.modern.heal();
    world
}

#[tokio::test(start_paused = true)]
async fn a_parked_key_that_is_tried_again_is_repaired() {
    let world = given_up([KEY]).await;
    let reconciler = world.reconciler();
    let parked = reconciler.parked(None, MANY).await.unwrap();
    assert_eq!((parked.len(), &parked[0].key), (1, &KEY.to_bytes()));
    assert!(reconciler.retry(&parked[0].key, &ada(), &why()).await.unwrap());
    assert!(!reconciler.retry(&parked[0].key, &ada(), &why()).await.unwrap(), "it is due already");
    assert_eq!(world.drain().await.copied, 1);
    assert!(!reconciler.retry(&parked[0].key, &ada(), &why()).await.unwrap(), "it is gone");
    assert!(world.is_level());
}

#[tokio::test(start_paused = true)]
async fn parked_keys_are_listed_page_after_page() {
    let world = given_up([1, 2, 3]).await;
    let reconciler = world.reconciler();
    let (mut found, mut after) = (Vec::new(), None::<Vec<u8>>);
    while let Some(entry) =
        reconciler.parked(after.as_deref(), NonZeroUsize::MIN).await.unwrap().pop()
    {
        after = Some(entry.key.clone());
        found.push(entry.key);
    }
    assert_eq!(found, [1, 2, 3].map(|key: u32| key.to_bytes()));
}

#[tokio::test(start_paused = true)]
async fn what_the_queue_reports_is_told_and_changes_nothing() {
    let world = given_up([KEY]).await;
    let reconciler = world.reconciler();
    world.queue.fail_next("retry", 1);
    let error = reconciler.retry(&KEY.to_bytes(), &ada(), &why()).await.unwrap_err();
    assert_eq!(error.kind(), Unavailable);
    assert_eq!(world.parked().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_hangs_is_not_waited_for_beyond_the_deadline() {
    let world = given_up([KEY]).await;
    let reconciler = world.reconciler();
    world.queue.set_hanging(true);
    let began = Instant::now();
    let errors = [
        reconciler.parked(None, MANY).await.unwrap_err(),
        reconciler.retry(&KEY.to_bytes(), &ada(), &why()).await.unwrap_err(),
    ];
    assert!(errors.iter().all(|error| error.kind() == Unknown), "{errors:?}");
    assert_eq!(began.elapsed().as_secs(), 60, "30 s for each");
}

/// Warnings, as text.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn who_tries_a_key_again_is_told_with_the_reason_and_without_the_key() {
    let world = given_up([KEY]).await;
    let reconciler = world.reconciler();
    let warnings = Warnings::default();
    let _listening = tracing::subscriber::set_default(warnings.clone());
    reconciler.retry(&KEY.to_bytes(), &ada(), &why()).await.unwrap();
    let told = warnings.0.lock().unwrap().clone();
    let expected = "message=a parked key is tried again actor=\"ada\" reason=\"the row was mended\" was_parked=true ";
    assert_eq!(told, [expected]);
}
