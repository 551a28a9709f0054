//! What must hold, and what was seen of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use strangler_fig::event::{Lane, LaneClaim, LaneClaims, OutboxRow};
use strangler_fig::phase::NodeId;
use tokio::time::Instant;

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Judge(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// By key, in the order of their commits.
    committed: BTreeMap<String, Vec<String>>,
    /// By key, in the order in which they had their effect.
    effects: BTreeMap<String, Vec<String>>,
    discarded: BTreeSet<String>,
    lanes: BTreeMap<Lane, (LaneClaim, NodeId, Instant)>,
    wrong: Vec<String>,
}

impl Judge {
    fn with<T>(&self, change: impl FnOnce(&mut Seen) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    pub(crate) fn committed(&self, pairs: &[(String, String)]) {
        self.with(|seen| {
            for (key, id) in pairs {
                seen.committed.entry(key.clone()).or_default().push(id.clone());
            }
        });
    }

    pub(crate) fn has_effect(&self, key: &str, id: &str) {
        self.with(|seen| seen.effects.entry(key.to_owned()).or_default().push(id.to_owned()));
    }

    pub(crate) fn discarded(&self, id: &str) {
        self.with(|seen| seen.discarded.insert(id.to_owned()));
    }

    pub(crate) fn wrong(&self, what: String) {
        self.with(|seen| seen.wrong.push(what));
    }

    pub(crate) fn claimed(&self, relay: &NodeId, claims: &LaneClaims, term: Duration) {
        let now = Instant::now();
        self.with(|seen| {
            for claim in &claims.held {
                let before = seen.lanes.insert(claim.lane, (*claim, relay.clone(), now + term));
                let Some((_, holder, until)) = before else { continue };
                if holder != *relay && until > now {
                    seen.wrong.push(format!("{relay:?} and {holder:?} hold {claim:?}"));
                }
            }
        });
    }

    pub(crate) fn released(&self, claims: &[LaneClaim]) {
        self.with(|seen| {
            for claim in claims {
                if seen.lanes.get(&claim.lane).is_some_and(|(newest, ..)| newest == claim) {
                    seen.lanes.remove(&claim.lane);
                }
            }
        });
    }

    pub(crate) fn fetched(&self, claims: &[LaneClaim], rows: &[OutboxRow]) {
        let now = Instant::now();
        self.with(|seen| {
            for row in rows {
                let holds = |claim: &&LaneClaim| claim.lane == row.lane;
                let claim = claims.iter().find(holds);
                let newest = seen.lanes.get(&row.lane);
                let is_live =
                    newest.is_some_and(|(newest, _, until)| Some(newest) == claim && *until > now);
                if !is_live {
                    let position = row.position;
                    seen.wrong.push(format!("{position:?} came to {claim:?}, not {newest:?}"));
                }
            }
        });
    }

    pub(crate) fn settled(&self, claim: &LaneClaim) {
        self.with(|seen| {
            let newest = seen.lanes.get(&claim.lane).map(|(newest, ..)| *newest);
            if newest.is_some_and(|newest| newest.epoch > claim.epoch) {
                seen.wrong.push(format!("{claim:?} has settled, and {newest:?} is newer"));
            }
        });
    }

    /// Whether all that was committed has had its effect, as far as it goes.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.with(|seen| {
            seen.committed.iter().all(|(key, ids)| {
                let wanted = ids.iter().filter(|id| !seen.discarded.contains(*id)).count();
                seen.effects.get(key).map_or(0, Vec::len) >= wanted
            })
        })
    }

    /// How many effects there were, or what is wrong.
    pub(crate) fn verdict(&self) -> Result<usize, String> {
        self.with(|seen| {
            if let Some(wrong) = seen.wrong.first() {
                return Err(wrong.clone());
            }
            let keys: BTreeSet<_> = seen.committed.keys().chain(seen.effects.keys()).collect();
            for key in keys {
                let committed = seen.committed.get(key).into_iter().flatten();
                let wanted: Vec<_> =
                    committed.filter(|id| !seen.discarded.contains(*id)).cloned().collect();
                let found = seen.effects.get(key).cloned().unwrap_or_default();
                if found != wanted {
                    return Err(format!("of {key} were committed {wanted:?}, and came {found:?}"));
                }
            }
            Ok(seen.effects.values().map(Vec::len).sum())
        })
    }
}
