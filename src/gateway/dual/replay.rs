use tokio::time::Instant;
use tracing::{Instrument, info_span};

use super::decide::note_of;
use super::head::Sendable;
use super::inner::{Held, Inner, discard};
use super::noting::Noted;
use super::{RequestClaim, RequestNote, RequestRecord, RequestStatus, Step};
use crate::gateway::traced;
use crate::observe::{Event, field, span};
use crate::resilience::Admission;

/// What became of a request that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replayed {
    Done,
    Refused,
    Parked,
    PutOff,
    Lost,
}

impl Inner {
    /// Does what is left of a request that was taken by `until`.
    pub(super) async fn replay(
        &self,
        claim: RequestClaim,
        record: RequestRecord,
        until: Instant,
    ) -> Replayed {
        let span = info_span!(parent: None, span::REPLAY, { field::RULE } = record.new.rule);
        self.seen(&record);
        let mut sendable = Sendable::of(&record.new.request);
        if let Some(sendable) = &mut sendable {
            traced::step_aside(&span, sendable.headers_mut());
        }
        let mut held = Held::of(claim, record, sendable, until);
        held.is_replay = true;
        self.replayed(held).instrument(span).await
    }

    async fn replayed(&self, mut held: Held) -> Replayed {
        loop {
            let note = match self.next(&held) {
                Step::Rest => return rest(held.state.status()),
                Step::Park => RequestNote::Parked,
                Step::Send(side) => {
                    let sent = self.send(&held, side, Admission::Patient).await;
                    discard(sent.response);
                    let note = note_of(&held.state, side, sent.outcome, false);
                    let outcome = match &note {
                        RequestNote::Answered { .. } => "answered",
                        RequestNote::Refused { .. } => "refused",
                        _ => "failed",
                    };
                    self.tell(|| Event::RequestReplayed { side: side.name(), outcome });
                    note
                }
            };
            if self.note(&mut held, &note).await != Noted::Yes {
                return Replayed::Lost;
            }
            if held.state.status().is_open() && !note.keeps_claim() {
                return Replayed::PutOff;
            }
        }
    }
}

const fn rest(status: RequestStatus) -> Replayed {
    match status {
        RequestStatus::Refused(_) => Replayed::Refused,
        RequestStatus::Parked(_) => Replayed::Parked,
        _ => Replayed::Done,
    }
}
