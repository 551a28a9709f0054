//! Spans and fields have their names from one place, and each name is used.

use std::collections::BTreeSet;

use crate::source::{constants, library};

const SPANS: &str = "src/observe/span.rs";
const FIELDS: &str = "src/observe/field.rs";

/// The macros of `tracing` that open a span, and those that tell an event.
pub(crate) const OPENING: [&str; 5] =
    ["trace_span!(", "debug_span!(", "info_span!(", "warn_span!(", "error_span!("];
const TELLING: [&str; 5] = ["trace!(", "debug!(", "info!(", "warn!(", "error!("];

/// The arguments of every call of these macros, blanks made one.
pub(crate) fn calls(code: &str, macros: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for name in macros {
        for (at, _) in code.match_indices(name) {
            // Not the end of another macro's name.
            if !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                found.push(arguments(&code[at + name.len()..]));
            }
        }
    }
    found
}

/// A text up to the bracket that closes it.
fn arguments(text: &str) -> String {
    let (mut depth, mut is_quoted, mut is_escaped) = (1, false, false);
    let end = text.find(|c: char| {
        match c {
            '"' if !is_escaped => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth -= 1,
            _ => {}
        }
        is_escaped = c == '\\' && !is_escaped;
        depth == 0
    });
    text[..end.unwrap_or(text.len())].split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The arguments, apart at their commas.
pub(crate) fn parts(arguments: &str) -> Vec<String> {
    let (mut depth, mut is_quoted, mut parts) = (0, false, vec![String::new()]);
    for c in arguments.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            '(' | '[' | '{' if !is_quoted => depth += 1,
            ')' | ']' | '}' if !is_quoted => depth -= 1,
            ',' if !is_quoted && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("it begins with one").push(c);
    }
    parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// What is not named by a constant of `observe`.
fn literals(code: &str) -> Vec<String> {
    let is_named = |part: &str| part.starts_with("{ field::");
    let mut found = Vec::new();
    for call in calls(code, &OPENING) {
        let mut parts = parts(&call);
        parts.retain(|part| part != "parent: None");
        let (name, fields) = parts.split_first().expect("a span has a name");
        let fields = fields.iter().filter(|part| !is_named(part));
        found.extend(
            (!name.starts_with("span::")).then_some(name).into_iter().chain(fields).cloned(),
        );
    }
    for call in calls(code, &TELLING) {
        let is_text = |part: &str| part.starts_with('"');
        found.extend(parts(&call).into_iter().filter(|part| !is_named(part) && !is_text(part)));
    }
    found
}

#[test]
fn every_span_and_field_of_the_library_has_its_name_from_one_place() {
    for (file, code) in library() {
        assert_eq!(literals(&code), [""; 0], "{file}");
        for attribute in ["#[instrument", "#[tracing::instrument", "span!(Level", "event!(Level"] {
            assert!(!code.contains(attribute), "{file}: {attribute} names by itself");
        }
    }
}

#[test]
fn a_literal_name_is_found_out() {
    for (code, expected) in [
        (r#"debug_span!("strangler.read")"#, &["\"strangler.read\""][..]),
        ("debug_span!(span::READ, key = %key, { field::SIDE } = side)", &["key = %key"]),
        (r#"warn!(%key, "a key differs: {why}, (or not)")"#, &["%key"]),
        (
            r#"tracing::info!({ field::SIDE } = f(a, "b"), record = ?record, "seen")"#,
            &["record = ?record"],
        ),
        (r#"warn!({ field::SIDE } = side.name(), "gone")"#, &[]),
        ("my_warn!(key)", &[]),
    ] {
        assert_eq!(literals(code), expected, "{code}");
    }
}

/// Constants of one of the modules that no code of the library uses.
fn unused(module: &str, path: &str) -> BTreeSet<String> {
    let library = library();
    let is_used = |name: &str| {
        let word = format!("{module}::{name}");
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let is_in =
            |code: &str| code.match_indices(&word).any(|(at, it)| ends(&code[at + it.len()..]));
        library.iter().any(|(file, code)| !file.starts_with("src/observe") && is_in(code))
    };
    constants(path).into_iter().map(|(name, _)| name).filter(|name| !is_used(name)).collect()
}

#[test]
fn every_name_of_a_span_and_of_a_field_is_used() {
    assert_eq!(unused("span", SPANS), BTreeSet::new());
    assert_eq!(unused("field", FIELDS), BTreeSet::new());
}

#[test]
fn a_name_that_nothing_uses_is_found_out() {
    assert!(unused("spam", SPANS).contains("WRITE"));
}

#[test]
fn names_of_spans_are_of_this_crate_and_names_of_fields_are_words() {
    let fine = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == '.');
    for (constant, name) in constants(SPANS) {
        let expected = format!("strangler.{}", constant.to_lowercase());
        assert_eq!(name, expected);
    }
    for (constant, name) in constants(FIELDS) {
        assert!(fine(&name) && name == constant.to_lowercase(), "{constant} {name}");
    }
}

/// A record's key is no field of anything, nor is its entity.
#[test]
fn no_field_is_named_for_a_record_or_its_key() {
    let names: Vec<_> = constants(FIELDS).into_iter().map(|(_, name)| name).collect();
    for forbidden in ["key", "record", "entity", "value", "id", "body"] {
        assert!(!names.iter().any(|name| name == forbidden), "{forbidden}");
    }
}
