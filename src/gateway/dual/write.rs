use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::oneshot;
use tokio::time::{Duration, timeout};

use super::answer::{Outcome, Told};
use super::begin::Begun;
use super::decide::note_of;
use super::head::Sendable;
use super::inner::{Asking, Held, Inner, discard};
use super::noting::Noted;
use super::{NewRequest, RequestNote, RequestRecord, Step, Trouble};
use crate::gateway::Response;
use crate::phase::Side;
use crate::resilience::Admission;
use crate::stamp::Stamp;

/// One dual write, from its intent to its end.
pub(super) struct Write {
    pub(super) new: Arc<NewRequest>,
    pub(super) sendable: Sendable,
    /// Whether others may have used its key.
    pub(super) is_clients_key: bool,
    pub(super) has_moved: Option<HasMoved>,
}

/// Whether the phase has moved since the plan was made.
pub(super) type HasMoved = Box<dyn Fn() -> bool + Send + Sync>;

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.new.fmt(f)
    }
}

/// Where the caller waits; nobody, if it has gone away.
type Tell = oneshot::Sender<Response>;

fn told(tell: Tell, response: Response) {
    // Who has gone away needs no answer.
    let _ = tell.send(response);
}

/// What came of the first side, for a caller who waits.
enum First {
    /// It is done there: on to the other.
    Done(Option<Response>),
    /// That is all.
    End(Response),
}

type Second = Pin<Box<dyn Future<Output = Option<Response>> + Send>>;

impl Inner {
    /// Does a dual write, and tells its caller.
    pub(super) async fn write(self: Arc<Self>, write: Write, tell: Tell) {
        let is_gone = || tell.is_closed();
        match self.begin(&write.new, &write.sendable, is_gone).await {
            Begun::Told(answer) => told(tell, answer.of_key(write.is_clients_key).response()),
            Begun::Again(record) => {
                let response = self.again(&record, &write.sendable).await;
                told(tell, response.unwrap_or_else(|| Told::WasDone.response()));
            }
            Begun::Held(held) => self.drive(*held, write, tell).await,
        }
    }

    async fn drive(self: Arc<Self>, mut held: Held, write: Write, tell: Tell) {
        let first = held.state.first();
        let response = match self.next(&held) {
            Step::Send(side) if side == first => match self.first(&mut held, &write).await {
                First::Done(response) => response,
                First::End(response) => return told(tell, response),
            },
            // Its first side has done it, for a call before this one; the response is asked for again.
            Step::Send(_) if held.new.answers == first => {
                let stamp = held.state.stamp();
                let sendable = held.sendable.as_ref().unwrap_or(&write.sendable);
                self.done_again(&held.new, stamp, held.idle, sendable, first).await
            }
            Step::Send(_) => None,
            Step::Park => {
                let answer = match self.note(&mut held, &RequestNote::Parked).await {
                    Noted::Yes => Told::WithOperator,
                    Noted::Lost => Told::UnderWay,
                    Noted::Unsure => Told::Unknown,
                };
                return told(tell, answer.response());
            }
            Step::Rest => return told(tell, Told::UnderWay.response()),
        };
        self.both(held, write, response, tell).await;
    }

    /// Sends the first side what is written down.
    async fn first(&self, held: &mut Held, write: &Write) -> First {
        let side = held.state.first();
        let sent = self.send(held, side, Admission::Ordinary).await;
        let note = note_of(&held.state, side, sent.outcome, held.is_fresh);
        let noted = self.note(held, &note).await;
        let is_noted = noted == Noted::Yes;
        match note {
            RequestNote::Answered { .. } if is_noted => First::Done(sent.response),
            // A replayer sends it again, and then the other side.
            RequestNote::Answered { .. } if is_lenient(held, write) => {
                First::End(sent.response.unwrap_or_else(|| Told::Unknown.response()))
            }
            // Refused in doubt, it is parked: what it has changed is not known.
            RequestNote::Refused { .. } if is_noted && !held.state.status().is_closed() => {
                discard(sent.response);
                First::End(Told::WithOperator.response())
            }
            RequestNote::Refused { .. } | RequestNote::Withdrawn if is_noted => {
                // Another call of its key may have begun it anew by now.
                let not_sent = || Told::NotSent.of_key(write.is_clients_key).response();
                First::End(sent.response.unwrap_or_else(not_sent))
            }
            _ => {
                discard(sent.response);
                First::End(Told::Unknown.response())
            }
        }
    }

    /// Sends the other side what the first has done, and tells the caller as soon as the plan allows.
    async fn both(self: Arc<Self>, held: Held, write: Write, first: Option<Response>, tell: Tell) {
        let answers_first = held.new.answers == held.state.first();
        let left = held.clone();
        let mut second: Second = Box::pin(Arc::clone(&self).second(held));
        if is_lenient(&left, &write) {
            let ended = timeout(self.config.lenient_wait, &mut second).await;
            let first = first.unwrap_or_else(|| Told::WasDone.response());
            match ended {
                Ok(other) if other.is_some() || is_lenient(&left, &write) => {
                    discard(other);
                    told(tell, first);
                }
                Ok(_) => told(tell, Told::Unknown.response()),
                Err(_) if is_lenient(&left, &write) => {
                    told(tell, first);
                    self.finish_aside(second, left).await;
                }
                Err(_) => told(tell, strict(second.await, Some(first), true)),
            }
        } else {
            told(tell, strict(second.await, first, answers_first));
        }
    }

    /// The other side's response, if it has done it.
    async fn second(self: Arc<Self>, mut held: Held) -> Option<Response> {
        let side = held.state.first().other();
        let sent = self.send(&held, side, Admission::Committed).await;
        let note = note_of(&held.state, side, sent.outcome, false);
        // Where this fails, a replayer does it again.
        let _ = self.note(&mut held, &note).await;
        if matches!(note, RequestNote::Answered { .. }) {
            return sent.response;
        }
        discard(sent.response);
        None
    }

    /// The caller was answered; what is left goes on by itself, or is left to a replayer.
    async fn finish_aside(&self, second: Second, mut left: Held) {
        if !self.asides.run(move || second.map(discard)) {
            let (side, why) = (left.state.first().other(), Trouble::Saturated);
            let _ = self.note(&mut left, &RequestNote::Failed { side, why }).await;
        }
    }

    /// What the side that answers says of a request that both have done, if it says that.
    async fn again(&self, record: &RequestRecord, sendable: &Sendable) -> Option<Response> {
        let RequestRecord { new, state, idle, .. } = record;
        self.done_again(new, state.stamp(), *idle, sendable, new.answers).await
    }

    /// What a side says of a request that it has done. Who has forgotten the key would do it once more, so who may
    /// have is not asked; an answer that is not that of what was done is none.
    async fn done_again(
        &self,
        new: &NewRequest,
        stamp: Stamp,
        idle: Duration,
        sendable: &Sendable,
        side: Side,
    ) -> Option<Response> {
        if self.is_old(stamp, idle) {
            return None;
        }
        let request = || sendable.marked(new, stamp);
        let asking = Asking { is_repeat: true, is_replay: false };
        let sent = self.ask(side, request, asking, Admission::Ordinary).await;
        if matches!(sent.outcome, Outcome::Done(_)) {
            return sent.response;
        }
        discard(sent.response);
        None
    }
}

/// Whether the caller need not wait for the other side: by the plan, as long as that is in force.
fn is_lenient(held: &Held, write: &Write) -> bool {
    let is_planned =
        !held.new.is_strict && !write.new.is_strict && held.new.answers == held.state.first();
    is_planned && !write.has_moved.as_ref().is_some_and(|has_moved| has_moved())
}

/// What the caller is told who has waited for both.
fn strict(other: Option<Response>, first: Option<Response>, answers_first: bool) -> Response {
    let response = match (other, answers_first) {
        (None, _) => {
            discard(first);
            None
        }
        (Some(other), true) => {
            discard(Some(other));
            Some(first.unwrap_or_else(|| Told::WasDone.response()))
        }
        (Some(other), false) => {
            discard(first);
            Some(other)
        }
    };
    response.unwrap_or_else(|| Told::Unknown.response())
}
