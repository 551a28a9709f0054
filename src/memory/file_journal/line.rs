use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(super) use crate::memory::files::UnixMillis;
use crate::memory::saga_record::{Moment, SagaRecord};
use crate::phase::NodeId;
use crate::saga::{DefinitionId, NewSaga, SagaEntry, SagaId, SagaOutcome, SagaStatus};

/// A saga, as its file has it.
pub(super) type Record = SagaRecord<UnixMillis>;

/// A change of a saga.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Line {
    /// Always the first, unless it was purged.
    Created {
        saga: SagaId,
        definition: DefinitionId,
        input: u128,
        parent: Option<SagaId>,
        entries: Vec<SagaEntry>,
        runner: NodeId,
        at: UnixMillis,
        until: UnixMillis,
    },
    Appended {
        position: u64,
        entries: Vec<SagaEntry>,
        status: SagaStatus,
        outcome: Option<SagaOutcome>,
        at: UnixMillis,
        until: UnixMillis,
    },
    Claimed {
        epoch: u64,
        runner: NodeId,
        at: UnixMillis,
        until: UnixMillis,
    },
    Renewed {
        epoch: u64,
        until: UnixMillis,
    },
    Released {
        epoch: u64,
    },
    /// What is left of a purged saga: the first line of its new file.
    Purged {
        saga: SagaId,
        definition: DefinitionId,
        input: u128,
        parent: Option<SagaId>,
        status: SagaStatus,
        outcome: Option<SagaOutcome>,
        length: u64,
        epoch: u64,
        held: Option<(NodeId, UnixMillis)>,
        changed: UnixMillis,
    },
}

impl Line {
    pub(super) fn created(
        saga: &NewSaga,
        entries: Vec<SagaEntry>,
        runner: NodeId,
        term: Duration,
    ) -> Self {
        let at = UnixMillis::now();
        Self::Created {
            saga: saga.id.clone(),
            definition: saga.definition.clone(),
            input: saga.input,
            parent: saga.parent.clone(),
            entries,
            runner,
            at,
            until: at.after(term),
        }
    }

    pub(super) fn purged(id: &SagaId, record: Record) -> Self {
        Self::Purged {
            saga: id.clone(),
            definition: record.definition,
            input: record.input,
            parent: record.parent,
            status: record.status,
            outcome: record.outcome,
            length: record.length,
            epoch: record.epoch,
            held: record.held,
            changed: record.changed,
        }
    }
}

/// Whether a renewal counts for nothing, since `next` ends the term in any case, or begins it anew. A claim
/// does not: it may be one that only this renewal made way for, when that ended the term sooner.
fn is_void(line: &Line, next: &Line) -> bool {
    matches!(line, Line::Renewed { .. })
        && matches!(next, Line::Renewed { .. } | Line::Appended { .. } | Line::Released { .. })
}

/// How many of these lines are renewals that count for nothing.
pub(super) fn void_renewals(lines: &[Line]) -> usize {
    lines.windows(2).filter(|pair| is_void(&pair[0], &pair[1])).count()
}

/// The lines without those.
pub(super) fn without_void_renewals(lines: Vec<Line>) -> Vec<Line> {
    let mut kept: Vec<Line> = Vec::with_capacity(lines.len());
    for line in lines {
        if kept.last().is_some_and(|last| is_void(last, &line)) {
            kept.pop();
        }
        kept.push(line);
    }
    kept
}
