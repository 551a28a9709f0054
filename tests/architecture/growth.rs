//! What may grow is `#[non_exhaustive]`; whatever is not stands in `docs/REVIEWER.md`, with the reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::modules;

/// The public enums, and structs with public fields, of a source file that have no `#[non_exhaustive]`.
fn closed(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines: Vec<_> = code.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let is_enum = line.starts_with("pub enum ");
        if !is_enum && !line.starts_with("pub struct ") {
            continue;
        }
        let head = lines[..at].iter().rev().take_while(|line| {
            line.starts_with("///")
                || line.starts_with("#[")
                || line.starts_with(")]")
                || line.starts_with(' ')
        });
        let may_grow = head.into_iter().any(|line| line.contains("non_exhaustive"));
        let end = lines[at..].iter().position(|line| line.starts_with('}') || line.ends_with(';'));
        let body = &lines[at..=at + end.unwrap_or_default()];
        let is_open = |line: &&str| {
            line.starts_with("    pub ") || line.contains("(pub ") || line.contains(", pub ")
        };
        if !may_grow && (is_enum || body.iter().any(is_open)) {
            let name = line.split_whitespace().nth(2).unwrap_or_default();
            let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            found.push(name.to_owned());
        }
    }
    found
}

/// The names that the page lists.
fn listed() -> BTreeSet<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/REVIEWER.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let section = page.split("Whatever lacks the attribute").nth(1).expect("the page says so");
    let section = section.split("\n## ").next().unwrap_or_default();
    section.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn what_cannot_grow_is_listed_with_its_reason() {
    let files = modules().into_values().flatten();
    let found: BTreeSet<_> = files.flat_map(|(_, text)| closed(&text)).collect();
    let listed = listed();
    let (missing, gone): (Vec<_>, Vec<_>) =
        (found.difference(&listed).collect(), listed.difference(&found).collect());
    assert!(missing.is_empty(), "neither `#[non_exhaustive]` nor in docs/REVIEWER.md: {missing:?}");
    assert!(gone.is_empty(), "docs/REVIEWER.md lists what may grow, or is not there: {gone:?}");
}

#[test]
fn what_may_grow_is_told_from_what_may_not() {
    let text = "/// A.\n#[derive(Debug)]\npub enum A {\n    B,\n}\n\n/// C.\n#[non_exhaustive]\n#[derive(Debug)]\n\
                pub struct C {\n    pub d: u8,\n}\n\npub struct E {\n    f: u8,\n}\n\npub struct G<T>(pub T);\n";
    assert_eq!(closed(text), ["A", "G"]);
}
