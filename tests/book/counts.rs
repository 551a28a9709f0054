//! Figures that can be counted are what the sources have.

use crate::page::{book, text};

/// How many facts a suite has.
fn facts(suite: &str, file: &str) -> usize {
    let source = text(&format!("src/testkit/conformance/{file}"));
    let list = source.split(&format!("$with {suite}::facts:")).nth(1).unwrap();
    list.split('}').next().unwrap().split_whitespace().count()
}

fn expected() -> Vec<(&'static str, String)> {
    let faults = text("tests/simulation/mutants/src/list.rs").matches("\n    fault(\n").count();
    let [outbox, inbox, bus] =
        ["outbox", "inbox", "event_bus"].map(|suite| facts(suite, &format!("{suite}/mod.rs")));
    vec![
        ("docs/PROOF.md", format!("{faults} planted faults are found")),
        ("docs/PROOF.md", format!("with {faults} faults planted in it")),
        ("docs/EVENTS.md", format!("`outbox_conformance!` ({outbox} facts)")),
        ("docs/EVENTS.md", format!("`inbox_conformance!` ({inbox} facts)")),
        ("docs/EVENTS.md", format!("{bus} facts, among them")),
    ]
}

#[test]
fn what_can_be_counted_is_as_the_book_says() {
    let book = book();
    for (page, sentence) in expected() {
        let text = book[page].split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&sentence), "{page} does not say {sentence:?}");
    }
}
