use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::repository::{Applied, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};

use crate::Row;

/// A side that does nothing, behind calls that are not inlined, as a real one's
/// would not be. Every key reads as one row; every record is stored.
#[derive(Debug)]
pub struct NoOp<E> {
    held: E,
}

impl<E: Row> Default for NoOp<E> {
    fn default() -> Self {
        Self { held: E::numbered(1) }
    }
}

#[async_trait]
impl<E: Row> StampedRepository for NoOp<E> {
    type Key = u64;
    type Entity = E;

    fn key(&self, entity: &E) -> u64 {
        entity.key()
    }

    #[inline(never)]
    async fn read(&self, _key: &u64) -> Result<Record<E>, StoreError> {
        Ok(Record::live(Stamp::BASE, self.held.clone()))
    }

    #[inline(never)]
    async fn apply(&self, _key: &u64, _record: &Record<E>) -> Result<Applied, StoreError> {
        Ok(Applied::Stored)
    }
}
