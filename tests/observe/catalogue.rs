//! The names of metrics follow the conventions of OpenTelemetry, and each is told by an event.

use std::collections::BTreeSet;

use strangler_fig::observe::metric::{METRICS, Metric, MetricKind, metrics_of};

use crate::samples::{samples, variants};

fn is_snake(word: &str) -> bool {
    let is_fine = |c: char| c.is_ascii_lowercase() || c == '_';
    !word.is_empty() && word.chars().all(is_fine) && !word.starts_with('_') && !word.ends_with('_')
}

/// What a metric's declaration does wrong.
fn faults(metric: &Metric) -> Vec<&'static str> {
    let parts: Vec<_> = metric.name.split('.').collect();
    let is_counted = metric.unit.starts_with('{') && metric.unit.ends_with('}');
    let checks = [
        (parts[0] != "strangler" || parts.len() < 2, "it is not of this crate"),
        (!parts.iter().all(|part| is_snake(part)), "its name is not dotted snake_case"),
        (parts.iter().any(|part| part.ends_with("total")), "its name says that it is a total"),
        (parts.iter().any(|part| part.ends_with("seconds")), "its name says its unit"),
        (!metric.labels.iter().all(|label| is_snake(label)), "a label is not snake_case"),
        (metric.kind == MetricKind::Counter && !is_counted, "it does not say what it counts"),
        (metric.kind == MetricKind::Histogram && metric.unit != "s", "a time is not in seconds"),
        (
            !is_counted && !["s", "1", "{record}/s"].contains(&metric.unit),
            "its unit is none of UCUM's that are used here",
        ),
        (!metric.help.ends_with('.') || metric.help.len() < 20, "it does not say what it is"),
    ];
    checks.into_iter().filter_map(|(is_wrong, what)| is_wrong.then_some(what)).collect()
}

#[test]
fn every_metric_follows_the_conventions() {
    for metric in METRICS {
        assert_eq!(faults(metric), [""; 0], "{}", metric.name);
    }
}

#[test]
fn a_metric_that_breaks_a_convention_is_found_out() {
    let with = |change: fn(&mut Metric)| {
        let mut metric = METRICS[0];
        change(&mut metric);
        metric
    };
    for (metric, expected) in [
        (with(|it| it.name = "strangler.Phase"), "its name is not dotted snake_case"),
        (with(|it| it.name = "phase"), "it is not of this crate"),
        (with(|it| it.name = "strangler.reads_total"), "its name says that it is a total"),
        (with(|it| it.name = "strangler.age.seconds"), "its name says its unit"),
        (with(|it| it.labels = &["recordId"]), "a label is not snake_case"),
        (with(|it| it.kind = MetricKind::Counter), "it does not say what it counts"),
        (with(|it| it.kind = MetricKind::Histogram), "a time is not in seconds"),
        (with(|it| it.unit = "ms"), "its unit is none of UCUM's that are used here"),
        (with(|it| it.help = "?"), "it does not say what it is"),
    ] {
        assert_eq!(faults(&metric), [expected]);
    }
}

#[test]
fn no_name_is_used_twice() {
    let names: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(names.len(), METRICS.len());
}

#[test]
fn the_samples_are_of_every_kind_of_event() {
    let debug = |event| format!("{event:?}");
    let kind = |text: String| text.split([' ', '{']).next().unwrap_or_default().to_owned();
    let sampled: BTreeSet<_> = samples().into_iter().map(debug).map(kind).collect();
    assert_eq!(sampled, variants());
}

#[test]
fn every_event_is_told_in_a_metric_and_every_metric_by_an_event() {
    let mut told = BTreeSet::new();
    for event in samples() {
        let metrics = metrics_of(&event);
        assert!(!metrics.is_empty(), "{event:?}");
        told.extend(metrics.iter().map(|metric| metric.name));
    }
    let all: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(told, all);
}
