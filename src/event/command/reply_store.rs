use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use async_trait::async_trait;

use super::Reply;
use crate::error::StoreError;
use crate::event::EventId;

/// Where replies wait for who has asked: any runner of the saga, now or after a crash.
///
/// ```
/// # use std::num::NonZeroUsize;
/// # use std::time::Duration;
/// # use strangler_fig::event::{Reply, ReplyStore};
/// # use strangler_fig::memory::InMemoryReplyStore;
/// #
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let replies = InMemoryReplyStore::default();
/// for attempt in ["order:4711/pay#execute", "order:4712/pay#execute"] {
///     replies.put(&attempt.parse()?, &Reply::done()).await?;
/// }
/// # tokio::time::advance(Duration::from_secs(8 * 86_400)).await;
///
/// // A week later no saga asks for them any more.
/// let (week, page) = (Duration::from_secs(7 * 86_400), NonZeroUsize::MIN);
/// let mut pages = 0;
/// while replies.purge(week, page).await? > 0 {
///     pages += 1;
/// }
/// assert_eq!(pages, 2);
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. `put` keeps the first reply of a correlation, durably, and answers whether it was the first; a later one changes
///    nothing.
/// 2. `get` answers what was kept, `None` if nothing was; never an older copy.
/// 3. Of several `put`s at once, one is the first.
/// 4. Correlations differ if a byte does; replies come back as they were.
/// 5. `purge` removes replies that have been there for `age`, at most `limit`, and answers how many.
///
/// # Cancel safety
///
/// A dropped `put` may have had its effect; putting again is harmless.
#[async_trait]
pub trait ReplyStore: fmt::Debug + Send + Sync + 'static {
    /// Keeps a reply.
    ///
    /// # Errors
    ///
    /// `Rejected`: it cannot be kept; `Unavailable`, `Unknown`: put it again.
    async fn put(&self, correlation: &EventId, reply: &Reply) -> Result<bool, StoreError>;

    /// What was answered.
    ///
    /// # Errors
    ///
    /// `Rejected` if what is stored cannot be read; else `Unavailable`.
    async fn get(&self, correlation: &EventId) -> Result<Option<Reply>, StoreError>;

    /// Removes old replies.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: purge again.
    async fn purge(&self, age: Duration, limit: NonZeroUsize) -> Result<usize, StoreError>;
}
