use serde::{Deserialize, Serialize};

/// Where the stamps of a side live, and so what they are worth.
///
/// ```
/// use strangler_fig::memory::InMemoryRepository;
/// use strangler_fig::repository::StampedRepository;
/// use strangler_fig::stamp::StampScope;
///
/// let users = InMemoryRepository::new(|user: &(u32, String)| user.0);
/// assert_eq!(users.scope(), StampScope::Store);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StampScope {
    /// With the records: every process sees the same stamps.
    #[default]
    Store,
    /// In this process, which forgets them: for trying out and for one process.
    Process,
}
