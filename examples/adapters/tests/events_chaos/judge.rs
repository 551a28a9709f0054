//! What is right: pure, and tried on what is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A row of the table of effects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) key: String,
    /// That of the message within its key, as it said itself.
    pub(crate) number: i64,
    /// The id of the message.
    pub(crate) id: String,
}

/// What there is at the end.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In the order in which they happened.
    pub(crate) effects: Vec<Effect>,
    /// Rows of the outbox, and those of them that were given up.
    pub(crate) unsent: u64,
    pub(crate) parked: u64,
    pub(crate) dead_letters: usize,
}

/// The ids of the messages that were committed, key by key, in their order.
pub(crate) type Committed = BTreeMap<String, Vec<String>>;

/// What is wrong, with the effects of the key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It was rolled back.
    NeverCommitted {
        key: String,
        id: String,
        effects: Vec<String>,
    },
    Twice {
        key: String,
        id: String,
        effects: Vec<String>,
    },
    Lost {
        key: String,
        id: String,
        effects: Vec<String>,
    },
    OutOfOrder {
        key: String,
        effects: Vec<String>,
    },
    LeftOver {
        unsent: u64,
        parked: u64,
        dead_letters: usize,
    },
}

/// The flaws, at most one of each key.
pub(crate) fn judge(committed: &Committed, found: &Found) -> Vec<Flaw> {
    let mut effects: BTreeMap<&str, Vec<&Effect>> = BTreeMap::new();
    for key in committed.keys() {
        effects.insert(key, Vec::new());
    }
    for effect in &found.effects {
        effects.entry(&effect.key).or_default().push(effect);
    }
    let none = Vec::new();
    let of_key = |(key, effects): (&str, Vec<&Effect>)| {
        flaw(key, committed.get(key).unwrap_or(&none), &effects)
    };
    effects.into_iter().filter_map(of_key).chain(left_over(found)).collect()
}

fn flaw(key: &str, committed: &[String], effects: &[&Effect]) -> Option<Flaw> {
    let told = || effects.iter().map(|effect| effect.id.clone()).collect();
    let (key, mut seen) = (key.to_owned(), BTreeSet::new());
    let expected: BTreeSet<_> = committed.iter().collect();
    for effect in effects {
        let id = effect.id.clone();
        if !expected.contains(&id) {
            return Some(Flaw::NeverCommitted { key, id, effects: told() });
        }
        if !seen.insert(&effect.id) {
            return Some(Flaw::Twice { key, id, effects: told() });
        }
    }
    if let Some(lost) = committed.iter().find(|id| !seen.contains(id)) {
        return Some(Flaw::Lost { key, id: lost.clone(), effects: told() });
    }
    let is_right = |((number, id), effect): ((i64, &String), &&Effect)| {
        (number, id) == (effect.number, &effect.id)
    };
    let in_order = (1..).zip(committed).zip(effects).all(is_right);
    (!in_order).then(|| Flaw::OutOfOrder { key, effects: told() })
}

fn left_over(found: &Found) -> Option<Flaw> {
    let &Found { unsent, parked, dead_letters, .. } = found;
    let is_clean = unsent == 0 && parked == 0 && dead_letters == 0;
    (!is_clean).then_some(Flaw::LeftOver { unsent, parked, dead_letters })
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = |effects: &[String]| match effects.last() {
            Some(last) => format!("{} effects, the last that of {last}", effects.len()),
            None => "no effects".to_owned(),
        };
        match self {
            Self::NeverCommitted { key, id, effects } => {
                write!(f, "{key}: {id} was rolled back, and has an effect; {}", last(effects))
            }
            Self::Twice { key, id, effects } => {
                write!(f, "{key}: {id} has two effects; {}", last(effects))
            }
            Self::Lost { key, id, effects } => {
                write!(f, "{key}: {id} has no effect; {}", last(effects))
            }
            Self::OutOfOrder { key, effects } => write!(f, "{key}: out of order: {effects:?}"),
            Self::LeftOver { unsent, parked, dead_letters } => {
                write!(
                    f,
                    "left over: {unsent} unsent, {parked} parked, {dead_letters} dead letters"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effects(of: &[(i64, &str)]) -> Found {
        let effect = |&(number, id): &(i64, &str)| {
            let id = id.to_owned();
            Effect { key: "k".to_owned(), number, id }
        };
        Found { effects: of.iter().map(effect).collect(), ..Found::default() }
    }

    fn judged(found: &Found) -> Vec<Flaw> {
        let ids = ["a", "b", "c"].map(str::to_owned).to_vec();
        judge(&Committed::from([("k".to_owned(), ids)]), found)
    }

    #[test]
    fn what_happened_once_and_in_order_is_right() {
        assert_eq!(judged(&effects(&[(1, "a"), (2, "b"), (3, "c")])), []);
    }

    #[test]
    fn each_flaw_is_found() {
        let flaw = |of| judged(&effects(of)).pop().unwrap().to_string();
        let twice = flaw(&[(1, "a"), (2, "b"), (2, "b"), (3, "c")]);
        assert!(twice.starts_with("k: b has two effects"), "{twice}");
        let again = flaw(&[(1, "a"), (2, "b"), (3, "c"), (1, "a")]);
        assert!(again.starts_with("k: a has two effects"), "{again}");
        let lost = flaw(&[(1, "a"), (3, "c")]);
        assert!(lost.starts_with("k: b has no effect"), "{lost}");
        assert!(flaw(&[]).starts_with("k: a has no effect"));
        let never = flaw(&[(1, "a"), (2, "x")]);
        assert!(never.starts_with("k: x was rolled back"), "{never}");
        assert!(flaw(&[(2, "b"), (1, "a"), (3, "c")]).starts_with("k: out of order"));
        assert!(flaw(&[(1, "a"), (2, "b"), (4, "c")]).starts_with("k: out of order"));
    }

    #[test]
    fn what_is_left_over_is_found() {
        let right = || effects(&[(1, "a"), (2, "b"), (3, "c")]);
        for found in [
            Found { unsent: 1, ..right() },
            Found { parked: 1, ..right() },
            Found { dead_letters: 1, ..right() },
        ] {
            assert!(matches!(judged(&found)[..], [Flaw::LeftOver { .. }]));
        }
        let stray = Effect { key: "other".to_owned(), number: 1, id: "a".to_owned() };
        let found = Found { effects: vec![stray], ..Found::default() };
        assert_eq!(judge(&Committed::new(), &found).len(), 1);
    }
}
