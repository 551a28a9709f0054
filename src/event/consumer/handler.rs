use std::fmt;

use async_trait::async_trait;

use super::EventContext;
use crate::error::StoreError;
use crate::event::EventEnvelope;

/// What is done with events.
///
/// # Contract
///
/// 1. `Ok`: it was handled, durably; it does not come again.
/// 2. It may be called again with an event that it has handled: ask an [`Inbox`](crate::event::Inbox) in the transaction
///    of the effect.
/// 3. `Rejected`: it never will be handled. Every other error: later.
///
/// # Cancel safety
///
/// It may be dropped at any moment: its deadline, a shutdown.
///
/// ```
/// use strangler_fig::async_trait;
/// use strangler_fig::error::StoreError;
/// use strangler_fig::event::{EventContext, EventEnvelope, EventHandler};
///
/// #[derive(Debug)]
/// struct Printer;
///
/// #[async_trait]
/// impl EventHandler for Printer {
///     async fn handle(
///         &self,
///         event: &EventEnvelope,
///         context: &EventContext<'_>,
///     ) -> Result<(), StoreError> {
///         println!("{}: {} {}", context.topic(), event.event_type, event.id);
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait EventHandler: fmt::Debug + Send + Sync + 'static {
    /// Handles an event.
    ///
    /// # Errors
    ///
    /// See the contract.
    async fn handle(
        &self,
        event: &EventEnvelope,
        context: &EventContext<'_>,
    ) -> Result<(), StoreError>;
}

/// A handler made of a closure: for small ones, and for tests.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::event::{EventHandler, handler_fn};
///
/// let handler: Arc<dyn EventHandler> = Arc::new(handler_fn(|event, context| async move {
///     println!("{}: {} {}", context.topic(), event.event_type, event.id);
///     Ok(())
/// }));
/// ```
pub fn handler_fn<F, Fut>(handle: F) -> FnHandler<F>
where
    F: Fn(EventEnvelope, EventContext<'static>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), StoreError>> + Send,
{
    FnHandler(handle)
}

/// See [`handler_fn`].
pub struct FnHandler<F>(F);

impl<F> fmt::Debug for FnHandler<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FnHandler")
    }
}

#[async_trait]
impl<F, Fut> EventHandler for FnHandler<F>
where
    F: Fn(EventEnvelope, EventContext<'static>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), StoreError>> + Send,
{
    async fn handle(
        &self,
        event: &EventEnvelope,
        context: &EventContext<'_>,
    ) -> Result<(), StoreError> {
        (self.0)(event.clone(), context.clone().into_owned()).await
    }
}
