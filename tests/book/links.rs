//! Every link leads somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::page::{Book, altered, beside, book, lines, pieces, root, text};

/// The targets of the links in prose: `[…](target)`.
fn targets(page: &str) -> Vec<String> {
    let mut targets = Vec::new();
    for line in lines(page).iter().filter(|line| line.block.is_none()) {
        // A link's text may be code; its target never is.
        let prose = pieces(line.text).1.join("`");
        for rest in prose.split("](").skip(1) {
            targets.extend(rest.split_once(')').map(|(target, _)| target.to_owned()));
        }
    }
    targets
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let (mut anchors, mut seen) = (BTreeSet::new(), BTreeMap::<String, usize>::new());
    for line in lines(page).iter().filter(|line| line.block.is_none()) {
        let heading = line.text.trim_start_matches('#');
        if heading.len() == line.text.len() || !heading.starts_with(' ') {
            continue;
        }
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let plain: String = heading.trim().to_lowercase().chars().filter(kept).collect();
        let anchor = plain.replace(' ', "-");
        let times = seen.entry(anchor.clone()).or_default();
        anchors.insert(if *times == 0 { anchor } else { format!("{anchor}-{times}") });
        *times += 1;
    }
    anchors
}

/// `docs/../README.md` is `README.md`.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if !plain.pop() => return None,
            Component::ParentDir | Component::CurDir => {}
            part => plain.push(part),
        }
    }
    Some(plain)
}

fn leads_somewhere(book: &Book, from: &str, target: &str) -> bool {
    let (file, anchor) = target.split_once('#').map_or((target, None), |(f, a)| (f, Some(a)));
    let path = match file {
        "" => Some(PathBuf::from(from)),
        file => plain(&Path::new(from).with_file_name(file)),
    };
    let Some(path) = path.filter(|path| root().join(path).exists()) else { return false };
    let name = path.to_str().unwrap();
    anchor.is_none_or(|anchor| {
        let page = book.get(name).cloned().unwrap_or_else(|| text(name));
        anchors(&page).contains(anchor)
    })
}

fn broken(book: &Book) -> Vec<String> {
    let mut broken = Vec::new();
    for (path, page) in book {
        let inside = targets(page).into_iter().filter(|target| !target.contains("://"));
        let lost = inside.filter(|target| !leads_somewhere(book, path, target));
        broken.extend(lost.map(|target| format!("{path}: {target}")));
    }
    broken
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_are_there() {
    let book: Book = book().into_iter().chain(beside()).collect();
    assert_eq!(broken(&book), Vec::<String>::new());
    let links: usize = book.values().map(|page| targets(page).len()).sum();
    assert!(links > 150, "only {links} links were read");
}

#[test]
fn a_link_that_leads_nowhere_is_noticed() {
    for (page, from, to) in [
        ("docs/START.md", "](PROTOCOL.md)", "](PROTOCOLS.md)"),
        ("docs/START.md", "](ADAPTERS.md#where-the-state-lives)", "](ADAPTERS.md#where-it-lives)"),
        ("docs/PROOF.md", "](#the-model)", "](#a-model)"),
        ("README.md", "](docs/DATA.md)", "](DATA.md)"),
        ("README.md", "](examples/fleet/README.md)", "](examples/fleet/README.txt)"),
        ("docs/WHEN_NOT.md", "../examples/storefront/", "../../examples/storefront/"),
        // A heading that goes takes its anchor along.
        ("docs/ADAPTERS.md", "## Where the state lives", "## The state"),
    ] {
        let broken = broken(&altered(page, from, to));
        assert!(!broken.is_empty(), "{page}: {to} was not noticed");
    }
}

#[test]
fn anchors_are_made_as_git_hub_makes_them() {
    let page = "# A `b`: c, d's\n```sh\n# no heading\n```\n## Same\n## Same\n#hash\n";
    assert_eq!(anchors(page), BTreeSet::from(["a-b-c-ds", "same", "same-1"].map(str::to_owned)));
}
