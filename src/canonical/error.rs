use std::fmt::Display;

use serde::ser;

/// A value that cannot be written down: its own `Serialize` refused.
///
/// ```
/// use std::sync::Mutex;
/// use strangler_fig::canonical;
///
/// let poisoned = Mutex::new(7);
/// # std::thread::scope(|scope| {
/// #     let holder = scope.spawn(|| { let _held = poisoned.lock(); std::panic::resume_unwind(Box::new(())) });
/// #     assert!(holder.join().is_err());
/// # });
/// let error = canonical::to_bytes(&poisoned).unwrap_err();
/// assert!(error.to_string().starts_with("the value cannot be serialized: "));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the value cannot be serialized: {0}")]
pub struct CanonicalError(String);

impl ser::Error for CanonicalError {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}
