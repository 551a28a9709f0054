//! From a document to a table: everything is judged, and every mistake named.

use std::collections::HashMap;

use super::condition::{is_token, is_value};
use super::document::{OverrideDocument, RULES_MAX, SecretDocument, TableDocument};
use super::field::Field;
use super::index::PathIndex;
use super::override_header::Secret;
use super::problems::Problems;
use super::{
    OverrideHeader, Place, Predicates, ProblemKind, RouteError, RouteTable, Rule, Warning,
    compile_rule, overlap,
};
use crate::phase::Side;

/// The most ranges that an override header is allowed from.
const RANGES_MAX: usize = 256;
/// The fewest characters of a secret.
const SECRET_MIN: usize = 16;
/// The most characters of a salt.
const SALT_MAX: usize = 128;
/// Headers that no request can do without, and which a gateway cannot strip.
const NEEDED: [&str; 3] = ["host", "content-length", "transfer-encoding"];

/// The table of a document in which these problems were found already.
pub(super) fn compile(
    document: TableDocument,
    predicates: &Predicates,
    mut problems: Problems,
) -> Result<RouteTable, RouteError> {
    if problems.is_foreign() {
        return Err(problems.into_error());
    }
    let _ = document.salt.judge(Place::field("salt"), &mut problems, |salt| checked_salt(salt));
    let header = document.header.read().and_then(|header| override_header(header, &mut problems));
    let may_override = !document.header.is_absent();
    if document.rules.len() > RULES_MAX {
        problems.note(Place::field("rules"), ProblemKind::TooMuch(RULES_MAX as u64));
        return Err(problems.into_error());
    }
    let rules = rules(&document, predicates, may_override, &mut problems);
    let index = PathIndex::new(rules.iter().map(|(_, rule)| &rule.pattern));
    overlap::unreachable(&rules, &index, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into_error());
    }
    let rules: Vec<Rule> = rules.into_iter().map(|(_, rule)| rule).collect();
    let default = document.default.read().copied().unwrap_or(Side::Legacy);
    let mut table = RouteTable { document, rules, index, default, header, warnings: Vec::new() };
    table.warnings = warnings(&table);
    Ok(table)
}

/// The rules that are right, each with its place.
fn rules(
    document: &TableDocument,
    predicates: &Predicates,
    may_override: bool,
    problems: &mut Problems,
) -> Vec<(usize, Rule)> {
    let salt = document.salt.read().map_or("", String::as_str);
    let mut names: HashMap<&str, usize> = HashMap::new();
    let mut rules = Vec::new();
    for (at, rule) in &document.rules {
        if let Some(name) = rule.name.read() {
            let first = *names.entry(name).or_insert(*at);
            if first != *at {
                problems.note(Place::rule(*at, "name"), ProblemKind::DoubledName(first));
            }
        }
        let reader = compile_rule::Reader { at: *at, document: rule, predicates, may_override };
        rules.extend(reader.rule(salt, problems).map(|rule| (*at, rule)));
    }
    rules
}

pub(super) fn checked_salt(salt: &str) -> Result<(), ProblemKind> {
    match salt.len() {
        0 => Err(ProblemKind::Empty),
        1..=SALT_MAX => Ok(()),
        _ => Err(ProblemKind::TooMuch(SALT_MAX as u64)),
    }
}

pub(super) fn checked_token(text: &str) -> Result<String, ProblemKind> {
    let lower = text.to_ascii_lowercase();
    if is_token(text) { Ok(lower) } else { Err(ProblemKind::Token(text.to_owned())) }
}

/// The name of a header that a gateway strips.
fn checked_own(text: &str) -> Result<String, ProblemKind> {
    let name = checked_token(text)?;
    if NEEDED.contains(&name.as_str()) { Err(ProblemKind::NeededHeader(name)) } else { Ok(name) }
}

fn override_header(document: &OverrideDocument, problems: &mut Problems) -> Option<OverrideHeader> {
    let place = |inner: &str| Place::field("override").below(inner);
    let name =
        document.header.judge(place("header"), problems, |name| checked_own(name)).required();
    let mut allow = Vec::new();
    let ranges = document.allow.read().map_or(&[][..], Vec::as_slice);
    if ranges.len() > RANGES_MAX {
        problems.note(place("allow"), ProblemKind::TooMuch(RANGES_MAX as u64));
    }
    for (at, range) in ranges.iter().enumerate().take(RANGES_MAX) {
        let read = range.judge(place(&format!("allow[{at}]")), problems, |range| {
            range.parse::<super::IpRange>().map_err(ProblemKind::Range)
        });
        allow.extend(read.required());
    }
    let is_for_some = matches!(document.allow, Field::Wrong) || !ranges.is_empty();
    if !is_for_some && document.secret.is_absent() {
        problems.note(place(""), ProblemKind::AllowsNobody);
    }
    let secret = document.secret.read().and_then(|secret| checked_secret(secret, problems));
    if name.is_some() && name.as_deref() == secret.as_ref().map(|secret| secret.header.as_str()) {
        problems.note(place("secret.header"), ProblemKind::SameHeader);
    }
    name.map(|name| OverrideHeader { name: name.into(), allow, secret })
}

/// A secret, of which no error repeats a word: who takes header and value for each other must not tell it.
fn checked_secret(document: &SecretDocument, problems: &mut Problems) -> Option<Secret> {
    let place = |inner: &str| Place::field("override.secret").below(inner);
    let header = document.header.judge(place("header"), problems, |name| {
        checked_own(name).map_err(|kind| match kind {
            ProblemKind::Token(_) => ProblemKind::UnreadableSecret,
            other => other,
        })
    });
    let value = document.value.judge(place("value"), problems, |value| {
        if value.len() < SECRET_MIN {
            return Err(ProblemKind::WeakSecret);
        }
        if is_value(value) { Ok(value.as_bytes().into()) } else { Err(ProblemKind::HeaderValue) }
    });
    Some(Secret { header: header.required()?.into(), value: value.required()? })
}

fn warnings(table: &RouteTable) -> Vec<Warning> {
    let is_one_sided = |rule: &&Rule| {
        rule.follows().is_some() && rule.dual_write.is_none() && rule.methods.has_unsafe()
    };
    let one_sided = table.rules.iter().filter(is_one_sided);
    let one_sided =
        one_sided.map(|rule| Warning::FollowsWithoutDualWrite { rule: rule.name.to_string() });
    one_sided.chain(overlap::shadowed(table)).collect()
}
