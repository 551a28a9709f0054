use std::num::NonZeroUsize;

use async_trait::async_trait;
use mockall::mock;

use crate::error::StoreError;
use crate::key::Key;
use crate::repository::{Applied, Entity, Page, ScanRepository, StampedRepository};
use crate::stamp::Record;

mock! {
    /// A mock of [`StampedRepository`](crate::repository::StampedRepository).
    ///
    /// ```
    /// use strangler_fig::mock::MockStampedRepository;
    /// use strangler_fig::repository::{Applied, StampedRepository};
    /// use strangler_fig::stamp::{Record, Stamp};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), strangler_fig::error::StoreError> {
    /// let mut users = MockStampedRepository::<u32, String>::new();
    /// users.expect_apply().times(2).returning(|_, _| Ok(Applied::Stored));
    /// let gone = Record::tombstone(Stamp::BASE);
    /// let answers = users.apply_many(&[(1, gone.clone()), (2, gone)]).await;
    /// assert_eq!(answers.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub StampedRepository<K: Key, E: Entity> {}

    #[async_trait]
    impl<K: Key, E: Entity> StampedRepository for StampedRepository<K, E> {
        type Key = K;
        type Entity = E;

        fn key(&self, entity: &E) -> K;
        async fn read(&self, key: &K) -> Result<Record<E>, StoreError>;
        async fn apply(&self, key: &K, record: &Record<E>) -> Result<Applied, StoreError>;
    }
}

mock! {
    /// A mock of [`ScanRepository`](crate::repository::ScanRepository).
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use strangler_fig::mock::MockScanRepository;
    /// use strangler_fig::repository::{Page, ScanRepository};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), strangler_fig::error::StoreError> {
    /// let mut users = MockScanRepository::<u32, String>::new();
    /// users.expect_scan().returning(|_, _| Ok(Page::new(Vec::new(), true)));
    /// assert!(users.scan(None, NonZeroUsize::MIN).await?.is_last);
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub ScanRepository<K: Key, E: Entity> {}

    #[async_trait]
    impl<K: Key, E: Entity> StampedRepository for ScanRepository<K, E> {
        type Key = K;
        type Entity = E;

        fn key(&self, entity: &E) -> K;
        async fn read(&self, key: &K) -> Result<Record<E>, StoreError>;
        async fn apply(&self, key: &K, record: &Record<E>) -> Result<Applied, StoreError>;
    }

    #[async_trait]
    impl<K: Key, E: Entity> ScanRepository for ScanRepository<K, E> {
        // Mocked only with all lifetimes named.
        async fn scan<'s, 'a>(
            &'s self,
            after: Option<&'a K>,
            limit: NonZeroUsize,
        ) -> Result<Page<K, E>, StoreError>;
        async fn last_key(&self) -> Result<Option<K>, StoreError>;
    }
}
