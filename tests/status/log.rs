//! What the library writes to logs while a test runs: texts escaped, as subscribers do that, the rest as it is.

use std::cell::RefCell;
use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

thread_local! {
    /// Each test has a thread of its own.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// From now on.
pub(crate) fn listen() {
    // Only the first is needed.
    let _ = tracing::subscriber::set_global_default(Log);
}

/// What was written in this test.
pub(crate) fn lines() -> Vec<String> {
    LINES.with_borrow(Clone::clone)
}

struct Log;

#[derive(Default)]
struct Line(String);

impl Line {
    fn write(self) {
        LINES.with_borrow_mut(|lines| lines.push(self.0));
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line(span.metadata().name().to_owned());
        span.record(&mut line);
        line.write();
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line::default();
        values.record(&mut line);
        line.write();
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        line.write();
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
