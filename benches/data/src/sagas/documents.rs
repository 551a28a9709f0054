//! What a saga of four steps writes down.

use strangler_fig::saga::{Payload, SagaEntry, SagaOutcome};

use crate::error::Failure;

/// The steps, in their order.
pub(crate) const STEPS: [&str; 4] = ["reserve", "charge", "pack", "ship"];
/// How many appends a saga is, its creation included.
pub(crate) const APPENDS: usize = STEPS.len() + 1;
/// How many entries.
pub(crate) const ENTRIES: u64 = 2 * APPENDS as u64;

/// The entries of saga `n`, as it appends them: each time what a step has brought, and
/// the start of the next.
pub(crate) fn appends(n: u64) -> Result<Vec<[SagaEntry; 2]>, Failure> {
    let payload = || Payload::of(&n);
    let mut before = SagaEntry::Begun { input: payload()?, deadline: None, traceparent: None };
    let mut appends = Vec::with_capacity(APPENDS);
    for step in STEPS {
        appends.push([before, SagaEntry::Started { step: step.parse()? }]);
        before = SagaEntry::Succeeded { step: step.parse()?, output: payload()? };
    }
    let outcome = SagaOutcome::Committed { output: payload()? };
    appends.push([before, SagaEntry::Ended { outcome }]);
    Ok(appends)
}
