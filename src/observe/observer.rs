use std::fmt;

use super::Event;

/// Listens to what happens; metrics and alarms hang here.
///
/// Called on the path of operations: it must neither block nor panic. Without
/// an observer no time is measured and no event is made.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// Something happened.
    fn on_event(&self, event: &Event);
}
