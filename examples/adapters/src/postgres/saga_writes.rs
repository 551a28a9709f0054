//! The writes that sagas consist of, many in one statement.

use strangler_fig::error::StoreError;
use strangler_fig::saga::SagaStatus;

use super::PostgresDatabase;
use super::database::Params;
use super::group_commit::{Together, column};
use super::number::unsigned;
use crate::effect::Effect;

// Of two at once the second waits, finds the saga, and adds nothing. In one order, so
// that none waits for another that waits for it.
const CREATE: &str = "\
    WITH part AS (
        SELECT DISTINCT ON (saga) *
        FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::bigint[], $6::text[],
                $7::bigint[])
            WITH ORDINALITY AS part (saga, definition, input, parent, entries, holder, term, number)
        ORDER BY saga, number
    ), inserted AS (
        INSERT INTO saga (id, definition, input, parent, status, length, holder, held_until)
        SELECT saga, definition, input, parent, $8, entries, holder,
            clock_timestamp() + term * interval '1 us'
        FROM part
        ON CONFLICT (id) DO NOTHING RETURNING id, epoch
    ), created AS (
        SELECT part.number, inserted.id, inserted.epoch
        FROM inserted JOIN part ON part.saga = inserted.id
    ), written AS (
        INSERT INTO saga_entry (saga, position, document)
        SELECT created.id, entry.position, entry.document
        FROM unnest($9::bigint[], $10::bigint[], $11::text[]) AS entry (number, position, document)
        JOIN created ON created.number = entry.number
    )
    SELECT number, epoch FROM created";
// Who waits for another's append sees the row that it left, and so the position
// taken. What was released stays so. Of two appends to one saga at most one finds its
// position, and is told by its number. The last line holds of any append: it lets the
// server expect few, and look for each by the index, even if it has planned the
// statement when the table was empty, and keeps to that.
const APPEND: &str = "\
    WITH changed AS (
        UPDATE saga
        SET status = part.status, outcome = part.outcome, length = length + part.entries,
            changed = clock_timestamp(),
            holder = CASE WHEN part.goes_on THEN holder END,
            held_until = CASE WHEN part.goes_on AND holder IS NOT NULL
                THEN clock_timestamp() + part.term * interval '1 us' END
        FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[],
                $7::boolean[], $8::bigint[])
            WITH ORDINALITY AS part (saga, epoch, position, entries, status, outcome,
                goes_on, term, number)
        WHERE id = part.saga AND saga.epoch = part.epoch AND length = part.position
            AND NOT is_purged
            AND part.position >= 0 AND part.entries >= 0 AND part.term >= 0
        RETURNING id, saga.epoch, part.number
    ), written AS (
        INSERT INTO saga_entry (saga, position, document)
        SELECT changed.id, entry.position, entry.document
        FROM unnest($9::bigint[], $10::bigint[], $11::text[]) AS entry (number, position, document)
        JOIN changed ON changed.number = entry.number
    )
    SELECT number, epoch FROM changed";

/// A saga that is new, and its first entries.
#[derive(Debug)]
pub(super) struct Create {
    pub(super) saga: String,
    pub(super) definition: String,
    pub(super) input: [u8; 16],
    pub(super) parent: Option<String>,
    pub(super) documents: Vec<String>,
    pub(super) holder: String,
    pub(super) term: i64,
}

/// Entries, and what their saga is after them.
#[derive(Debug)]
pub(super) struct Append {
    pub(super) saga: String,
    pub(super) epoch: i64,
    pub(super) position: i64,
    pub(super) documents: Vec<String>,
    pub(super) status: &'static str,
    pub(super) outcome: Option<String>,
    /// Whether the claim's term begins anew, or the claim is given back.
    pub(super) goes_on: bool,
    pub(super) term: i64,
}

/// Creates sagas; answers under which epoch, or nothing if there is one of that id.
#[derive(Debug)]
pub(super) struct Creates(pub(super) PostgresDatabase);

impl Together for Creates {
    type Call = Create;
    type Answer = Option<u64>;

    async fn write(&self, calls: &[Create]) -> Result<Vec<Option<u64>>, StoreError> {
        let entries = Entries::of(calls.iter().map(|it| (0, &*it.documents)));
        let params: Params = &[
            &column(calls, |it| &*it.saga),
            &column(calls, |it| &*it.definition),
            &column(calls, |it| it.input.as_slice()),
            &column(calls, |it| it.parent.as_deref()),
            &column(calls, |it| count(&it.documents)),
            &column(calls, |it| &*it.holder),
            &column(calls, |it| it.term),
            &SagaStatus::Running.name(),
            &entries.numbers,
            &entries.positions,
            &entries.documents,
        ];
        numbered(&self.0, CREATE, params, calls.len()).await
    }
}

/// Appends entries; answers the epoch, or nothing if the place was taken or the claim
/// not the newest.
#[derive(Debug)]
pub(super) struct Appends(pub(super) PostgresDatabase);

impl Together for Appends {
    type Call = Append;
    type Answer = Option<u64>;

    async fn write(&self, calls: &[Append]) -> Result<Vec<Option<u64>>, StoreError> {
        let entries = Entries::of(calls.iter().map(|it| (it.position, &*it.documents)));
        let params: Params = &[
            &column(calls, |it| &*it.saga),
            &column(calls, |it| it.epoch),
            &column(calls, |it| it.position),
            &column(calls, |it| count(&it.documents)),
            &column(calls, |it| it.status),
            &column(calls, |it| it.outcome.as_deref()),
            &column(calls, |it| it.goes_on),
            &column(calls, |it| it.term),
            &entries.numbers,
            &entries.positions,
            &entries.documents,
        ];
        numbered(&self.0, APPEND, params, calls.len()).await
    }
}

/// The entries of all calls, each with the number of its call.
#[derive(Default)]
struct Entries<'a> {
    numbers: Vec<i64>,
    positions: Vec<i64>,
    documents: Vec<&'a str>,
}

impl<'a> Entries<'a> {
    fn of(calls: impl Iterator<Item = (i64, &'a [String])>) -> Self {
        let mut entries = Self::default();
        for (number, (first, documents)) in (1..).zip(calls) {
            for (position, document) in (first..).zip(documents) {
                entries.numbers.push(number);
                entries.positions.push(position);
                entries.documents.push(document);
            }
        }
        entries
    }
}

fn count(documents: &[String]) -> i64 {
    i64::try_from(documents.len()).unwrap_or(i64::MAX)
}

/// The epochs that a statement answers, each in the place of its call; calls are
/// counted from 1.
async fn numbered(
    database: &PostgresDatabase,
    sql: &str,
    params: Params<'_>,
    calls: usize,
) -> Result<Vec<Option<u64>>, StoreError> {
    let mut epochs = vec![None; calls];
    for row in database.query(Effect::Possible, sql, params).await? {
        let number = unsigned(&row, 0).map_err(StoreError::unknown)?;
        let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let place = place.and_then(|place| epochs.get_mut(place));
        *place.ok_or_else(|| StoreError::unknown("a number that was not given"))? =
            Some(unsigned(&row, 1).map_err(StoreError::unknown)?);
    }
    Ok(epochs)
}
