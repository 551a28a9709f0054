use std::num::NonZeroUsize;

use async_trait::async_trait;
use mockall::mock;

use crate::error::StoreError;
use crate::key::Key;
use crate::repository::{Entity, ListRepository, Repository};

mock! {
    /// A mock of [`Repository`](crate::repository::Repository).
    ///
    /// ```
    /// use strangler_fig::error::{StoreError, StoreErrorKind};
    /// use strangler_fig::mock::MockRepository;
    /// use strangler_fig::repository::Repository;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut users = MockRepository::<u32, String>::new();
    /// users.expect_save().returning(|_| Err(StoreError::rejected("no such town")));
    /// let refused = users.save("Ada".to_owned()).await.unwrap_err();
    /// assert_eq!(refused.kind(), StoreErrorKind::Rejected);
    /// # }
    /// ```
    #[derive(Debug)]
    pub Repository<K: Key, E: Entity> {}

    #[async_trait]
    impl<K: Key, E: Entity> Repository for Repository<K, E> {
        type Key = K;
        type Entity = E;

        fn key(&self, entity: &E) -> K;
        async fn find(&self, key: &K) -> Result<Option<E>, StoreError>;
        async fn save(&self, entity: E) -> Result<(), StoreError>;
        async fn delete(&self, key: &K) -> Result<(), StoreError>;
    }
}

mock! {
    /// A mock of [`ListRepository`](crate::repository::ListRepository).
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use strangler_fig::mock::MockListRepository;
    /// use strangler_fig::repository::ListRepository;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), strangler_fig::error::StoreError> {
    /// let mut users = MockListRepository::<u32, String>::new();
    /// users.expect_list().returning(|_, _| Ok(Vec::new()));
    /// assert!(users.list(Some(&7), NonZeroUsize::MIN).await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub ListRepository<K: Key, E: Entity> {}

    #[async_trait]
    impl<K: Key, E: Entity> Repository for ListRepository<K, E> {
        type Key = K;
        type Entity = E;

        fn key(&self, entity: &E) -> K;
        async fn find(&self, key: &K) -> Result<Option<E>, StoreError>;
        async fn save(&self, entity: E) -> Result<(), StoreError>;
        async fn delete(&self, key: &K) -> Result<(), StoreError>;
    }

    #[async_trait]
    impl<K: Key, E: Entity> ListRepository for ListRepository<K, E> {
        // Mocked only with all lifetimes named.
        async fn list<'s, 'a>(
            &'s self,
            after: Option<&'a K>,
            limit: NonZeroUsize,
        ) -> Result<Vec<E>, StoreError>;
        async fn last_key(&self) -> Result<Option<K>, StoreError>;
    }
}
