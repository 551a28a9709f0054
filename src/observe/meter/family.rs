use std::fmt;
use std::sync::{Arc, OnceLock};

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, with_recorder};

use crate::observe::metric::Metric;

static METADATA: Metadata<'static> =
    Metadata::new("strangler_fig", Level::INFO, Some(module_path!()));

/// What a recorder gives for a metric with its labels.
pub(super) trait Handle: Sized {
    fn of(key: &Key) -> Self;
}

impl Handle for Counter {
    fn of(key: &Key) -> Self {
        with_recorder(|recorder| recorder.register_counter(key, &METADATA))
    }
}

impl Handle for Gauge {
    fn of(key: &Key) -> Self {
        with_recorder(|recorder| recorder.register_gauge(key, &METADATA))
    }
}

impl Handle for Histogram {
    fn of(key: &Key) -> Self {
        with_recorder(|recorder| recorder.register_histogram(key, &METADATA))
    }
}

/// A metric by the values of its labels. Each combination is looked up at the recorder once;
/// from then on it is found in a list that only grows, without a lock and without allocating.
/// The lists are short: every value is a name from code or configuration.
pub(super) struct Family<H, const N: usize> {
    metric: Metric,
    constant: Arc<[Label]>,
    first: OnceLock<Box<Known<H, N>>>,
}

struct Known<H, const N: usize> {
    values: [&'static str; N],
    handle: H,
    next: OnceLock<Box<Known<H, N>>>,
}

impl<H, const N: usize> fmt::Debug for Family<H, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family").field("metric", &self.metric.name).finish_non_exhaustive()
    }
}

impl<H: Handle, const N: usize> Family<H, N> {
    pub(super) fn new(metric: Metric, constant: &Arc<[Label]>) -> Self {
        debug_assert_eq!(metric.labels.len(), N, "{}", metric.name);
        Self { metric, constant: Arc::clone(constant), first: OnceLock::new() }
    }

    /// The one whose labels have these values.
    pub(super) fn at(&self, values: [&'static str; N]) -> &H {
        let mut place = &self.first;
        loop {
            // Of two threads that come at once to the end, one adds; the other looks at that.
            let known = place.get_or_init(|| Box::new(self.register(values)));
            if same(&known.values, &values) {
                return &known.handle;
            }
            place = &known.next;
        }
    }

    #[cold]
    fn register(&self, values: [&'static str; N]) -> Known<H, N> {
        let own = self.metric.labels.iter().zip(values);
        let own = own.map(|(label, value)| Label::from_static_parts(label, value));
        let labels = self.constant.iter().cloned().chain(own).collect::<Vec<_>>();
        let handle = H::of(&Key::from_parts(self.metric.name, labels));
        Known { values, handle, next: OnceLock::new() }
    }
}

/// Mostly it is the very same text, or one of another length.
fn same<const N: usize>(known: &[&'static str; N], asked: &[&'static str; N]) -> bool {
    known.iter().zip(asked).all(|(known, asked)| std::ptr::eq(*known, *asked) || known == asked)
}
