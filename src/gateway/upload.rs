use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::BodyError;

/// Whose turn it is while a body is sent on: a client that is slow must not look like a side that is.
#[derive(Debug)]
pub(super) struct Upload {
    turn: Mutex<Turn>,
    /// How long the client may pause. Then its body fails, but only if somebody reads it.
    idle: Duration,
    /// Until when the body may come.
    end: Option<Instant>,
    over: Notify,
}

#[derive(Debug)]
enum Turn {
    /// The side has asked for more than the client has sent, since then.
    Client(Instant),
    /// The side has something to read since then.
    Side(Instant),
    /// The side has all of it, or wants no more, since then.
    Answer(Instant),
    /// The body has no end; the side was told then.
    Failed(BodyError, Instant),
}

impl Upload {
    pub(super) fn new(idle: Duration, end: Option<Instant>) -> Self {
        let turn = Mutex::new(Turn::Side(Instant::now()));
        Self { turn, idle, end, over: Notify::new() }
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the client has done wrong.
    pub(super) fn fault(&self) -> Option<BodyError> {
        match &*self.turn() {
            Turn::Failed(error, _) => Some(error.clone()),
            Turn::Client(_) | Turn::Side(_) | Turn::Answer(_) => None,
        }
    }

    /// Whether nothing but the side's answer is waited for.
    pub(super) fn awaits_answer(&self) -> bool {
        matches!(*self.turn(), Turn::Answer(_))
    }

    /// Resolves when the last piece was handed over, or the side wants no more: what passes from then on is the
    /// side's time.
    pub(super) async fn is_over(&self) {
        self.over.notified().await;
    }

    /// Resolves when it has been the side's turn for so long: to read, to answer, or to take note that nothing
    /// more comes. A side that does not do so much as look whether something has come is late, too.
    pub(super) async fn late(&self, deadline: Duration) {
        let last = self.end.and_then(|end| end.checked_add(deadline));
        loop {
            let since = match *self.turn() {
                Turn::Side(since) | Turn::Answer(since) | Turn::Failed(_, since) => Some(since),
                Turn::Client(since) => since.checked_add(self.idle),
            };
            let own = since.and_then(|since| since.checked_add(deadline));
            let limit = match (own, last) {
                (Some(own), Some(last)) => own.min(last),
                (Some(limit), None) | (None, Some(limit)) => limit,
                (None, None) => return std::future::pending().await,
            };
            let now = Instant::now();
            if limit <= now {
                return;
            }
            // A turn that ends meanwhile makes it no sooner than this.
            let look = now.checked_add(deadline).map_or(limit, |next| next.min(limit));
            tokio::time::sleep_until(look).await;
        }
    }
}

/// The body's end of it; dropped, the upload is over.
#[derive(Debug)]
pub(super) struct Uploading(pub(super) Arc<Upload>);

impl Uploading {
    pub(super) fn waits_for_client(&self) {
        let mut turn = self.0.turn();
        if let Turn::Side(_) = *turn {
            *turn = Turn::Client(Instant::now());
        }
    }

    pub(super) fn handed_over(&self) {
        *self.0.turn() = Turn::Side(Instant::now());
    }

    pub(super) fn failed(self, error: BodyError) {
        *self.0.turn() = Turn::Failed(error, Instant::now());
    }
}

impl Drop for Uploading {
    fn drop(&mut self) {
        let mut turn = self.0.turn();
        if !matches!(*turn, Turn::Failed(..)) {
            *turn = Turn::Answer(Instant::now());
        }
        self.0.over.notify_one();
    }
}
