//! Every page has its place.

use std::collections::BTreeSet;

use crate::page::{Book, altered, book, lines, pieces, root, text};
use crate::shelf::programs;

/// Title and path of each page, as the contents list them, by their numbers.
fn listed(book: &Book) -> Vec<(usize, String, String)> {
    let entry = |line: &str| {
        let (number, rest) = line.split_once(". [")?;
        let (title, rest) = rest.split_once("](")?;
        let (path, _) = rest.split_once("): ")?;
        Some((number.parse().ok()?, title.to_owned(), format!("docs/{path}")))
    };
    book["docs/README.md"].lines().filter_map(entry).collect()
}

/// What the page at this place has to end with.
fn way(listed: &[(usize, String, String)], place: usize) -> String {
    let link = |place: usize| {
        let (_, title, path) = &listed[place];
        format!("[{title}]({})", path.trim_start_matches("docs/"))
    };
    let before = place.checked_sub(1).map(|place| format!("Before: {}", link(place)));
    let next = (place + 1 < listed.len()).then(|| format!("Next: {}", link(place + 1)));
    let ways = [before, Some("[Contents](README.md)".to_owned()), next];
    ways.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn wrong_places(book: &Book) -> Vec<String> {
    let listed = listed(book);
    let mut wrong = Vec::new();
    for (place, (number, title, path)) in listed.iter().enumerate() {
        if *number != place + 1 {
            wrong.push(format!("{title} is number {number}, and comes at {}", place + 1));
        }
        match book.get(path).map(|page| page.lines().next_back().unwrap_or_default()) {
            None => wrong.push(format!("{path} is no page")),
            Some(last) if last != way(&listed, place) => {
                wrong.push(format!("{path} ends with {last:?}"));
            }
            Some(_) => {}
        }
    }
    let once: BTreeSet<_> = listed.iter().map(|(_, _, path)| path.as_str()).collect();
    if once.len() != listed.len() {
        wrong.push("a page is listed twice".to_owned());
    }
    let pages = book.keys().map(String::as_str).filter(|path| !path.ends_with("README.md"));
    wrong.extend(
        pages.filter(|path| !once.contains(path)).map(|path| format!("{path} is not listed")),
    );
    if !book["README.md"].contains("](docs/README.md)") {
        wrong.push("the README does not link to the book".to_owned());
    }
    wrong
}

#[test]
fn every_page_is_listed_once_in_order_and_leads_to_its_neighbours() {
    let book = book();
    assert_eq!(wrong_places(&book), Vec::<String>::new());
    assert!(listed(&book).len() > 15, "the contents could be read");
}

#[test]
fn a_page_that_is_missing_misplaced_or_leads_elsewhere_is_noticed() {
    let contents = "docs/README.md";
    let mut unlisted = book();
    unlisted.insert("docs/NEW.md".to_owned(), "# New\n".to_owned());
    for (flawed, expected) in [
        (unlisted, "docs/NEW.md is not listed"),
        (altered(contents, "](DATA.md)", "](DATUM.md)"), "docs/DATUM.md is no page"),
        (altered(contents, "](DATA.md)", "](SAGAS.md)"), "a page is listed twice"),
        (altered(contents, "\n2. [", "\n3. ["), "Start is number 3, and comes at 2"),
        (altered("docs/DATA.md", "Next: [", "Then: ["), "docs/DATA.md ends with"),
        (altered("README.md", "](docs/README.md)", "](docs/START.md)"), "does not link"),
    ] {
        let wrong = wrong_places(&flawed);
        assert!(wrong.iter().any(|it| it.contains(expected)), "{expected}: {wrong:?}");
    }
}

/// Pages with code in Rust that no documentation test compiles.
fn uncompiled(book: &Book, library: &str) -> Vec<String> {
    let has_rust = |page: &str| {
        lines(page).iter().any(|line| line.block.is_some_and(|it| it.starts_with("rust")))
    };
    let is_included = |path: &str| library.contains(&format!("include_str!(\"../{path}\")"));
    let pages = book.iter().filter(|(path, page)| has_rust(page) && !is_included(path));
    pages.map(|(path, _)| path.clone()).collect()
}

#[test]
fn every_page_with_code_is_compiled() {
    let (book, library) = (book(), text("src/lib.rs"));
    assert_eq!(uncompiled(&book, &library), Vec::<String>::new());
    let without = library.replace("../docs/START.md", "../docs/STARTS.md");
    assert_eq!(uncompiled(&book, &without), ["docs/START.md"]);
    // Those of the one are held to `tests/public_api`, those of the other are run by `scripts/package.sh`.
    assert_eq!(ignored(&book), ["docs/ADAPTERS.md", "docs/START.md"]);
    assert_eq!(
        ignored(&altered("docs/DATA.md", "```rust\n", "```rust,ignore\n"))[1],
        "docs/DATA.md"
    );
}

/// Pages with code in Rust that a documentation test leaves out.
fn ignored(book: &Book) -> Vec<String> {
    let leaves_out = |page: &str| {
        lines(page).iter().any(|line| line.block.is_some_and(|it| it.contains("ignore")))
    };
    book.iter().filter(|(_, page)| leaves_out(page)).map(|(path, _)| path.clone()).collect()
}

/// Folders of tests that the architecture says nothing of.
fn untold(book: &Book, folders: &[String]) -> Vec<String> {
    let page = &book["docs/ARCHITECTURE.md"];
    let table = page.split("## What is tested how").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let named: BTreeSet<_> =
        rows.flat_map(|row| pieces(row.split('|').nth(1).unwrap()).0).collect();
    folders.iter().filter(|folder| !named.contains(folder.as_str())).cloned().collect()
}

#[test]
fn the_architecture_tells_of_every_folder_of_tests() {
    let mut folders = programs(&root().join("tests"));
    assert_eq!(untold(&book(), &folders), Vec::<String>::new());
    folders.push("rumours".to_owned());
    assert_eq!(untold(&book(), &folders), ["rumours"]);
}
