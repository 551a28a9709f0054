use std::fmt;

use async_trait::async_trait;

use crate::error::StoreError;

/// Where transactions of a service's own database begin and end.
///
/// [`memory::InMemoryParticipant`](crate::memory::InMemoryParticipant) is one to copy from.
///
/// ```
/// # use std::sync::mpsc;
/// # use strangler_fig::event::UnitOfWork;
/// # use strangler_fig::memory::InMemoryParticipant;
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = InMemoryParticipant::default();
/// let (effects, seen) = mpsc::channel();
/// for what in ["dropped", "committed"] {
///     let mut transaction = store.begin().await?;
///     let effects = effects.clone();
///     transaction.on_commit(move || drop(effects.send(what)));
///     if what == "committed" {
///         store.commit(transaction).await?;
///     }
/// }
/// assert_eq!(seen.try_iter().collect::<Vec<_>>(), ["committed"]);
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. What was done in a transaction becomes visible and durable together, when
///    `commit` answers `Ok`.
/// 2. A transaction that is dropped without `commit` has changed nothing.
///
/// # Cancel safety
///
/// A dropped `begin` has done nothing; a dropped `commit` may have had its effect, or
/// have it later.
#[async_trait]
pub trait UnitOfWork: fmt::Debug + Send + Sync + 'static {
    /// An open transaction; dropping it rolls it back.
    type Transaction: Send + 'static;

    /// Opens a transaction that may write.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn begin(&self) -> Result<Self::Transaction, StoreError>;

    /// Makes what was done in a transaction durable.
    ///
    /// # Errors
    ///
    /// `Rejected`, `Conflict`, `Unavailable`: rolled back; `Unknown`.
    async fn commit(&self, transaction: Self::Transaction) -> Result<(), StoreError>;
}
