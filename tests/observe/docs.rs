//! The tables of `docs/OBSERVABILITY.md` say what the code says.

use std::collections::{BTreeMap, BTreeSet};

use strangler_fig::observe::metric::METRICS;

use crate::source::{constants, library, text};
use crate::spans::{OPENING, calls, parts};

/// The rows of the table under a heading line.
fn table(document: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, rest) = document.split_once(heading).unwrap_or_else(|| panic!("{heading}"));
    let rows = rest.lines().skip(1).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| {
        let cells = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
        cells.collect::<Vec<_>>()
    };
    rows.map(cells).collect()
}

fn document() -> String {
    text("docs/OBSERVABILITY.md")
}

/// Names in backticks, with commas between them.
fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// What the documentation of each constant of a module of names says.
fn said(path: &str) -> BTreeMap<String, String> {
    let (mut said, mut doc) = (BTreeMap::new(), Vec::new());
    let names: BTreeMap<_, _> = constants(path).into_iter().collect();
    for line in text(path).lines() {
        let declared = line.strip_prefix("pub const ").and_then(|rest| rest.split_once(':'));
        match (line.strip_prefix("/// "), declared) {
            (Some(text), _) => doc.push(text.to_owned()),
            (None, Some((constant, _))) => {
                said.insert(names[constant].clone(), doc.join(" "));
                doc.clear();
            }
            (None, None) => doc.clear(),
        }
    }
    said
}

fn metrics_differ(document: &str) -> bool {
    let expected = METRICS.iter().map(|metric| {
        vec![
            format!("`{}`", metric.name),
            metric.kind.name().to_owned(),
            format!("`{}`", metric.unit),
            quoted(metric.labels.iter().copied()),
            metric.help.to_owned(),
        ]
    });
    let heading = "| metric | kind | unit | attributes | what it says |\n";
    table(document, heading) != expected.collect::<Vec<_>>()
}

#[test]
fn the_table_of_metrics_is_the_catalogue() {
    assert!(!metrics_differ(&document()));
}

#[test]
fn a_metric_that_is_missing_in_the_document_or_misspelt_is_found_out() {
    let document = document();
    let line = document.lines().find(|line| line.starts_with("| `strangler.phase`")).unwrap();
    for flawed in [
        document.replace(&format!("{line}\n"), ""),
        document.replace("| `strangler.epoch` |", "| `strangler.epoc` |"),
        document.replace(&format!("{line}\n"), &format!("{line}\n{line}\n")),
    ] {
        assert!(flawed != document && metrics_differ(&flawed));
    }
}

#[test]
fn the_table_of_fields_is_the_module_of_fields() {
    let rows = table(&document(), "| field | what it says |\n");
    let said = said("src/observe/field.rs");
    let told = |text: &str| {
        // The document has no links into the code's documentation.
        text.replace("[`Redaction`](super::Redaction)", "`Redaction`")
    };
    let expected: BTreeMap<_, _> =
        said.into_iter().map(|(name, text)| (format!("`{name}`"), told(&text))).collect();
    let found: BTreeMap<_, _> = rows.iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    assert_eq!((found.len(), found), (rows.len(), expected));
}

/// How each span stands in a trace, as it is opened: as a `child` of what is current, or as a `root`.
fn places() -> BTreeMap<String, BTreeSet<&'static str>> {
    let names: BTreeMap<_, _> = constants("src/observe/span.rs").into_iter().collect();
    let mut places = BTreeMap::<_, BTreeSet<_>>::new();
    for (_, code) in library() {
        for call in calls(&code, &OPENING) {
            let parts = parts(&call);
            let name = parts.iter().find_map(|part| part.strip_prefix("span::")).unwrap();
            let is_root = parts.iter().any(|part| part == "parent: None");
            let place = if is_root { "root" } else { "child" };
            places.entry(format!("`{}`", names[name])).or_default().insert(place);
        }
    }
    places
}

/// Whether a document tells of a span that it is a root where it is a child, or the other way round.
fn places_differ(document: &str) -> bool {
    let rows = table(document, "| span | level | in a trace | fields | what it is |\n");
    let told = |row: &Vec<String>| {
        let words = row[2].split([' ', ',', ':']).collect::<BTreeSet<_>>();
        let told = ["child", "root"].into_iter().filter(|word| words.contains(word));
        (row[0].clone(), told.collect())
    };
    rows.iter().map(told).collect::<BTreeMap<_, _>>() != places()
}

#[test]
fn the_table_of_spans_says_which_begin_a_trace() {
    let document = document();
    assert!(!places_differ(&document));
    for (span, flawed) in
        [("`strangler.shadow`", "child of its caller"), ("`strangler.saga`", "root")]
    {
        let line = document.lines().find(|line| line.starts_with(&format!("| {span}"))).unwrap();
        let mut cells: Vec<_> = line.split('|').collect();
        let flawed = format!(" {flawed} ");
        cells[3] = &flawed;
        assert!(places_differ(&document.replace(line, &cells.join("|"))), "{span}");
    }
}

/// The level and the fields of each span, as it is opened; a span is opened alike everywhere.
fn opened() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let names: BTreeMap<_, _> = constants("src/observe/span.rs").into_iter().collect();
    let fields: BTreeMap<_, _> = constants("src/observe/field.rs").into_iter().collect();
    let mut opened = BTreeMap::new();
    for (file, code) in library() {
        for opening in OPENING {
            for call in calls(&code, &[opening]) {
                let parts = parts(&call);
                let name = parts.iter().find_map(|part| part.strip_prefix("span::")).unwrap();
                let has = parts.iter().filter_map(|part| {
                    let constant = part.strip_prefix("{ field::")?.split(' ').next()?;
                    Some(fields[constant].clone())
                });
                let level = opening.trim_end_matches("_span!(").to_owned();
                let (name, one) = (names[name].clone(), (level, has.collect()));
                if let Some(other) = opened.insert(name.clone(), one.clone()) {
                    assert_eq!(other, one, "{file}: {name} is opened in two ways");
                }
            }
        }
    }
    opened
}

#[test]
fn the_table_of_spans_has_each_with_its_level_its_fields_and_what_it_is() {
    let said = said("src/observe/span.rs");
    let rows = table(&document(), "| span | level | in a trace | fields | what it is |\n");
    let mut expected = BTreeMap::new();
    for (name, (level, fields)) in opened() {
        expected.insert(format!("`{name}`"), (level, fields, said[&name].clone()));
    }
    let mut found = BTreeMap::new();
    for row in &rows {
        let fields = row[3].split(", ").map(|name| name.trim_matches('`').to_owned());
        let fields = fields.filter(|name| !name.is_empty()).collect::<BTreeSet<_>>();
        found.insert(row[0].clone(), (row[1].clone(), fields, row[4].clone()));
    }
    assert_eq!((found.len(), found), (rows.len(), expected));
}
