use std::num::NonZeroUsize;

use async_trait::async_trait;
use mockall::mock;

use crate::error::StoreError;
use crate::key::Key;
use crate::repository::{Access, Entity, Repository, StampStore, TransactionalRepository};
use crate::stamp::Stamp;

mock! {
    /// A mock of
    /// [`TransactionalRepository`](crate::repository::TransactionalRepository)
    /// whose transactions are `T`s.
    ///
    /// ```
    /// use strangler_fig::mock::MockTransactionalRepository;
    /// use strangler_fig::repository::{Access, TransactionalRepository};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), strangler_fig::error::StoreError> {
    /// let mut rows = MockTransactionalRepository::<u32, String, &'static str>::new();
    /// rows.expect_begin().returning(|_| Ok("a transaction"));
    /// rows.expect_commit().times(1).returning(|_| Ok(()));
    /// let transaction = rows.begin(Access::Write).await?;
    /// rows.commit(transaction).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub TransactionalRepository<K: Key, E: Entity, T: Send + Sync + 'static> {}

    #[async_trait]
    impl<K: Key, E: Entity, T: Send + Sync + 'static> Repository for TransactionalRepository<K, E, T> {
        type Key = K;
        type Entity = E;

        fn key(&self, entity: &E) -> K;
        async fn find(&self, key: &K) -> Result<Option<E>, StoreError>;
        async fn save(&self, entity: E) -> Result<(), StoreError>;
        async fn delete(&self, key: &K) -> Result<(), StoreError>;
    }

    #[async_trait]
    impl<K: Key, E: Entity, T: Send + Sync + 'static> TransactionalRepository
        for TransactionalRepository<K, E, T>
    {
        type Transaction = T;

        async fn begin(&self, access: Access) -> Result<T, StoreError>;
        async fn commit(&self, transaction: T) -> Result<(), StoreError>;
        async fn find_in(&self, transaction: &mut T, key: &K) -> Result<Option<E>, StoreError>;
        async fn save_in(&self, transaction: &mut T, entity: &E) -> Result<(), StoreError>;
        async fn delete_in(&self, transaction: &mut T, key: &K) -> Result<(), StoreError>;
        // Mocked only with all lifetimes named.
        async fn list_in<'s, 't, 'a>(
            &'s self,
            transaction: &'t mut T,
            after: Option<&'a K>,
            limit: NonZeroUsize,
        ) -> Result<Vec<E>, StoreError>;
        async fn last_key_in(&self, transaction: &mut T) -> Result<Option<K>, StoreError>;
    }
}

mock! {
    /// A mock of [`StampStore`](crate::repository::StampStore) whose
    /// transactions are `T`s.
    ///
    /// ```
    /// use strangler_fig::mock::MockStampStore;
    /// use strangler_fig::repository::StampStore;
    /// use strangler_fig::stamp::Stamp;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), strangler_fig::error::StoreError> {
    /// let mut stamps = MockStampStore::<u32, ()>::new();
    /// stamps.expect_stamp().returning(|_, _| Ok(Some(Stamp::BASE)));
    /// assert_eq!(stamps.stamp(&mut (), &1).await?, Some(Stamp::BASE));
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub StampStore<K: Key, T: Send + Sync + 'static> {}

    #[async_trait]
    impl<K: Key, T: Send + Sync + 'static> StampStore for StampStore<K, T> {
        type Key = K;
        type Transaction = T;

        async fn stamp(&self, transaction: &mut T, key: &K) -> Result<Option<Stamp>, StoreError>;
        async fn set(&self, transaction: &mut T, key: &K, stamp: Stamp) -> Result<(), StoreError>;
        // Mocked only with all lifetimes named.
        async fn list<'s, 't, 'a>(
            &'s self,
            transaction: &'t mut T,
            after: Option<&'a K>,
            limit: NonZeroUsize,
        ) -> Result<Vec<(K, Stamp)>, StoreError>;
        async fn last_key(&self, transaction: &mut T) -> Result<Option<K>, StoreError>;
    }
}
