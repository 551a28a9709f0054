//! The migration as a plain repository.

use futures::future::BoxFuture;

use super::{MigrationRepository, Repository, StampedRepository};
use crate::error::StoreError;

/// Written out, so that the future that is boxed is the inherent method's own.
impl<L, M> Repository for MigrationRepository<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    type Key = L::Key;
    type Entity = L::Entity;

    fn key(&self, entity: &L::Entity) -> L::Key {
        self.legacy().key(entity)
    }

    fn find<'a, 'b, 'f>(
        &'a self,
        key: &'b L::Key,
    ) -> BoxFuture<'f, Result<Option<L::Entity>, StoreError>>
    where
        'a: 'f,
        'b: 'f,
    {
        Box::pin(Self::find(self, key))
    }

    fn save<'a, 'f>(&'a self, entity: L::Entity) -> BoxFuture<'f, Result<(), StoreError>>
    where
        'a: 'f,
    {
        Box::pin(Self::save(self, entity))
    }

    fn delete<'a, 'b, 'f>(&'a self, key: &'b L::Key) -> BoxFuture<'f, Result<(), StoreError>>
    where
        'a: 'f,
        'b: 'f,
    {
        Box::pin(Self::delete(self, key))
    }
}
