use std::collections::BTreeMap;

use storefront::Failed;
use strangler_fig::testkit::history::{History, Operation, OperationKind, Outcome};

use super::books::Status;
use super::notice::GONE;
use super::{Evidence, User};

type Call = Operation<String, User>;

/// A fault put into what was seen: a judge that does not find it is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plant {
    Lost,
    Stale,
    Resurrected,
    Doubled,
    Uncompensated,
    Noticed,
}

impl Plant {
    pub(crate) const ALL: [Self; 6] = [
        Self::Lost,
        Self::Stale,
        Self::Resurrected,
        Self::Doubled,
        Self::Uncompensated,
        Self::Noticed,
    ];

    pub(crate) fn of(name: &str) -> Result<Self, &'static str> {
        let named = |plant: &Self| format!("{plant:?}").to_lowercase() == name;
        let found = Self::ALL.into_iter().find(named);
        found.ok_or("a fault is lost, stale, resurrected, doubled, uncompensated or noticed")
    }

    pub(super) fn spoil(self, mut evidence: Evidence) -> Result<Evidence, Failed> {
        let nothing = || format!("nothing was seen that could be {self:?}: let it run longer");
        let is_spoilt = match self {
            Self::Lost | Self::Stale | Self::Resurrected => {
                let (first, mut calls) = taken_apart(&evidence.users);
                let is_spoilt = self.spoil_calls(&mut calls).is_some();
                evidence.users = put_together(first, calls)?;
                is_spoilt
            }
            Self::Doubled => {
                let paid = evidence.books.payments.orders.values_mut().next();
                paid.map(|cents| *cents *= 2).is_some()
            }
            Self::Uncompensated => cancelled(&evidence).is_some_and(|order| {
                evidence.books.payments.orders.insert(order, 1);
                true
            }),
            Self::Noticed => {
                let calls = &mut evidence.seen.calls;
                let last = calls.iter_mut().rfind(|call| call.kind.is_of_users());
                last.map(|call| call.turn_into(GONE)).is_some()
            }
        };
        if is_spoilt { Ok(evidence) } else { Err(nothing().into()) }
    }

    /// Puts what was there before in the place of what is there at the end, or into a read shortly before.
    fn spoil_calls(self, calls: &mut Vec<Call>) -> Option<()> {
        let (key, before) = superseded(calls, self == Self::Resurrected)?;
        let is_end = |call: &&mut Call| is_final(call) && call.key == key;
        let end = calls.iter_mut().find(is_end)?;
        if self == Self::Stale {
            let (invoked, value) = (end.invoked, Some(before));
            calls.push(Operation::read(key, value, invoked, invoked));
        } else {
            end.value = Some(before);
        }
        Some(())
    }
}

/// A user of whom every write was acknowledged, one before another, and who is there at the end, or who is not: and what
/// they were before the last one.
fn superseded(calls: &[Call], is_deleted: bool) -> Option<(String, User)> {
    let mut writes: BTreeMap<&String, Vec<&Call>> = BTreeMap::new();
    for call in calls.iter().filter(|call| !call.is_read()) {
        writes.entry(&call.key).or_default().push(call);
    }
    writes.into_iter().find_map(|(key, mut writes)| {
        writes.sort_unstable_by_key(|write| write.invoked);
        let is_clear = writes.iter().all(|write| write.kind != unknown());
        let in_turn = |two: &[&Call]| two[0].responded().is_some_and(|end| end < two[1].invoked);
        let [.., before, last] = writes.as_slice() else { return None };
        let fits = is_clear && writes.windows(2).all(in_turn);
        let fits = fits && last.value.is_none() == is_deleted && before.value != last.value;
        fits.then(|| Some((key.clone(), before.value.clone()?)))?
    })
}

const fn unknown() -> OperationKind {
    OperationKind::Write(Outcome::Unknown)
}

const fn is_final(call: &Call) -> bool {
    matches!(call.kind, OperationKind::FinalRead { .. })
}

type First = Vec<(String, Option<User>)>;

fn taken_apart(history: &History<String, User>) -> (First, Vec<Call>) {
    (history.initial().to_vec(), history.operations().to_vec())
}

fn put_together(first: First, calls: Vec<Call>) -> Result<History<String, User>, Failed> {
    let history = History::new(calls)?;
    Ok(first.into_iter().fold(history, |history, (key, value)| history.with_initial(key, value)))
}

fn cancelled(evidence: &Evidence) -> Option<String> {
    let mut orders = evidence.books.orders.orders.iter();
    orders.find(|(_, status)| **status == Status::Cancelled).map(|(order, _)| order.clone())
}
