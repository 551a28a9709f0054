use std::num::NonZeroUsize;

use async_trait::async_trait;
use mockall::mock;

use crate::error::StoreError;
use crate::key::Key;
use crate::repository::{
    Applied, DigestRepository, DigestSalt, Entity, HashedRecord, KeyRange, Page, RangeDigest,
    RecordHash, ScanRepository, StampedRepository,
};
use crate::stamp::Record;

mock! {
    /// A mock of [`DigestRepository`](crate::repository::DigestRepository).
    ///
    /// ```
    /// use strangler_fig::mock::MockDigestRepository;
    /// use strangler_fig::repository::{DigestRepository, DigestSalt, KeyRange, RangeDigest};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut users = MockDigestRepository::<u32, String>::new();
    /// users.expect_digests().returning(|_, ranges| Ok(vec![RangeDigest::default(); ranges.len()]));
    /// let digests = users.digests(DigestSalt::random()?, &[KeyRange::all()]).await?;
    /// assert_eq!(digests[0].rows, 0);
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub DigestRepository<K: Key, E: Entity> {}

    #[async_trait]
    impl<K: Key, E: Entity> StampedRepository for DigestRepository<K, E> {
        type Key = K;
        type Entity = E;

        fn key(&self, entity: &E) -> K;
        async fn read(&self, key: &K) -> Result<Record<E>, StoreError>;
        async fn apply(&self, key: &K, record: &Record<E>) -> Result<Applied, StoreError>;
    }

    #[async_trait]
    impl<K: Key, E: Entity> ScanRepository for DigestRepository<K, E> {
        // Mocked only with all lifetimes named.
        async fn scan<'s, 'a>(
            &'s self,
            after: Option<&'a K>,
            limit: NonZeroUsize,
        ) -> Result<Page<K, E>, StoreError>;
        async fn last_key(&self) -> Result<Option<K>, StoreError>;
    }

    #[async_trait]
    impl<K: Key, E: Entity> DigestRepository for DigestRepository<K, E> {
        fn algorithm(&self) -> &'static str;
        fn hash(
            &self,
            salt: DigestSalt,
            key: &K,
            record: &Record<E>,
        ) -> Result<RecordHash, StoreError>;
        async fn digests(
            &self,
            salt: DigestSalt,
            ranges: &[KeyRange<K>],
        ) -> Result<Vec<RangeDigest>, StoreError>;
        async fn hashes(
            &self,
            salt: DigestSalt,
            range: &KeyRange<K>,
            limit: NonZeroUsize,
        ) -> Result<Vec<HashedRecord<K>>, StoreError>;
        async fn split(
            &self,
            range: &KeyRange<K>,
            rows: NonZeroUsize,
        ) -> Result<Vec<K>, StoreError>;
    }
}
