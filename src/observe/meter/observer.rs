use std::sync::Arc;

use metrics::{KeyName, Label, Unit, with_recorder};

use super::ages::Ages;
use super::handles::Handles;
use crate::observe::metric::{METRICS, Metric, MetricKind};
use crate::observe::{Event, Observer};

/// Writes [every metric](crate::observe::metric) through the facade of the crate `metrics`, to
/// whatever recorder the program has installed.
///
/// Install the recorder first: the metrics are described when the observer is made, and each
/// is looked up at the recorder when it is first told. After that, telling of the traffic is an
/// atomic addition: no look-up, no lock, no allocation. What comes now and then takes a lock for
/// a moment: turns of breakers, checks, depths, lags, and how far a backfill is. A recorder is
/// asked outside of it.
///
/// One observer serves everything that belongs to one migration: its repository, its tracker,
/// its controller and its workers. What grows older by itself is brought up to date by
/// [`refresh`](Self::refresh).
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::observe::{Event, MetricsObserver, Observer};
/// # use metrics_exporter_prometheus::PrometheusBuilder;
///
/// let recorder = PrometheusBuilder::new().build_recorder();
/// let scrape = recorder.handle();
/// # metrics::with_local_recorder(&recorder, || {
/// // metrics::set_global_recorder(recorder)?;
/// let observer = MetricsObserver::new().with_label("migration", "users");
/// observer.on_event(&Event::Diverged { reason: "mismatch" });
/// # });
///
/// let seen = "strangler_divergences{migration=\"users\",reason=\"mismatch\"} 1";
/// assert!(scrape.render().contains(seen));
/// ```
#[derive(Debug)]
pub struct MetricsObserver {
    constant: Arc<[Label]>,
    pub(super) handles: Handles,
    pub(super) ages: Ages,
}

impl Default for MetricsObserver {
    fn default() -> Self {
        Self::new()
    }
}

impl MetricsObserver {
    /// An observer without labels of its own, which describes the metrics to the recorder.
    #[must_use]
    pub fn new() -> Self {
        METRICS.iter().for_each(describe);
        Self::labelled(Arc::new([]))
    }

    fn labelled(constant: Arc<[Label]>) -> Self {
        Self { handles: Handles::new(&constant), constant, ages: Ages::default() }
    }

    /// The same, with one label more on everything it tells: which migration it is, say. What
    /// it has told before is told without.
    #[must_use]
    pub fn with_label(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let label = Label::new(name.into(), value.into());
        Self::labelled(self.constant.iter().cloned().chain([label]).collect())
    }

    /// Brings up to date what grows older by itself: the age of the last verification, and of
    /// the oldest key, message and change that wait; the rate of a backfill that is not heard of
    /// any more becomes unknown. Call it before each scrape, or every few
    /// seconds.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use strangler_fig::observe::MetricsObserver;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let observer = Arc::new(MetricsObserver::new());
    /// let ages = Arc::clone(&observer);
    /// tokio::spawn(async move {
    ///     let mut every = tokio::time::interval(Duration::from_secs(5));
    ///     loop {
    ///         every.tick().await;
    ///         ages.refresh();
    ///     }
    /// });
    /// # }
    /// ```
    pub fn refresh(&self) {
        let handles = &self.handles;
        // A recorder is asked without the lock: it may do anything.
        let (seconds, has_lost_backfill) = {
            let known = self.ages.lock();
            (known.seconds(), known.has_lost_backfill())
        };
        let gauges =
            [&handles.verification_age, &handles.repair_age, &handles.outbox_age, &handles.lag];
        for (gauge, seconds) in gauges.into_iter().zip(seconds) {
            if let Some(seconds) = seconds {
                gauge.at([]).set(seconds);
            }
        }
        if has_lost_backfill {
            handles.backfill_rate.at([]).set(f64::NAN);
            handles.backfill_eta.at([]).set(f64::NAN);
        }
    }

    /// Tells how many sagas the journal holds in a state: `parked`, say. No event does, for a
    /// journal is shared by many processes; `SagaOrchestrator::list` counts them.
    ///
    /// ```
    /// use strangler_fig::observe::MetricsObserver;
    ///
    /// MetricsObserver::new().set_saga_instances("parked", 2);
    /// ```
    pub fn set_saga_instances(&self, state: &'static str, sagas: u32) {
        self.handles.sagas.at([state]).set(f64::from(sagas));
    }
}

impl Observer for MetricsObserver {
    fn on_event(&self, event: &Event) {
        self.tell(event);
    }
}

fn describe(metric: &Metric) {
    let (name, unit) = (KeyName::from_const_str(metric.name), unit_of(metric.unit));
    with_recorder(|recorder| match metric.kind {
        MetricKind::Counter => recorder.describe_counter(name, unit, metric.help.into()),
        MetricKind::Gauge => recorder.describe_gauge(name, unit, metric.help.into()),
        MetricKind::Histogram => recorder.describe_histogram(name, unit, metric.help.into()),
    });
}

/// The facade's word for a unit; it has none for a ratio or a rate of things.
fn unit_of(ucum: &str) -> Option<Unit> {
    match ucum {
        "s" => Some(Unit::Seconds),
        counted if counted.starts_with('{') && counted.ends_with('}') => Some(Unit::Count),
        _ => None,
    }
}
