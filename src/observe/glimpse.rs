use std::fmt;
use std::sync::{Mutex, TryLockError};

/// What `Debug` shows of what a lock guards. It never waits: while somebody has the lock it says so, as that of the
/// standard library's [`Mutex`] does. Whoever has it may be the one who shows it.
pub(crate) struct Glimpse<T>(Option<T>);

impl<T> Glimpse<T> {
    /// What `look` finds behind the lock, if nobody has it.
    pub(crate) fn of<L>(mutex: &Mutex<L>, look: impl FnOnce(&L) -> T) -> Self {
        Self(match mutex.try_lock() {
            Ok(held) => Some(look(&held)),
            Err(TryLockError::Poisoned(held)) => Some(look(&held.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        })
    }
}

impl<T: fmt::Debug> fmt::Debug for Glimpse<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(seen) => seen.fmt(f),
            None => f.write_str("<locked>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn shown(mutex: &Mutex<Vec<u8>>) -> String {
        format!("{:?}", Glimpse::of(mutex, Vec::len))
    }

    #[test]
    fn what_is_locked_is_said_to_be() {
        let mutex = Mutex::new(vec![7, 7]);
        let held = mutex.lock().unwrap();
        assert_eq!(shown(&mutex), "<locked>");
        drop(held);
        assert_eq!(shown(&mutex), "2");
    }

    #[test]
    fn behind_a_panic_it_is_shown_as_ever() {
        let mutex = Mutex::new(vec![7, 7]);
        let panics = || {
            let _held = mutex.lock().unwrap();
            panic!("with the lock held");
        };
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert!(mutex.is_poisoned());
        assert_eq!(shown(&mutex), "2");
    }
}
