//! What other tools have reported as equal.

use std::collections::HashMap;

use serde::Serialize;
use strangler_fig::canonical::hash;

fn differ<T: Serialize>(one: &T, other: &T) {
    assert_ne!(hash(one, 0).unwrap(), hash(other, 0).unwrap());
}

/// Columns joined by `|`, as one tool hashes them.
fn joined(row: &[Option<&str>]) -> String {
    let columns: Vec<_> = row.iter().map(|column| column.unwrap_or("<null>")).collect();
    columns.join("|")
}

#[test]
fn a_separator_within_a_column_is_not_one_between_columns() {
    let (one, other) = ([Some("a|b"), Some("c")], [Some("a"), Some("b|c")]);
    assert_eq!(joined(&one), joined(&other), "what the tool saw");
    differ(&one, &other);
}

#[test]
fn a_text_that_looks_like_null_is_not_null() {
    let (one, other) = ([Some("<null>")], [None]);
    assert_eq!(joined(&one), joined(&other), "what the tool saw");
    differ(&one, &other);
    for text in ["n", "NULL", "null", ""] {
        differ(&Some(text), &None);
    }
}

#[test]
fn case_and_blanks_are_content() {
    for (one, other) in [("Ada", "ADA"), ("Ada", "Ada "), (" Ada", "Ada"), ("ß", "SS")] {
        differ(&one, &other);
    }
    differ(&"é", &"e\u{301}");
}

#[test]
fn empty_null_and_absent_are_three() {
    #[expect(clippy::option_option, reason = "absent, NULL, and a text")]
    #[derive(Serialize)]
    struct User {
        #[serde(skip_serializing_if = "Option::is_none")]
        email: Option<Option<&'static str>>,
    }
    let [absent, null, empty] = [None, Some(None), Some(Some(""))].map(|email| User { email });
    differ(&absent, &null);
    differ(&null, &empty);
    differ(&absent, &empty);
}

#[test]
fn values_do_not_run_into_each_other() {
    differ(&("1", "23"), &("12", "3"));
    differ(&vec![vec![1], vec![2]], &vec![vec![1, 2], vec![]]);
    differ(&(1, 23), &(12, 3));
}

#[test]
fn a_number_is_not_its_text() {
    assert_ne!(hash(&7, 0).unwrap(), hash(&"7", 0).unwrap());
    assert_ne!(hash(&true, 0).unwrap(), hash(&1, 0).unwrap());
}

#[test]
fn the_order_of_a_hash_map_is_not_content() {
    let entries = || (0..100).map(|n| (n.to_string(), n));
    let one: HashMap<_, _> = entries().collect();
    let other: HashMap<_, _> = entries().rev().collect();
    assert_eq!(hash(&one, 0).unwrap(), hash(&other, 0).unwrap());
}
