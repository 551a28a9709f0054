//! Rules that leave nothing to later ones, and rules that take part of them.
//!
//! That nothing is left is found where, for each method of a rule, one earlier rule takes all of its requests. It
//! is not found where several are needed for one method: by their paths (`/a` and all below it), by their hosts, or
//! because one wants a header and another wants it absent. Nor is it known what predicates say: a rule takes
//! something for sure only if it has none, or the other has the same.
//!
//! That part is taken is found by trying requests of both rules: those of [`examples`], and of a rule no more than
//! `TRIES_MAX`. A warning may be lost where each of them goes to a third rule, or a predicate does not hold for it,
//! but another request would show it: one with a value of a header, or a host, that nobody named, or with some and
//! not others of the headers that other rules want absent.

use super::example::{Fresh, examples, is_met};
use super::index::PathIndex;
use super::method::{self, MethodSet};
use super::pattern::End;
use super::problems::Problems;
use super::{Place, ProblemKind, RouteTable, Rule, Warning};

/// The most rules that are named as taking all of another.
const NAMED_MAX: usize = 8;
/// The most requests that are tried for a rule.
const TRIES_MAX: usize = 512;

impl Rule {
    /// Whether every request of `other` with a path meets all that this one asks for, but perhaps for its method.
    fn covers_but_methods(&self, other: &Self) -> bool {
        let host = match (&self.host, &other.host) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(other)) => own.covers(other),
        };
        let named = |rule: &Self| rule.when.as_ref().map(|when| when.name.clone());
        self.pattern.covers(&other.pattern)
            && host
            && (self.has_encoded_slashes || !other.may_have_slashes())
            && (self.has_parameters || !other.may_have_parameters())
            && (self.when.is_none() || named(self) == named(other))
            && self
                .headers
                .iter()
                .all(|own| other.headers.iter().any(|condition| own.follows_from(condition)))
    }

    fn may_have_slashes(&self) -> bool {
        self.has_encoded_slashes && self.pattern.may_have(b'/')
    }

    fn may_have_parameters(&self) -> bool {
        self.has_parameters && self.pattern.may_have(b';')
    }

    /// Whether it is for `OPTIONS *`, if all else is met.
    pub(super) fn is_for_asterisk(&self) -> bool {
        self.pattern.end == End::Any && self.methods.holds("OPTIONS", method::bit("OPTIONS"))
    }

    /// Whether this rule stands before `other` to take a narrower part of it, as rules are meant to.
    fn is_narrower_than(&self, other: &Self) -> bool {
        let takes_asterisk = self.is_for_asterisk() && !other.is_for_asterisk();
        !takes_asterisk
            && other.covers_but_methods(self)
            && (other.methods.covers(&self.methods) || !self.covers_but_methods(other))
    }

    /// Whether a request may be for both, as far as methods and headers tell.
    fn may_meet(&self, other: &Self) -> bool {
        let excludes = |own: &_| other.headers.iter().any(|condition| condition.excludes(own));
        self.methods.meets(&other.methods) && !self.headers.iter().any(excludes)
    }
}

/// Notes each rule for which nothing is left; `index` is that of the rules.
pub(super) fn unreachable(rules: &[(usize, Rule)], index: &PathIndex, problems: &mut Problems) {
    let mut is_dead = vec![false; rules.len()];
    for (number, (at, rule)) in (0..).zip(rules) {
        let near = index.meeting(&rule.pattern, number).into_iter();
        let live = near.map(|near| near as usize).filter(|near| !is_dead[*near]);
        let by = takers(live.map(|near| &rules[near].1), rule);
        if by.is_empty() {
            continue;
        }
        is_dead[number as usize] = true;
        let by = by.into_iter().map(|taker| taker.name.to_string()).collect();
        let kind = ProblemKind::Unreachable { rule: rule.name.to_string(), by };
        problems.note(Place::rule(*at, ""), kind);
    }
}

/// Those who leave nothing to a rule: one of them, or several by their methods together; and whoever takes
/// `OPTIONS *`, where a rule is for that, too.
fn takers<'r>(earlier: impl Iterator<Item = &'r Rule>, rule: &Rule) -> Vec<&'r Rule> {
    let mut taken = MethodSet::none();
    let mut is_asterisk_left = rule.is_for_asterisk();
    let mut by = Vec::new();
    for taker in earlier.filter(|taker| taker.covers_but_methods(rule)) {
        let takes_asterisk = is_asterisk_left && taker.is_for_asterisk();
        let takes_all = taker.methods.covers(&rule.methods);
        if takes_all && (takes_asterisk || !rule.is_for_asterisk()) {
            return vec![taker];
        }
        let is_new = !taken.covers(&rule.methods) && taker.methods.meets(&rule.methods);
        if is_new || takes_asterisk {
            taken.add_all(&taker.methods);
            is_asterisk_left &= !takes_asterisk;
            by.push(taker);
        }
    }
    if !taken.covers(&rule.methods) || is_asterisk_left {
        return Vec::new();
    }
    by.truncate(NAMED_MAX);
    by
}

/// The rules of which an earlier one takes part that is not simply narrower: each with a request that was tried.
pub(super) fn shadowed(table: &RouteTable) -> Vec<Warning> {
    let fresh = Fresh::of(&table.rules);
    let mut warnings = Vec::new();
    for (number, rule) in (0..).zip(&table.rules) {
        let near = table.index.meeting(&rule.pattern, number).into_iter();
        let earlier = near.map(|near| &table.rules[near as usize]);
        let mut takers =
            earlier.filter(|taker| taker.may_meet(rule) && !taker.is_narrower_than(rule));
        let mut tries = TRIES_MAX;
        warnings.extend(takers.find_map(|taker| shadow(table, &fresh, taker, rule, &mut tries)));
    }
    warnings
}

fn shadow(
    table: &RouteTable,
    fresh: &Fresh,
    taker: &Rule,
    rule: &Rule,
    tries: &mut usize,
) -> Option<Warning> {
    let mut all = examples(taker, rule, fresh).take(*tries);
    let found = all.find(|example| {
        *tries -= 1;
        // A predicate may say no to it, and another rule may have taken it before.
        let by = table.decide(example).rule;
        by.is_some_and(|by| std::ptr::eq(by, taker)) && is_met(example, rule)
    })?;
    Some(Warning::Shadowed {
        rule: rule.name.to_string(),
        by: taker.name.to_string(),
        example: found.to_string(),
    })
}
