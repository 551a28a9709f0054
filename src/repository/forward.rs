//! `Arc<T>` stands for `T`, so that sides may be shared or `dyn`. Where every
//! operation passes, it is written out: `#[async_trait]` would box each future a
//! second time.

use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Access, Applied, ListRepository, Page, Repository, ScanRepository, StampStore,
    StampedRepository, TransactionalRepository,
};
use crate::error::StoreError;
use crate::stamp::{Record, Stamp, StampScope};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl<R: Repository + ?Sized> Repository for Arc<R> {
    type Key = R::Key;
    type Entity = R::Entity;

    fn key(&self, entity: &R::Entity) -> R::Key {
        (**self).key(entity)
    }

    fn find<'a, 'b, 'f>(
        &'a self,
        key: &'b R::Key,
    ) -> Boxed<'f, Result<Option<R::Entity>, StoreError>>
    where
        'a: 'f,
        'b: 'f,
    {
        (**self).find(key)
    }

    fn save<'a, 'f>(&'a self, entity: R::Entity) -> Boxed<'f, Result<(), StoreError>>
    where
        'a: 'f,
    {
        (**self).save(entity)
    }

    fn delete<'a, 'b, 'f>(&'a self, key: &'b R::Key) -> Boxed<'f, Result<(), StoreError>>
    where
        'a: 'f,
        'b: 'f,
    {
        (**self).delete(key)
    }
}

impl<R: StampedRepository + ?Sized> StampedRepository for Arc<R> {
    type Key = R::Key;
    type Entity = R::Entity;

    fn key(&self, entity: &R::Entity) -> R::Key {
        (**self).key(entity)
    }

    fn read<'a, 'b, 'f>(
        &'a self,
        key: &'b R::Key,
    ) -> Boxed<'f, Result<Record<R::Entity>, StoreError>>
    where
        'a: 'f,
        'b: 'f,
    {
        (**self).read(key)
    }

    fn apply<'a, 'b, 'c, 'f>(
        &'a self,
        key: &'b R::Key,
        record: &'c Record<R::Entity>,
    ) -> Boxed<'f, Result<Applied, StoreError>>
    where
        'a: 'f,
        'b: 'f,
        'c: 'f,
    {
        (**self).apply(key, record)
    }

    fn apply_many<'a, 'b, 'f>(
        &'a self,
        records: &'b [(R::Key, Record<R::Entity>)],
    ) -> Boxed<'f, Vec<Result<Applied, StoreError>>>
    where
        'a: 'f,
        'b: 'f,
    {
        (**self).apply_many(records)
    }

    fn read_many<'a, 'b, 'f>(
        &'a self,
        keys: &'b [R::Key],
    ) -> Boxed<'f, Vec<Result<Record<R::Entity>, StoreError>>>
    where
        'a: 'f,
        'b: 'f,
    {
        (**self).read_many(keys)
    }

    fn read_batch(&self) -> NonZeroUsize {
        (**self).read_batch()
    }

    fn scope(&self) -> StampScope {
        (**self).scope()
    }
}

impl<R: ScanRepository + ?Sized> ScanRepository for Arc<R> {
    fn scan<'a, 'b, 'f>(
        &'a self,
        after: Option<&'b R::Key>,
        limit: NonZeroUsize,
    ) -> Boxed<'f, Result<Page<R::Key, R::Entity>, StoreError>>
    where
        'a: 'f,
        'b: 'f,
    {
        (**self).scan(after, limit)
    }

    fn last_key<'a, 'f>(&'a self) -> Boxed<'f, Result<Option<R::Key>, StoreError>>
    where
        'a: 'f,
    {
        (**self).last_key()
    }
}

#[async_trait]
impl<R: ListRepository + ?Sized> ListRepository for Arc<R> {
    async fn list(
        &self,
        after: Option<&R::Key>,
        limit: NonZeroUsize,
    ) -> Result<Vec<R::Entity>, StoreError> {
        (**self).list(after, limit).await
    }

    async fn last_key(&self) -> Result<Option<R::Key>, StoreError> {
        (**self).last_key().await
    }
}

#[async_trait]
impl<R: TransactionalRepository + ?Sized> TransactionalRepository for Arc<R> {
    type Transaction = R::Transaction;

    async fn begin(&self, access: Access) -> Result<R::Transaction, StoreError> {
        (**self).begin(access).await
    }

    async fn commit(&self, transaction: R::Transaction) -> Result<(), StoreError> {
        (**self).commit(transaction).await
    }

    async fn find_in(
        &self,
        transaction: &mut R::Transaction,
        key: &R::Key,
    ) -> Result<Option<R::Entity>, StoreError> {
        (**self).find_in(transaction, key).await
    }

    async fn save_in(
        &self,
        transaction: &mut R::Transaction,
        entity: &R::Entity,
    ) -> Result<(), StoreError> {
        (**self).save_in(transaction, entity).await
    }

    async fn delete_in(
        &self,
        transaction: &mut R::Transaction,
        key: &R::Key,
    ) -> Result<(), StoreError> {
        (**self).delete_in(transaction, key).await
    }

    async fn list_in(
        &self,
        transaction: &mut R::Transaction,
        after: Option<&R::Key>,
        limit: NonZeroUsize,
    ) -> Result<Vec<R::Entity>, StoreError> {
        (**self).list_in(transaction, after, limit).await
    }

    async fn last_key_in(
        &self,
        transaction: &mut R::Transaction,
    ) -> Result<Option<R::Key>, StoreError> {
        (**self).last_key_in(transaction).await
    }
}

#[async_trait]
impl<S: StampStore + ?Sized> StampStore for Arc<S> {
    type Key = S::Key;
    type Transaction = S::Transaction;

    async fn stamp(
        &self,
        transaction: &mut S::Transaction,
        key: &S::Key,
    ) -> Result<Option<Stamp>, StoreError> {
        (**self).stamp(transaction, key).await
    }

    async fn set(
        &self,
        transaction: &mut S::Transaction,
        key: &S::Key,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        (**self).set(transaction, key, stamp).await
    }

    async fn list(
        &self,
        transaction: &mut S::Transaction,
        after: Option<&S::Key>,
        limit: NonZeroUsize,
    ) -> Result<Vec<(S::Key, Stamp)>, StoreError> {
        (**self).list(transaction, after, limit).await
    }

    async fn last_key(
        &self,
        transaction: &mut S::Transaction,
    ) -> Result<Option<S::Key>, StoreError> {
        (**self).last_key(transaction).await
    }
}
