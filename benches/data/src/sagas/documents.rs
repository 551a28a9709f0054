//! What a saga of four steps writes down.

use strangler_fig::saga::{Payload, SagaEntry, SagaOutcome};

use crate::error::Failure;

/// The steps, in their order.
pub(crate) const STEPS: [&str; 4] = ["reserve", "charge", "pack", "ship"];
/// How many entries a saga is.
pub(crate) const ENTRIES: u64 = 2 + 2 * STEPS.len() as u64;

/// The entries of saga `n`. It appends two at once: what a step has brought, and the
/// start of the next.
pub(crate) fn entries(n: u64) -> Result<Vec<SagaEntry>, Failure> {
    let output = Payload::of(&n)?;
    let mut entries =
        vec![SagaEntry::Begun { input: output.clone(), deadline_unix_ms: None, traceparent: None }];
    for step in STEPS {
        entries.push(SagaEntry::Started { step: step.parse()? });
        entries.push(SagaEntry::Succeeded { step: step.parse()?, output: output.clone() });
    }
    entries.push(SagaEntry::Ended { outcome: SagaOutcome::Committed { output } });
    Ok(entries)
}
