//! What the observer of metrics tells a real recorder.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use metrics::{
    Counter, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use strangler_fig::observe::metric::{METRICS, metrics_of};
use strangler_fig::observe::{Event, MetricsObserver, Observer, Operation, Outcome};
use strangler_fig::phase::Phase;
use strangler_fig::resilience::BreakerState;

use crate::samples::samples;

struct World {
    recorder: PrometheusRecorder,
    scrape: PrometheusHandle,
    observer: Arc<MetricsObserver>,
}

impl World {
    fn new() -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        let scrape = recorder.handle();
        let observer = metrics::with_local_recorder(&recorder, MetricsObserver::new);
        Self { recorder, scrape, observer: Arc::new(observer) }
    }

    fn told(events: &[Event]) -> Self {
        let world = Self::new();
        world.tell(events);
        world
    }

    fn tell(&self, events: &[Event]) {
        metrics::with_local_recorder(&self.recorder, || {
            for event in events {
                self.observer.on_event(event);
            }
        });
    }

    /// The value of a series.
    fn value(&self, series: &str) -> Option<f64> {
        let text = self.scrape.render();
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map(|value| value.parse().unwrap())
    }

    /// The names of what was told, without what the format adds.
    fn names(&self) -> BTreeSet<String> {
        let text = self.scrape.render();
        let samples = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let name = |line: &str| {
            let name = line.split(['{', ' ']).next().unwrap();
            let bare = ["_sum", "_count", "_bucket"].iter().find_map(|end| name.strip_suffix(end));
            bare.unwrap_or(name).to_owned()
        };
        samples.map(name).collect()
    }
}

#[tokio::test]
async fn every_event_is_told_in_just_its_metrics() {
    for event in samples() {
        let names = metrics_of(&event).iter().map(|metric| metric.name.replace('.', "_"));
        assert_eq!(World::told(&[event]).names(), names.collect(), "{event:?}");
    }
}

#[tokio::test]
async fn each_metric_has_the_labels_that_are_declared() {
    let world = World::told(&samples());
    let text = world.scrape.render();
    for metric in METRICS {
        let name = metric.name.replace('.', "_");
        let is_it = |line: &&str| {
            line.strip_prefix(&name).is_some_and(|rest| {
                ["{", " ", "_sum", "_bucket"].iter().any(|next| rest.starts_with(next))
            })
        };
        let line = text.lines().find(is_it).unwrap_or_else(|| panic!("{name}"));
        let labels = line.split_once('{').map_or("", |(_, rest)| rest.split_once('}').unwrap().0);
        let found = labels.split(',').filter_map(|label| label.split_once('=')).map(|it| it.0);
        let found: Vec<_> = found.filter(|label| !["quantile", "le"].contains(label)).collect();
        assert_eq!(found, metric.labels, "{name}");
    }
}

#[tokio::test]
async fn each_metric_is_described_to_the_recorder() {
    let world = World::told(&samples());
    let text = world.scrape.render();
    for metric in METRICS {
        let help = format!("# HELP {} {}", metric.name.replace('.', "_"), metric.help);
        assert!(text.contains(&help), "{help}");
    }
}

#[tokio::test]
async fn the_phase_is_one_of_all_there_are() {
    let world = World::new();
    for phase in Phase::ALL {
        let phase = phase.name();
        world.tell(&[Event::PhaseAdopted { phase, cohort: None, cohort_share: 0.0, epoch: 3 }]);
        for other in Phase::ALL {
            let series =
                |part| format!("strangler_phase{{part=\"{part}\",phase=\"{}\"}}", other.name());
            let expected = if other.name() == phase { 1.0 } else { 0.0 };
            assert_eq!(world.value(&series("base")), Some(expected), "{phase} {other}");
            assert_eq!(world.value(&series("cohort")), Some(0.0), "there is none");
        }
    }
    let series = world.scrape.render().matches("strangler_phase{").count();
    assert_eq!(series, 2 * Phase::ALL.len(), "no phase but those");
}

fn turned(instance: u64, generation: u64, from: &'static str, to: &'static str) -> Event {
    Event::BreakerTurned { breaker: "modern", instance, from, to, generation }
}

/// A repository and a gateway each have one for modern, say.
#[tokio::test]
async fn of_breakers_of_one_name_the_worst_is_told_until_it_is_dropped() {
    let world = World::new();
    let is_in = |name: &str| {
        let series =
            format!("strangler_circuit_breaker_state{{breaker=\"modern\",state=\"{name}\"}}");
        world.value(&series) == Some(1.0)
    };
    world.tell(&[turned(1, 6, "half_open", "closed"), turned(2, 1, "closed", "forced_open")]);
    assert!(is_in("forced_open") && !is_in("closed"), "six turns of the other are no later ones");
    world.tell(&[Event::BreakerDropped { breaker: "modern", instance: 2 }]);
    assert!(is_in("closed") && !is_in("forced_open"));
    // One that is made anew under the name begins to count at one.
    world.tell(&[turned(3, 1, "closed", "open")]);
    assert!(is_in("open"));
    for instance in [1, 3] {
        world.tell(&[Event::BreakerDropped { breaker: "modern", instance }]);
    }
    assert!(BreakerState::Closed.name() == "closed" && !is_in("closed") && !is_in("open"));
}

#[tokio::test]
async fn the_states_of_a_breaker_are_those_there_are_and_an_old_turn_is_counted_only() {
    let world = World::new();
    let states = [
        BreakerState::Closed,
        BreakerState::Open,
        BreakerState::HalfOpen,
        BreakerState::ForcedOpen,
        BreakerState::Disabled,
    ];
    let state = |state: BreakerState| {
        format!("strangler_circuit_breaker_state{{breaker=\"modern\",state=\"{}\"}}", state.name())
    };
    let turned = |generation, from: BreakerState, to: BreakerState| {
        turned(1, generation, from.name(), to.name())
    };
    for (generation, to) in (1..).zip(states) {
        world.tell(&[turned(generation, BreakerState::Closed, to)]);
        let on = states.into_iter().filter(|it| world.value(&state(*it)) == Some(1.0));
        assert_eq!(on.collect::<Vec<_>>(), [to]);
    }
    world.tell(&[turned(4, BreakerState::Closed, BreakerState::Open)]);
    assert_eq!(world.value(&state(BreakerState::Open)), Some(0.0), "it has gone on since");
    let turns = "strangler_circuit_breaker_turns{breaker=\"modern\",from=\"closed\",to=\"open\"}";
    assert_eq!(world.value(turns), Some(2.0));
}

#[tokio::test(start_paused = true)]
async fn ages_grow_when_they_are_refreshed() {
    let world = World::told(&[
        Event::RepairDepth { waiting: 1, parked: 0, oldest: Some(Duration::from_secs(40)) },
        Event::OutboxDepth { pending: 0, parked: 0, oldest: None },
    ]);
    tokio::time::advance(Duration::from_secs(60)).await;
    metrics::with_local_recorder(&world.recorder, || world.observer.refresh());
    assert_eq!(world.value("strangler_repair_queue_oldest_age"), Some(100.0));
    assert_eq!(world.value("strangler_outbox_oldest_age"), Some(0.0), "nothing waits");
    assert_eq!(world.value("strangler_replication_lag"), None, "nobody has said");
}

#[tokio::test(start_paused = true)]
async fn an_age_that_cannot_grow_any_more_stays() {
    let forever = Some(Duration::MAX);
    let world = World::told(&[Event::OutboxDepth { pending: 1, parked: 0, oldest: forever }]);
    tokio::time::advance(Duration::from_secs(60)).await;
    metrics::with_local_recorder(&world.recorder, || world.observer.refresh());
    let age = world.value("strangler_outbox_oldest_age");
    assert_eq!(age, Some(Duration::MAX.as_secs_f64()));
}

/// Its gauges tell the observer of something, as one might that counts what it is asked.
struct Curious(Arc<MetricsObserver>);

impl GaugeFn for Curious {
    fn increment(&self, _: f64) {}

    fn decrement(&self, _: f64) {}

    fn set(&self, value: f64) {
        if value > 0.0 {
            self.0.on_event(&Event::RepairDepth { waiting: 0, parked: 0, oldest: None });
        }
    }
}

/// A recorder of such gauges.
struct Asks(Arc<MetricsObserver>);

impl Recorder for Asks {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(Curious(self.0.clone())))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test]
async fn a_recorder_may_tell_the_observer_of_something_itself() {
    let observer = Arc::new(MetricsObserver::new());
    let oldest = Some(Duration::from_secs(40));
    let turned = turned(1, 1, "closed", "open");
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        metrics::with_local_recorder(&Asks(observer.clone()), || {
            observer.on_event(&Event::RepairDepth { waiting: 0, parked: 0, oldest });
            observer.on_event(&turned);
        });
        done.send(()).unwrap();
    });
    let ended = is_done.recv_timeout(Duration::from_secs(10));
    assert_eq!(ended, Ok(()), "it waits for a lock that it holds");
}

#[tokio::test(start_paused = true)]
async fn a_verification_grows_old_and_one_that_failed_makes_it_no_younger() {
    let checked = |result| Event::Checked {
        result,
        mode: "digest",
        every_key: true,
        keys: 10,
        differences: 0,
        open: 0,
        duration: Duration::from_secs(1),
    };
    let world = World::told(&[checked("inconsistent")]);
    assert_eq!(world.value("strangler_verification_age"), None, "never verified");
    world.tell(&[checked("consistent")]);
    tokio::time::advance(Duration::from_secs(90)).await;
    world.tell(&[checked("inconclusive")]);
    assert_eq!(world.value("strangler_verification_age"), Some(90.0));
}

#[tokio::test]
async fn what_a_backfill_does_not_know_is_no_number() {
    let world = World::told(&[Event::BackfillProgressed {
        records: 250,
        expected: None,
        per_second: None,
        eta: None,
        state: "running",
        waiting: None,
    }]);
    for name in ["progress", "rate", "eta"] {
        assert!(world.value(&format!("strangler_backfill_{name}")).unwrap().is_nan(), "{name}");
    }
}

#[tokio::test]
async fn sagas_under_way_are_those_that_began_and_have_not_settled() {
    let began = Event::SagaBegan;
    let world = World::told(&[began, began, began, Event::SagaSettled { status: "parked" }]);
    let running = "strangler_saga_instances{state=\"running\"}";
    assert_eq!(world.value(running), Some(2.0));
    world.tell(&[Event::SagaSettled { status: "left" }; 2]);
    assert_eq!(world.value(running), Some(0.0));
    metrics::with_local_recorder(&world.recorder, || {
        world.observer.set_saga_instances("parked", 1);
    });
    assert_eq!(world.value("strangler_saga_instances{state=\"parked\"}"), Some(1.0));
}

#[tokio::test]
async fn two_migrations_of_one_process_are_told_apart_by_a_label() {
    let world = World::new();
    metrics::with_local_recorder(&world.recorder, || {
        for migration in ["users", "orders"] {
            let observer = MetricsObserver::new().with_label("migration", migration);
            observer.on_event(&Event::OutsideWrite);
        }
    });
    for migration in ["users", "orders"] {
        let series = format!("strangler_outside_writes{{migration=\"{migration}\"}}");
        assert_eq!(world.value(&series), Some(1.0));
    }
}

/// Each thread meets every combination at the same time as the others.
#[test]
fn what_many_threads_count_is_all_there() {
    let world = World::new();
    let phases = Phase::ALL.map(Phase::name);
    let told = |outcome| {
        move |phase| Event::Operated { operation: Operation::Read, phase, outcome, duration: None }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    world.tell(&phases.map(told(Outcome::Done)));
                    world.tell(&phases.map(told(Outcome::Failed)));
                }
            });
        }
    });
    for phase in phases {
        for outcome in ["done", "failed"] {
            let series = format!(
                "strangler_operations{{operation=\"read\",phase=\"{phase}\",outcome=\"{outcome}\"}}"
            );
            assert_eq!(world.value(&series), Some(2_000.0), "{series}");
        }
    }
}

#[tokio::test]
async fn counters_that_alarms_hang_on_begin_at_zero_and_are_those_that_events_count_on() {
    let world = World::new();
    let observer =
        metrics::with_local_recorder(&world.recorder, || MetricsObserver::new().starting_at_zero());
    let series = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        lines.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect::<BTreeSet<_>>()
    };
    let before = series(&world.scrape.render());
    let zeros = world.scrape.render().lines().filter(|line| line.ends_with(" 0")).count();
    assert_eq!(zeros, before.len());
    metrics::with_local_recorder(&world.recorder, || {
        for event in samples() {
            observer.on_event(&event);
        }
    });
    for named in [
        "strangler_guard_alarms{cause=\"errors\"}",
        "strangler_repair_parkings{reason=\"attempts\"}",
        "strangler_saga_ends{state=\"committed\"}",
        "strangler_relay_parkings{reason=\"rejected\"}",
        "strangler_comparisons{source=\"shadow\",side=\"modern\",result=\"mismatch\"}",
        "strangler_side_failures{side=\"modern\"}",
        "strangler_outside_writes",
    ] {
        assert!(before.contains(named), "{named} was not there");
        assert_eq!(world.value(named), Some(1.0), "{named} is another one");
    }
}
