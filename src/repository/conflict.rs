use std::fmt;
use std::sync::Arc;

use crate::stamp::Record;

/// What a repair makes of a conflict: equal stamps with different contents,
/// written by somebody behind the crate.
///
/// It is asked where both sides count. Before the first `Cutover`, and while the
/// primary forgets its stamps with its process, there is nothing to judge: the
/// primary wins every difference, and nothing is joined into it
/// ([`JoinRule::Wins`](super::JoinRule::Wins)). A read in `Cutover` has to answer
/// at once: it lets the primary win, and notes the key.
///
/// ```
/// # use strangler_fig::memory::{InMemoryRepository, InMemoryStateService};
/// # use strangler_fig::phase::*;
/// # use strangler_fig::reconcile::Sweep;
/// # use strangler_fig::repository::MigrationRepository;
/// use strangler_fig::repository::{ConflictPolicy, Joined, Merged};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|stock: &(u32, u32)| stock.0));
/// # let (name, node): (MigrationName, _) = ("stock".parse()?, "node-1".parse()?);
/// # let service = std::sync::Arc::new(InMemoryStateService::default());
/// # service.create(&MigrationState::new(name.clone())).await?;
/// # let tracker = PhaseTracker::start(service.clone(), name.clone(), node, TrackerConfig::default()).await?;
/// # let stock = MigrationRepository::new(legacy, modern, tracker.clone())?;
/// # take_step(&*service, &name, &Move::to(Phase::Cutover), None).await?;
/// # tracker.poll().await?;
/// # Sweep::new(&stock).establish(&*service, std::future::pending()).await?;
/// # tracker.poll().await?;
/// # take_step(&*service, &name, &Move::to(Phase::Live), None).await?;
/// # tracker.poll().await?;
/// // In `Live`:
/// stock.legacy().plant((1, 30)); // somebody wrote both, and neither with a stamp
/// stock.modern().plant((1, 20));
///
/// assert_eq!(stock.join_with(&1, &ConflictPolicy::Park).await?, Joined::Conflict);
///
/// let fewest = ConflictPolicy::<u32, (u32, u32)>::merge(|_, legacy, modern| {
///     match (legacy.value, modern.value) {
///         (Some(legacy), Some(modern)) => Merged::Content(Some(legacy.min(modern))),
///         _ => Merged::Primary,
///     }
/// });
/// assert_eq!(stock.join_with(&1, &fewest).await?, Joined::Settled);
/// assert_eq!(stock.find(&1).await?, Some((1, 20)));
/// assert_eq!(stock.legacy().records(), stock.modern().records());
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
#[non_exhaustive]
pub enum ConflictPolicy<K, E> {
    /// The primary's content takes the next stamp; in `Cutover` that of the side
    /// it was entered from.
    #[default]
    PrimaryWins,
    /// Nothing is written: somebody has to look.
    Park,
    /// A function decides, from both records: [`merge`](Self::merge) takes it. It must
    /// answer the same whenever it is asked the same, for several nodes may ask.
    Merge(MergeRule<K, E>),
}

/// How two records are merged, as [`ConflictPolicy::merge`] took it: by the key,
/// legacy's record and modern's.
///
/// ```
/// use strangler_fig::repository::{ConflictPolicy, Merged};
///
/// let policy = ConflictPolicy::<u32, String>::merge(|_, _, _| Merged::Park);
/// assert!(matches!(policy, ConflictPolicy::Merge(_)));
/// ```
pub struct MergeRule<K, E>(Arc<Merge<K, E>>);

/// The key, legacy's record, modern's.
type Merge<K, E> = dyn Fn(&K, &Record<E>, &Record<E>) -> Merged<E> + Send + Sync;

impl<K, E> fmt::Debug for MergeRule<K, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MergeRule").finish_non_exhaustive()
    }
}

/// What a conflict is merged to.
///
/// ```
/// use strangler_fig::repository::Merged;
///
/// fn longer(legacy: String, modern: String) -> Merged<String> {
///     let longer = if legacy.len() < modern.len() { modern } else { legacy };
///     Merged::Content(Some(longer))
/// }
/// assert_eq!(longer("a".into(), "ab".into()), Merged::Content(Some("ab".into())));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Merged<E> {
    /// The primary's content.
    Primary,
    /// Nothing: somebody has to look.
    Park,
    /// This entity, which must have the key; or, with `None`, a deletion. Both
    /// sides take it, under the stamp after the tied one.
    Content(Option<E>),
}

impl<K, E> ConflictPolicy<K, E> {
    /// A policy that asks `merge`, with the key, legacy's record and modern's.
    pub fn merge(
        merge: impl Fn(&K, &Record<E>, &Record<E>) -> Merged<E> + Send + Sync + 'static,
    ) -> Self {
        Self::Merge(MergeRule(Arc::new(merge)))
    }

    /// The verdict on a conflict; where the primary just wins, `is_open` is false.
    pub(super) fn judge(
        &self,
        is_open: bool,
        key: &K,
        legacy: &Record<E>,
        modern: &Record<E>,
    ) -> Merged<E> {
        match self {
            Self::Park if is_open => Merged::Park,
            Self::Merge(MergeRule(merge)) if is_open => merge(key, legacy, modern),
            _ => Merged::Primary,
        }
    }
}

impl<K, E> Clone for ConflictPolicy<K, E> {
    fn clone(&self) -> Self {
        match self {
            Self::PrimaryWins => Self::PrimaryWins,
            Self::Park => Self::Park,
            Self::Merge(MergeRule(merge)) => Self::Merge(MergeRule(Arc::clone(merge))),
        }
    }
}

impl<K, E> fmt::Debug for ConflictPolicy<K, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PrimaryWins => "PrimaryWins",
            Self::Park => "Park",
            Self::Merge(_) => "Merge(..)",
        })
    }
}
