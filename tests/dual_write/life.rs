use std::future::{Future, pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::scenario::Fate;

/// The life of one process: it goes on, stands still, or is over.
#[derive(Debug)]
pub(crate) struct Life {
    pulse: watch::Sender<Pulse>,
    fate: Option<Fate>,
    acts: AtomicUsize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pulse {
    Alive,
    Stopped,
    Dead,
}

impl Life {
    pub(crate) fn new(fate: Option<Fate>) -> Arc<Self> {
        let pulse = watch::Sender::new(Pulse::Alive);
        Arc::new(Self { pulse, fate, acts: AtomicUsize::new(0) })
    }

    /// How often it has written to its journal or sent something.
    pub(crate) fn acts(&self) -> usize {
        self.acts.load(Ordering::SeqCst)
    }

    /// One that stood still goes on.
    pub(crate) fn goes_on(&self) {
        self.pulse.send_if_modified(|pulse| {
            let stood = *pulse == Pulse::Stopped;
            if stood {
                *pulse = Pulse::Alive;
            }
            stood
        });
    }

    /// `future`, as far as the process lives; nothing of it is done while it does not.
    pub(crate) async fn lived<T: Send>(&self, mut future: BoxFuture<'_, T>) -> T {
        let mut pulse = self.pulse.subscribe();
        loop {
            if pulse.wait_for(|pulse| *pulse == Pulse::Alive).await.is_err() {
                return pending().await;
            }
            let mut changed = std::pin::pin!(pulse.changed());
            let step = poll_fn(|context| {
                if *self.pulse.borrow() != Pulse::Alive {
                    return Poll::Ready(None);
                }
                if let Poll::Ready(done) = future.poll_unpin(context) {
                    return Poll::Ready(Some(done));
                }
                changed.as_mut().poll(context).map(|_| None)
            });
            if let Some(done) = step.await {
                return done;
            }
        }
    }

    /// Something that changes the world, before or after which the process may meet its fate; and what that
    /// makes of it, if it is a write to the journal.
    pub(crate) async fn acted<T: Send>(&self, act: BoxFuture<'_, T>) -> (T, Option<Fate>) {
        let number = self.acts.fetch_add(1, Ordering::SeqCst) + 1;
        let own = self.fate.filter(|fate| fate.at() == number || fate.lasts(number));
        match own {
            Some(Fate::DiesBefore(_)) => self.become_(Pulse::Dead),
            Some(Fate::StopsBefore(_)) => self.become_(Pulse::Stopped),
            _ => {}
        }
        let answer = self.lived(act).await;
        match own {
            Some(Fate::DiesAfter(_)) => self.become_(Pulse::Dead),
            Some(Fate::StopsAfter(_)) => self.become_(Pulse::Stopped),
            _ => {}
        }
        (self.lived(std::future::ready(answer).boxed()).await, own)
    }

    /// What becomes of the next act.
    pub(crate) fn next(&self) -> Option<Fate> {
        let number = self.acts() + 1;
        self.fate.filter(|fate| fate.at() == number || fate.lasts(number))
    }

    fn become_(&self, pulse: Pulse) {
        // The dead do not stand up, whatever else they were about to do.
        self.pulse.send_if_modified(|now| {
            let lives = *now != Pulse::Dead;
            if lives {
                *now = pulse;
            }
            lives
        });
    }
}
