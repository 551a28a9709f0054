use std::num::NonZeroUsize;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::task::JoinHandle;

use super::Persistence;
use super::{ScanError, Window, persist};
use crate::error::StoreError;
use crate::phase::Side;
use crate::repository::{Page, ScanRepository};

/// Which side of a window is read when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadOrder {
    /// Modern, then legacy, and no window before it is asked for: what legacy
    /// shows is then never older than what modern shows.
    ModernFirst,
    /// Both at once, and the next window while this one is worked on.
    Ahead,
}

/// A walk through both stores at once, from the first key to the last that
/// either held when it began. Memory is a window, or two.
pub(crate) struct Walk<L: ScanRepository, M> {
    legacy: Arc<L>,
    modern: Arc<M>,
    order: ReadOrder,
    tries: Persistence,
    after: Option<L::Key>,
    last: Option<L::Key>,
    ahead: Option<Ahead<L::Key, L::Entity>>,
}

type Scanned<K, E> = Result<Page<K, E>, ScanError>;

/// Pages that are being fetched; dropped, they are given up.
struct Ahead<K, E> {
    legacy: Fetch<Scanned<K, E>>,
    modern: Fetch<Scanned<K, E>>,
}

struct Fetch<T>(JoinHandle<T>);

impl<T> Drop for Fetch<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<L, M> Walk<L, M>
where
    L: ScanRepository,
    M: ScanRepository<Key = L::Key, Entity = L::Entity>,
{
    /// A walk through every key of both stores.
    pub(crate) async fn begin(
        legacy: &Arc<L>,
        modern: &Arc<M>,
        order: ReadOrder,
        tries: Persistence,
    ) -> Result<Self, ScanError> {
        let of_legacy = last_key(Side::Legacy, &**legacy, &tries).await?;
        let of_modern = last_key(Side::Modern, &**modern, &tries).await?;
        Ok(Self::within(legacy, modern, order, tries, None, of_legacy.max(of_modern)))
    }

    /// A walk through the keys after `after` up to `last`; none if there is no
    /// last one.
    pub(crate) fn within(
        legacy: &Arc<L>,
        modern: &Arc<M>,
        order: ReadOrder,
        tries: Persistence,
        after: Option<L::Key>,
        last: Option<L::Key>,
    ) -> Self {
        let (legacy, modern) = (Arc::clone(legacy), Arc::clone(modern));
        Self { legacy, modern, order, tries, after, last, ahead: None }
    }

    /// The last key it has come to.
    pub(crate) fn after(&self) -> Option<&L::Key> {
        self.after.as_ref()
    }

    /// The last key it will come to.
    pub(crate) fn last(&self) -> Option<&L::Key> {
        self.last.as_ref()
    }

    /// The next window, of at most `limit` records of each side; `None` at the end.
    pub(crate) async fn next(
        &mut self,
        limit: NonZeroUsize,
    ) -> Result<Option<Window<L::Key, L::Entity>>, ScanError> {
        let Some(last) = self.last.clone() else { return Ok(None) };
        if self.after.as_ref().is_some_and(|after| *after >= last) {
            return Ok(None);
        }
        let (legacy, modern) = match self.order {
            ReadOrder::ModernFirst => {
                let modern = self.modern_page(limit).await?;
                (self.legacy_page(limit).await?, modern)
            }
            ReadOrder::Ahead => self.fetched(limit).await?,
        };
        let window = Window::of(legacy, modern, &last);
        self.after = Some(window.end.clone());
        if self.order == ReadOrder::Ahead && window.end < last {
            self.ahead = Some(self.fetch(limit));
        }
        Ok(Some(window))
    }

    async fn fetched(
        &mut self,
        limit: NonZeroUsize,
    ) -> Result<(Page<L::Key, L::Entity>, Page<L::Key, L::Entity>), ScanError> {
        let mut ahead = self.ahead.take().unwrap_or_else(|| self.fetch(limit));
        let legacy = landed(Side::Legacy, (&mut ahead.legacy.0).await)?;
        let modern = landed(Side::Modern, (&mut ahead.modern.0).await)?;
        Ok((legacy, modern))
    }

    fn fetch(&self, limit: NonZeroUsize) -> Ahead<L::Key, L::Entity> {
        Ahead {
            legacy: Fetch(tokio::spawn(self.legacy_page(limit))),
            modern: Fetch(tokio::spawn(self.modern_page(limit))),
        }
    }

    fn legacy_page(&self, limit: NonZeroUsize) -> BoxFuture<'static, Scanned<L::Key, L::Entity>> {
        let store = Arc::clone(&self.legacy);
        page(Side::Legacy, store, self.after.clone(), limit, self.tries.clone()).boxed()
    }

    fn modern_page(&self, limit: NonZeroUsize) -> BoxFuture<'static, Scanned<L::Key, L::Entity>> {
        let store = Arc::clone(&self.modern);
        page(Side::Modern, store, self.after.clone(), limit, self.tries.clone()).boxed()
    }
}

fn landed<K, E>(
    side: Side,
    landed: Result<Scanned<K, E>, tokio::task::JoinError>,
) -> Scanned<K, E> {
    landed.unwrap_or_else(|error| {
        Err(ScanError::Failed { side, source: StoreError::unavailable(error) })
    })
}

async fn page<S: ScanRepository>(
    side: Side,
    store: Arc<S>,
    after: Option<S::Key>,
    limit: NonZeroUsize,
    tries: Persistence,
) -> Scanned<S::Key, S::Entity> {
    let scanned = persist(&tries, || store.scan(after.as_ref(), limit)).await;
    let page = scanned.map_err(|source| ScanError::Failed { side, source })?;
    checked_page(side, after.as_ref(), page)
}

/// The last key of a side.
pub(crate) async fn last_key<S: ScanRepository>(
    side: Side,
    store: &S,
    tries: &Persistence,
) -> Result<Option<S::Key>, ScanError> {
    let last = persist(tries, || store.last_key()).await;
    last.map_err(|source| ScanError::Failed { side, source })
}

/// Refuses a page that would lose keys, or never end.
pub(crate) fn checked_page<K: Ord, E>(
    side: Side,
    after: Option<&K>,
    page: Page<K, E>,
) -> Scanned<K, E> {
    let keys = page.records.iter().map(|(key, _)| key);
    if !after.into_iter().chain(keys).is_sorted_by(|before, next| before < next) {
        return Err(ScanError::OutOfOrder { side });
    }
    if page.records.is_empty() && !page.is_last {
        return Err(ScanError::StandsStill { side });
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::{Record, Stamp};

    fn page(keys: &[u32], is_last: bool) -> Page<u32, ()> {
        let records = keys.iter().map(|key| (*key, Record::live(Stamp::BASE, ()))).collect();
        Page::new(records, is_last)
    }

    #[test]
    fn a_page_out_of_order_is_refused() {
        for (after, keys) in [(None, vec![2, 1]), (None, vec![1, 1]), (Some(3), vec![3, 4])] {
            let refused = checked_page(Side::Modern, after.as_ref(), page(&keys, true));
            assert!(matches!(refused, Err(ScanError::OutOfOrder { side: Side::Modern })));
        }
    }

    #[test]
    fn a_page_that_never_ends_is_refused() {
        let refused = checked_page(Side::Legacy, None, page(&[], false));
        assert!(matches!(refused, Err(ScanError::StandsStill { side: Side::Legacy })));
    }
}
