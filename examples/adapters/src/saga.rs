//! What the stores hold of sagas: columns to headers and back, and what a row of
//! a barrier says.

use std::collections::BTreeSet;
use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use strangler_fig::error::StoreError;
use strangler_fig::saga::{
    Direction, NewSaga, Payload, SagaEntry, SagaFilter, SagaHeader, SagaId, SagaOutcome,
    SagaStatus, Verdict,
};
use tracing::warn;

/// Each of the statuses that `takes` takes, as a column holds it.
pub(crate) fn statuses(takes: impl Fn(SagaStatus) -> bool) -> Vec<&'static str> {
    SagaStatus::ALL.iter().copied().filter(|status| takes(*status)).map(SagaStatus::name).collect()
}

pub(crate) fn documents(entries: &[SagaEntry]) -> Vec<String> {
    entries.iter().map(SagaEntry::to_document).collect()
}

pub(crate) fn entry(document: &str) -> Result<SagaEntry, StoreError> {
    SagaEntry::from_document(document).map_err(StoreError::rejected)
}

pub(crate) fn id(text: &str) -> Result<SagaId, StoreError> {
    text.parse().map_err(StoreError::rejected)
}

/// What is not there, for an append: which of these it was, nobody needs to know.
pub(crate) fn passed_by() -> StoreError {
    StoreError::conflict("the saga has other entries or a newer claim, was purged, or is not there")
}

pub(crate) fn not_over() -> StoreError {
    StoreError::conflict("the saga is not over, or is not there")
}

/// A header as its columns hold it.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) id: String,
    pub(crate) definition: String,
    pub(crate) input: Vec<u8>,
    pub(crate) parent: Option<String>,
    pub(crate) status: String,
    pub(crate) outcome: Option<String>,
    pub(crate) length: i64,
    pub(crate) epoch: i64,
    pub(crate) holder: Option<String>,
    /// In microseconds.
    pub(crate) idle: i64,
    pub(crate) is_purged: bool,
}

impl Columns {
    pub(crate) fn header(&self) -> Result<SagaHeader, StoreError> {
        self.parsed().map_err(StoreError::rejected)
    }

    fn parsed(&self) -> Result<SagaHeader, Box<dyn Error + Send + Sync>> {
        let input = <[u8; 16]>::try_from(&*self.input)?;
        let outcome = self.outcome.as_deref().map(SagaOutcome::from_document);
        let saga = NewSaga {
            id: self.id.parse()?,
            definition: self.definition.parse()?,
            input: u128::from_be_bytes(input),
            parent: self.parent.as_deref().map(str::parse).transpose()?,
        };
        let mut header = SagaHeader::new(&saga, self.status.parse()?);
        header.outcome = outcome.transpose()?;
        header.length = self.length.try_into()?;
        header.epoch = self.epoch.try_into()?;
        header.holder = self.holder.as_deref().map(str::parse).transpose()?;
        // A clock may have been set back.
        header.idle = Duration::from_micros(u64::try_from(self.idle).unwrap_or(0));
        header.is_purged = self.is_purged;
        Ok(header)
    }
}

/// Sagas whose rows cannot be read, as far as that was reported.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reported(Arc<Mutex<BTreeSet<String>>>);

impl Reported {
    fn report(&self, saga: String, error: &StoreError) {
        let mut sagas = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !sagas.contains(&saga) {
            let error = error.with_causes();
            warn!(saga, error, "the row of a saga cannot be read, and lists leave it out");
            sagas.insert(saga);
        }
    }
}

/// A page of headers that is being fetched. What cannot be read is left out, and the rows after it take
/// its place: a page that is not full says that there are no more.
#[derive(Debug)]
pub(crate) struct Page<'r> {
    headers: Vec<SagaHeader>,
    limit: usize,
    after: String,
    is_last: bool,
    reported: &'r Reported,
}

impl<'r> Page<'r> {
    pub(crate) fn new(reported: &'r Reported, after: Option<&SagaId>, limit: NonZeroUsize) -> Self {
        // No id is empty.
        let after = after.map_or("", SagaId::as_str).to_owned();
        Self { headers: Vec::new(), limit: limit.get(), after, is_last: false, reported }
    }

    /// After which id how many rows are missing, if any are.
    pub(crate) fn missing(&self) -> Option<(&str, i64)> {
        let missing = i64::try_from(self.limit - self.headers.len()).unwrap_or(i64::MAX);
        (missing > 0 && !self.is_last).then_some((&*self.after, missing))
    }

    /// Takes the rows that were [`missing`](Self::missing), or as many of them as there are.
    pub(crate) fn add(&mut self, rows: impl ExactSizeIterator<Item = Columns>) {
        self.is_last = rows.len() < self.limit - self.headers.len();
        for row in rows {
            match row.header() {
                Ok(header) => self.headers.push(header),
                Err(error) => self.reported.report(row.id.clone(), &error),
            }
            self.after = row.id;
        }
    }

    pub(crate) fn into_headers(self) -> Vec<SagaHeader> {
        self.headers
    }
}

/// Which index holds every saga that a filter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    /// That of all.
    All,
    /// That of sagas that are not over.
    Open,
    /// That of sagas that are over and not purged.
    Kept,
}

impl Among {
    pub(crate) fn of(filter: &SagaFilter) -> Self {
        let count = filter.statuses.iter().filter(|status| status.is_over()).count();
        match filter.statuses.len() {
            0 => Self::All,
            _ if count == 0 => Self::Open,
            all if count == all && filter.is_unpurged => Self::Kept,
            _ => Self::All,
        }
    }
}

/// The row of a step in a barrier, as the call that is judged has left it.
#[derive(Debug)]
pub(crate) struct Seen {
    /// How many calls came, this one included.
    pub(crate) calls: i64,
    /// Whether an execution was seen, this one included.
    pub(crate) is_executed: bool,
    /// Which of the calls was the first to compensate.
    pub(crate) compensation: Option<i64>,
    pub(crate) output: Option<String>,
}

impl Seen {
    /// What is to be done with the call.
    pub(crate) fn verdict(&self, direction: Direction) -> Result<Verdict, StoreError> {
        let is_first = match direction {
            Direction::Execute => self.calls == 1,
            _ => self.compensation == Some(self.calls),
        };
        Ok(match (direction, is_first, self.is_executed) {
            (Direction::Execute, true, _) | (Direction::Compensate, true, true) => Verdict::Run,
            (Direction::Execute, false, true) => Verdict::Duplicate(self.payload()?),
            (Direction::Execute, false, false) => Verdict::Hanging,
            (Direction::Compensate, true, false) => Verdict::NullCompensation,
            (Direction::Compensate, false, _) => Verdict::Duplicate(None),
            (Direction::Probe, ..) => return Err(probed()),
        })
    }

    fn payload(&self) -> Result<Option<Payload>, StoreError> {
        self.output.as_deref().map(Payload::parse).transpose().map_err(StoreError::rejected)
    }
}

pub(crate) fn probed() -> StoreError {
    StoreError::rejected("a probe changes nothing, and needs no barrier")
}

pub(crate) fn unseen() -> StoreError {
    StoreError::rejected("only an execution that has entered has an output")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_holds_every_saga_that_a_filter_takes() {
        let among = |statuses: &[SagaStatus], is_unpurged| {
            let statuses = statuses.to_vec();
            Among::of(&SagaFilter { statuses, is_unpurged, ..SagaFilter::default() })
        };
        let (parked, over) = (SagaStatus::Parked, SagaStatus::Committed);
        assert_eq!(among(&[], true), Among::All);
        assert_eq!(among(&[parked, SagaStatus::Running], false), Among::Open);
        assert_eq!(among(&[over, SagaStatus::GivenUp], true), Among::Kept);
        assert_eq!(among(&[over], false), Among::All, "what is purged is not in it");
        assert_eq!(among(&[parked, over], true), Among::All);
    }

    #[test]
    fn a_row_tells_first_calls_from_repeats() {
        let seen = |calls, is_executed, compensation| Seen {
            calls,
            is_executed,
            compensation,
            output: Some("17".to_owned()),
        };
        let output = Some(Payload::parse("17").unwrap());
        for (row, direction, verdict) in [
            (seen(1, true, None), Direction::Execute, Verdict::Run),
            (seen(2, true, None), Direction::Execute, Verdict::Duplicate(output.clone())),
            (seen(3, true, Some(2)), Direction::Execute, Verdict::Duplicate(output)),
            (seen(2, false, Some(1)), Direction::Execute, Verdict::Hanging),
            (seen(2, true, Some(2)), Direction::Compensate, Verdict::Run),
            (seen(3, true, Some(2)), Direction::Compensate, Verdict::Duplicate(None)),
            (seen(1, false, Some(1)), Direction::Compensate, Verdict::NullCompensation),
            (seen(2, false, Some(1)), Direction::Compensate, Verdict::Duplicate(None)),
        ] {
            assert_eq!(row.verdict(direction).unwrap(), verdict, "{direction:?} of {row:?}");
        }
    }
}
