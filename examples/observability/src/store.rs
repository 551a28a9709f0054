use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::observe::TraceContext;
use strangler_fig::repository::{Applied, Page, ScanRepository, StampedRepository};
use strangler_fig::stamp::Record;
use tracing::{Instrument, info_span};

/// A user of the shop.
pub type User = (u32, String);

/// A store of users as a client of a service would be: each call a span, whose context a real one would send on.
#[derive(Debug)]
pub struct Store {
    users: InMemoryRepository<u32, User>,
    side: &'static str,
    is_away: AtomicBool,
    sent: Mutex<Option<TraceContext>>,
}

impl Store {
    /// An empty one.
    #[must_use]
    pub fn new(side: &'static str) -> Self {
        let users = InMemoryRepository::new(|user: &User| user.0);
        Self { users, side, is_away: AtomicBool::new(false), sent: Mutex::default() }
    }

    /// Whether it answers nobody.
    pub fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::Relaxed);
    }

    /// Writes a user behind the back of everybody.
    pub fn plant(&self, user: User) {
        self.users.plant(user);
    }

    async fn called<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let sent = async {
            // What an HTTP client puts into the headers of its request.
            *self.sent.lock().unwrap_or_else(PoisonError::into_inner) = TraceContext::current();
            if self.is_away.load(Ordering::Relaxed) {
                return Err(StoreError::unavailable("the store is away"));
            }
            call.await
        };
        sent.instrument(info_span!("store", side = self.side)).await
    }
}

#[async_trait]
impl StampedRepository for Store {
    type Key = u32;
    type Entity = User;

    fn key(&self, user: &User) -> u32 {
        user.0
    }

    async fn read(&self, key: &u32) -> Result<Record<User>, StoreError> {
        self.called(self.users.read(key)).await
    }

    async fn apply(&self, key: &u32, record: &Record<User>) -> Result<Applied, StoreError> {
        self.called(self.users.apply(key, record)).await
    }
}

#[async_trait]
impl ScanRepository for Store {
    async fn scan(
        &self,
        after: Option<&u32>,
        limit: NonZeroUsize,
    ) -> Result<Page<u32, User>, StoreError> {
        self.called(self.users.scan(after, limit)).await
    }

    async fn last_key(&self) -> Result<Option<u32>, StoreError> {
        self.called(self.users.last_key()).await
    }
}
