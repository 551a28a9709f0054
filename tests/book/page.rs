//! Pages, by their path, and what stands in one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The root of the project.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README and all pages, by their paths from the root.
pub(crate) type Book = BTreeMap<String, String>;

pub(crate) fn book() -> Book {
    let mut book = Book::from([("README.md".to_owned(), text("README.md"))]);
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let path = format!("docs/{}", entry.unwrap().file_name().to_str().unwrap());
        assert_eq!(Path::new(&path).extension().unwrap(), "md", "{path} is no page");
        book.insert(path.clone(), text(&path));
    }
    book
}

/// What else there is to read: beside the README, and of the examples.
pub(crate) fn beside() -> Book {
    let others = ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
    let mut readmes: Book = others.map(|page| (page.to_owned(), text(page))).into();
    let mut folders = vec!["examples".to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path.ends_with("/README.md") {
                readmes.insert(path.clone(), text(&path));
            }
        }
    }
    readmes
}

pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The book with another text of one page.
pub(crate) fn altered(page: &str, from: &str, to: &str) -> Book {
    let mut book = book();
    let text = book.get_mut(page).unwrap();
    assert!(text.contains(from), "{page} has no {from:?} to be altered");
    *text = text.replacen(from, to, 1);
    book
}

/// A line of a page, and the language of the block that it is in.
pub(crate) struct Line<'a> {
    pub(crate) text: &'a str,
    pub(crate) block: Option<&'a str>,
}

/// The lines of a page without its fences.
pub(crate) fn lines(page: &str) -> Vec<Line<'_>> {
    let (mut lines, mut block) = (Vec::new(), None);
    for text in page.lines() {
        match (text.trim_start().strip_prefix("```"), block) {
            (Some(language), None) => block = Some(language),
            (Some(_), Some(_)) => block = None,
            (None, _) => lines.push(Line { text, block }),
        }
    }
    lines
}

/// The pieces of a line in backticks, and those between.
pub(crate) fn pieces(line: &str) -> (Vec<&str>, Vec<&str>) {
    let all = || line.split('`').enumerate();
    let code = all().filter(|(place, _)| place % 2 == 1).map(|(_, piece)| piece);
    let prose = all().filter(|(place, _)| place % 2 == 0).map(|(_, piece)| piece);
    (code.collect(), prose.collect())
}
