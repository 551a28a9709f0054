use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::key::Key;

/// One lock per key, there only while somebody holds it or waits for it.
#[derive(Debug)]
pub(super) struct KeyLocks<K> {
    locks: Arc<Mutex<BTreeMap<K, Arc<AsyncMutex<()>>>>>,
}

/// The lock of a key, held.
#[derive(Debug)]
pub(super) struct KeyGuard<K: Key> {
    key: K,
    locks: Arc<Mutex<BTreeMap<K, Arc<AsyncMutex<()>>>>>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl<K: Key> KeyLocks<K> {
    pub(super) fn new() -> Self {
        Self { locks: Arc::default() }
    }

    pub(super) async fn lock(&self, key: &K) -> KeyGuard<K> {
        let lock = Arc::clone(held(&self.locks).entry(key.clone()).or_default());
        // The guard is there before the wait, so that a dropped wait tidies up.
        let mut waiting =
            KeyGuard { key: key.clone(), locks: Arc::clone(&self.locks), guard: None };
        waiting.guard = Some(lock.lock_owned().await);
        waiting
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        held(&self.locks).len()
    }
}

fn held<T>(locks: &Mutex<T>) -> MutexGuard<'_, T> {
    locks.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Key> Drop for KeyGuard<K> {
    fn drop(&mut self) {
        let mut locks = held(&self.locks);
        self.guard = None;
        let unused = locks.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1);
        if unused {
            locks.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_lock_is_exclusive_and_leaves_nothing_behind() {
        let locks = KeyLocks::new();
        let first = locks.lock(&1).await;
        assert!(locks.lock(&1).now_or_never().is_none());
        assert!(locks.lock(&2).now_or_never().is_some());
        drop(first);
        assert!(locks.lock(&1).now_or_never().is_some());
        assert_eq!(locks.len(), 0);
    }
}
