//! `Arc<T>` stands for `T`, so that sides may be shared or `dyn`. Written out,
//! as `#[async_trait]` would box every future a second time.

use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;

use super::{Applied, Page, Repository, ScanRepository, StampedRepository};
use crate::error::StoreError;
use crate::stamp::{Record, StampScope};

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
}
