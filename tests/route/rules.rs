//! What `docs/ROUTES.md` says of tests and of the example is so.

use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../docs/ROUTES.md");

/// The tests that a page names, as `tests/route/rules.rs::every_test_that_the_page_names_is_there`.
fn named(page: &str) -> Vec<(&str, &str)> {
    let quoted = page.split('`').skip(1).step_by(2);
    quoted.filter(|it| it.starts_with("tests/")).filter_map(|it| it.split_once("::")).collect()
}

/// Whether a source has a test of this name: one that runs.
fn has(source: &str, name: &str) -> bool {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let is_its = |line: &str| {
        let head = line.trim_start_matches("async ");
        head.strip_prefix("fn ")
            .and_then(|it| it.strip_prefix(name))
            .is_some_and(|it| it.starts_with('('))
    };
    let Some(at) = lines.iter().position(|line| is_its(line)) else { return false };
    let attributes = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
    let mut attributes: Vec<_> = attributes.collect();
    attributes.retain(|line| {
        ["#[test]", "#[tokio::test", "#[ignore"].iter().any(|it| line.starts_with(it))
    });
    !attributes.is_empty() && !attributes.iter().any(|line| line.starts_with("#[ignore"))
}

fn missing(page: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_missing = |&(file, name): &(&str, &str)| {
        fs::read_to_string(root.join(file)).map_or(true, |source| !has(&source, name))
    };
    let missing = named(page).into_iter().filter(is_missing);
    missing.map(|(file, name)| format!("{file}::{name}")).collect()
}

#[test]
fn every_test_that_the_page_names_is_there() {
    assert_eq!(missing(PAGE), Vec::<String>::new());
}

#[test]
fn every_rule_of_the_page_names_a_test() {
    let (_, table) = PAGE.split_once("| rule | test |").unwrap();
    let rules: Vec<_> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert!(rules.len() >= 16, "{}", rules.len());
    for rule in rules {
        assert!(!named(rule).is_empty(), "{rule}");
    }
}

/// The control.
#[test]
fn a_test_that_is_not_there_is_missed() {
    let gone =
        "| a | `tests/route/rules.rs::nobody_has_written_this`, `tests/route/gone.rs::nor_this` |";
    let others =
        "`tests/route/rules.rs::missing`, `tests/route/rules.rs::a_test_that_is_not_there`";
    assert_eq!((missing(gone).len(), missing(others).len()), (2, 2), "no test, and half a name");
    assert_eq!(named("`tests/route` and `RouteTable::builder`"), []);
    let ignored = "#[test]\n#[ignore]\nfn it_is_so() {}\n#[test]\nfn so_it_is() {}";
    assert!(!has(ignored, "it_is_so") && has(ignored, "so_it_is"));
}

#[test]
fn the_example_sets_the_limits_that_the_page_tells_of() {
    let front = include_str!("../../examples/gateway/front.rs");
    for limit in ["header_read_timeout", "max_buf_size"] {
        assert!(PAGE.contains(&format!("`{limit}`")), "{limit}");
        assert!(front.contains(&format!(".{limit}(")), "{limit}");
    }
    assert!(front.contains(".http1_max_buf_size("), "the client's, too");
}
