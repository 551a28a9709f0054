use serde::{Deserialize, Serialize};

use crate::gateway::dual::{NewRequest, RequestNote, RequestState};
use crate::memory::files::UnixMillis;
use crate::memory::request_record::{Kept, Moments};
use crate::phase::NodeId;

/// A request, as its file has it.
pub(super) type Request = Kept<UnixMillis>;

/// A change of a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Line {
    /// Always the first, unless it was purged.
    Recorded {
        request: NewRequest,
        holder: NodeId,
        at: UnixMillis,
        until: UnixMillis,
    },
    Claimed {
        epoch: u64,
        holder: NodeId,
        at: UnixMillis,
        until: UnixMillis,
    },
    Noted {
        position: u32,
        note: RequestNote,
        at: UnixMillis,
        due: UnixMillis,
        until: UnixMillis,
    },
    /// What is left of a purged request: the first line of its new file.
    Purged {
        request: NewRequest,
        notes: Vec<RequestNote>,
        epoch: u64,
        begun: u64,
        held: Option<(NodeId, UnixMillis)>,
        /// Older files do not say.
        #[serde(default)]
        has_lapsed: bool,
        due: UnixMillis,
        changed: UnixMillis,
    },
}

impl Line {
    /// What is left of a request.
    pub(super) fn purged(request: Request) -> Self {
        let Kept { new, notes, epoch, begun, held, has_lapsed, due, changed, .. } = request;
        Self::Purged { request: new, notes, epoch, begun, held, has_lapsed, due, changed }
    }

    /// The request that a first line speaks of.
    pub(super) fn begun(self) -> Option<Request> {
        match self {
            Self::Recorded { request, holder, at, until } => {
                Some(Kept::new(&request, &holder, at, until))
            }
            Self::Purged { request, notes, epoch, begun, held, has_lapsed, due, changed } => {
                let state = RequestState::of(request.first, request.stamp, &notes).ok()?;
                let is_purged = state.status().is_closed();
                let kept = Kept {
                    new: request,
                    notes,
                    state,
                    epoch,
                    begun,
                    held,
                    has_lapsed,
                    due,
                    changed,
                    is_purged,
                };
                is_purged.then_some(kept)
            }
            Self::Claimed { .. } | Self::Noted { .. } => None,
        }
    }

    /// Changes a request as a later line says; `None` if it could not have been.
    pub(super) fn follow(self, request: &mut Request) -> Option<()> {
        match self {
            Self::Claimed { epoch, holder, at, until } => {
                (request.claim(&holder, at, until) == Some(epoch)).then_some(())
            }
            Self::Noted { position, note, at, due, until } => {
                let state = request.takes(request.epoch, position, &note).ok()?;
                request.add(note, state, Moments { now: at, due, until });
                Some(())
            }
            Self::Recorded { .. } | Self::Purged { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::dual::{Fingerprint, RecordedRequest, RequestKey};
    use crate::phase::{Incarnation, Side};
    use crate::stamp::Stamp;

    fn refused() -> Request {
        let new = NewRequest {
            key: RequestKey::new("ada", "order-4711").unwrap(),
            fingerprint: Fingerprint::of("POST", "/orders", b"two pears"),
            request: RecordedRequest::default(),
            stamp: Stamp::default(),
            first: Side::Legacy,
            is_strict: true,
            answers: Side::Legacy,
            rule: "orders".to_owned(),
            entity_id: None,
        };
        let holder =
            NodeId { name: "gateway".parse().unwrap(), incarnation: Incarnation::fixed(1) };
        let now = UnixMillis::now();
        let mut refused = Kept::new(&new, &holder, now, now);
        let note = RequestNote::Refused { side: Side::Legacy, status: 422 };
        let state = refused.takes(1, 0, &note).unwrap();
        refused.add(note, state, Moments { now, due: now, until: now });
        refused.empty();
        refused
    }

    #[test]
    fn what_was_purged_before_claims_were_known_to_lapse_is_read() {
        let refused = refused();
        let mut line = serde_json::to_value(Line::purged(refused.clone())).unwrap();
        let fields = line["purged"].as_object_mut().unwrap();
        assert_eq!(fields.remove("has_lapsed"), Some(false.into()));
        let line: Line = serde_json::from_value(line).unwrap();
        assert_eq!(line.begun(), Some(refused));
    }
}
