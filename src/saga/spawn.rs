//! How a run begins, and in whose trace it is.

use std::sync::Arc;

use tracing::{Instrument, debug_span};

use super::live::Live;
use super::run::Run;
use super::soon;
use crate::observe::{begin_under, field, link, span};

impl Run {
    /// Lets it run, in a task of its own.
    pub(super) fn spawn(self: Box<Self>) -> Arc<Live> {
        let live = Arc::clone(&self.place.live);
        let span = debug_span!(parent: None, span::SAGA, { field::SAGA } = %self.claim.saga);
        if let Some(cause) = self.trace() {
            link(&span, cause);
        }
        tokio::spawn(self.drive().instrument(span));
        live
    }

    /// Lets it run: here until it has to wait, and from then on in a task of its own, which costs more than
    /// steps that need not wait.
    ///
    /// `is_told`: whoever starts it has said in whose trace.
    pub(super) fn start(self: Box<Self>, is_told: bool) -> Arc<Live> {
        let live = Arc::clone(&self.place.live);
        let span = debug_span!(span::SAGA, { field::SAGA } = %self.claim.saga);
        if !span.is_disabled() {
            if let Some(trace) = self.trace().filter(|_| is_told) {
                begin_under(&span, trace);
            }
            if let Some(rest) = soon::rest_of(self.drive().instrument(span)) {
                tokio::spawn(rest);
            }
        } else if let Some(rest) = soon::rest_of(self.drive()) {
            tokio::spawn(rest);
        }
        live
    }

    /// In whose trace the saga was begun, if anybody said so.
    pub(super) fn trace(&self) -> Option<&Arc<str>> {
        self.state.begun.as_ref().and_then(|begun| begun.traceparent.as_ref())
    }
}
