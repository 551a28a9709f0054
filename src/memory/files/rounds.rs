use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Work that is done once for all who want it at once.
///
/// Whoever wants it has it done after having asked: what is under way by then may have missed what the caller has
/// just written. So those who come meanwhile wait for its end, and one of them does it for all of them.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    begun: AtomicU64,
    /// The last that was done. Whoever does one keeps it locked.
    done: Mutex<u64>,
}

impl Rounds {
    /// The first round that begins after this call.
    pub(super) fn next(&self) -> u64 {
        self.begun.load(Ordering::SeqCst) + 1
    }

    /// Sees to it that `round`, or one after it, was done. One that fails was not: whoever waited tries again.
    pub(super) fn wait<E>(
        &self,
        round: u64,
        work: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if *done < round {
            let begun = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            work()?;
            *done = begun;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn those_who_come_during_a_round_share_the_next() {
        let (rounds, worked) = (Rounds::default(), AtomicUsize::new(0));
        let work = || {
            worked.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Infallible>(())
        };
        let mut came = Vec::new();
        let Ok(()) = rounds.wait(rounds.next(), || {
            came.extend((0..5).map(|_| rounds.next()));
            work()
        });
        std::thread::scope(|threads| {
            for round in came {
                let (rounds, work) = (&rounds, &work);
                threads.spawn(move || rounds.wait(round, work));
            }
        });
        assert_eq!(worked.load(Ordering::SeqCst), 2);
        let Ok(()) = rounds.wait(rounds.next(), work);
        assert_eq!(worked.load(Ordering::SeqCst), 3, "what is over is over");
    }

    #[test]
    fn a_round_that_failed_is_done_again_by_who_waited_for_it() {
        let rounds = Rounds::default();
        let round = rounds.next();
        assert_eq!(rounds.wait(round, || Err("the disk has gone")), Err("the disk has gone"));
        let mut is_done = false;
        let Ok(()) = rounds.wait(round, || {
            is_done = true;
            Ok::<_, Infallible>(())
        });
        assert!(is_done);
    }
}
