//! Rows of customers: columns to fields and back, in the binary format.

use std::error::Error;

use strangler_fig::error::StoreError;
use strangler_fig::stamp::{Record, Stamp};
use tokio_postgres::Row;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

use super::error::OutOfRange;
use crate::customer::Customer;

/// 2000-01-01, where PostgreSQL begins to count, in Unix microseconds.
const EPOCH: i64 = 946_684_800_000_000;

/// A `timestamptz` as Unix microseconds, without a detour through a calendar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Micros(pub(super) i64);

impl ToSql for Micros {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let since = self.0.checked_sub(EPOCH).ok_or(OutOfRange("timestamptz"))?;
        since.to_sql(ty, out)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Micros {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let since = i64::from_sql(ty, raw)?;
        Ok(Self(since.checked_add(EPOCH).ok_or(OutOfRange("Unix microseconds"))?))
    }

    accepts!(TIMESTAMPTZ);
}

/// The record of `id, stamp, name, email, …`, and its key.
pub(super) fn keyed(row: &Row) -> Result<(Vec<u8>, Record<Customer>), StoreError> {
    let (id, value) = keyed_value(row, 2)?;
    Ok((id, Record { stamp: stamp(row, 1)?, value }))
}

pub(super) fn id(row: &Row) -> Result<Vec<u8>, StoreError> {
    row.try_get(0).map_err(StoreError::rejected)
}

pub(super) fn stamp(row: &Row, at: usize) -> Result<Stamp, StoreError> {
    row.try_get::<_, &[u8]>(at)
        .map_err(StoreError::rejected)?
        .try_into()
        .map(Stamp::from_bytes)
        .map_err(|_| StoreError::rejected("a stamp is 16 bytes"))
}

/// The customer of `id, name, email, …`.
pub(super) fn plain(row: &Row) -> Result<Customer, StoreError> {
    let (_, customer) = keyed_value(row, 1)?;
    customer.ok_or_else(|| StoreError::rejected("a row without a name"))
}

/// The key, and the customer of `name, email, …` from column `at` on.
fn keyed_value(row: &Row, at: usize) -> Result<(Vec<u8>, Option<Customer>), StoreError> {
    let id = id(row)?;
    let customer = customer(row, &id, at).map_err(StoreError::rejected)?;
    Ok((id, customer))
}

fn customer(row: &Row, id: &[u8], at: usize) -> Result<Option<Customer>, tokio_postgres::Error> {
    let Some(name) = row.try_get(at)? else {
        return Ok(None);
    };
    Ok(Some(Customer {
        id: id.to_vec(),
        name,
        email: row.try_get(at + 1)?,
        balance: row.try_get(at + 2)?,
        joined: row.try_get::<_, Micros>(at + 3)?.0,
        visits: row.try_get(at + 4)?,
        is_active: row.try_get(at + 5)?,
        seal: row.try_get(at + 6)?,
    }))
}

/// Records as columns, for `unnest`: one parameter for each column, however many
/// the rows.
#[derive(Debug, Default)]
pub(super) struct Columns<'a> {
    pub(super) ids: Vec<&'a [u8]>,
    stamps: Vec<Vec<u8>>,
    names: Vec<Option<&'a str>>,
    emails: Vec<Option<&'a str>>,
    balances: Vec<Option<i64>>,
    joined: Vec<Option<Micros>>,
    visits: Vec<Option<i64>>,
    are_active: Vec<Option<bool>>,
    seals: Vec<Option<&'a [u8]>>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(records: &[&'a (Vec<u8>, Record<Customer>)]) -> Self {
        let mut columns = Self::default();
        for (id, record) in records {
            columns.push(id, record);
        }
        columns
    }

    fn push(&mut self, id: &'a [u8], record: &'a Record<Customer>) {
        let value = record.value.as_ref();
        self.ids.push(id);
        self.stamps.push(record.stamp.to_bytes().to_vec());
        self.names.push(value.map(|value| value.name.as_str()));
        self.emails.push(value.and_then(|value| value.email.as_deref()));
        self.balances.push(value.map(|value| value.balance));
        self.joined.push(value.map(|value| Micros(value.joined)));
        self.visits.push(value.map(|value| value.visits));
        self.are_active.push(value.map(|value| value.is_active));
        self.seals.push(value.and_then(|value| value.seal.as_deref()));
    }

    /// The types of the columns, in their order.
    pub(super) const TYPES: [Type; 9] = [
        Type::BYTEA,
        Type::BYTEA,
        Type::TEXT,
        Type::TEXT,
        Type::INT8,
        Type::TIMESTAMPTZ,
        Type::INT8,
        Type::BOOL,
        Type::BYTEA,
    ];

    /// The same, row by row.
    pub(super) fn rows(&self) -> impl Iterator<Item = [&(dyn ToSql + Sync); 9]> {
        (0..self.ids.len()).map(|at| -> [&(dyn ToSql + Sync); 9] {
            [
                &self.ids[at],
                &self.stamps[at],
                &self.names[at],
                &self.emails[at],
                &self.balances[at],
                &self.joined[at],
                &self.visits[at],
                &self.are_active[at],
                &self.seals[at],
            ]
        })
    }

    pub(super) fn params(&self) -> [&(dyn ToSql + Sync); 9] {
        [
            &self.ids,
            &self.stamps,
            &self.names,
            &self.emails,
            &self.balances,
            &self.joined,
            &self.visits,
            &self.are_active,
            &self.seals,
        ]
    }
}
