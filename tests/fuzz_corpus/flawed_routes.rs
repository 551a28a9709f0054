//! Tables with mistakes that others have made.

use serde_json::Value;
use strangler_fig::route::{RequestHead, RequestMeta, RouteTable};

use crate::corpus::found_out;
use crate::reference::{self, Verdict};
use crate::routes::{Subject, check_with};

/// Declares a subject that decides otherwise than the table it holds.
macro_rules! flawed {
    ($(#[$doc:meta])* $name:ident, $verdict:expr) => {
        $(#[$doc])*
        struct $name(RouteTable);

        impl Subject for $name {
            fn read(text: &str) -> Option<Self> {
                RouteTable::from_document(text).ok().map(Self)
            }

            fn verdict(&self, request: &RequestHead) -> Verdict {
                let verdict: fn(&RouteTable, &RequestHead) -> Verdict = $verdict;
                verdict(&self.0, request)
            }

            fn text(&self) -> String {
                self.0.to_document()
            }
        }
    };
}

fn rules(table: &RouteTable) -> Vec<Value> {
    let document: Value = serde_json::from_str(&table.to_document()).expect("it is JSON");
    document["rules"].as_array().expect("it has rules").clone()
}

/// A request with another path.
fn with_path(request: &RequestHead, path: String) -> RequestHead {
    let plain = RequestHead::new(request.method(), path);
    request.host().into_iter().fold(plain, RequestHead::with_host)
}

flawed!(
    /// `/orders` is for `/orders2`.
    NoBoundary, |table, request| match reference::decided(table, request) {
        Verdict::Nobody => {
            let begins = |rule: &Value| {
                let prefix = rule["path"]["prefix"].as_str();
                prefix.is_some_and(|prefix| request.path().starts_with(prefix))
            };
            let at = rules(table).iter().position(begins);
            at.map_or(Verdict::Nobody, |at| Verdict::Rule(at, Vec::new()))
        }
        verdict => verdict,
    }
);

flawed!(
    /// The last rule wins.
    LastWins, |table, request| {
        let mut rules = rules(table);
        rules.reverse();
        let last = rules.len();
        match reference::first(&serde_json::json!({ "rules": rules }), request) {
            Verdict::Rule(at, captures) => Verdict::Rule(last - 1 - at, captures),
            verdict => verdict,
        }
    }
);

flawed!(
    /// Paths are compared as they were sent.
    Raw, |table, request| match reference::decided(table, request) {
        Verdict::Rule(..) if request.path().contains("%6") => Verdict::Nobody,
        verdict => verdict,
    }
);

flawed!(
    /// What is ambiguous is cleaned up, and not refused.
    Tidy, |table, request| {
        let path = request.path().replace("//", "/").replace("/..", "");
        match reference::decided(table, request) {
            Verdict::NotPlain => reference::decided(table, &with_path(request, path)),
            verdict => verdict,
        }
    }
);

flawed!(
    /// What stands behind a `;` is left out, and not refused.
    Servlet, |table, request| {
        let names = request.path().split('/').map(|it| it.split(';').next().unwrap_or_default());
        let path = names.collect::<Vec<_>>().join("/");
        match reference::decided(table, request) {
            Verdict::NotPlain => reference::decided(table, &with_path(request, path)),
            verdict => verdict,
        }
    }
);

/// A table that forgets methods when it is written down.
struct Forgetful(RouteTable);

impl Subject for Forgetful {
    fn read(text: &str) -> Option<Self> {
        RouteTable::from_document(text).ok().map(Self)
    }

    fn verdict(&self, request: &RequestHead) -> Verdict {
        reference::decided(&self.0, request)
    }

    fn text(&self) -> String {
        self.0.to_document().replace("\"POST\"", "\"PATCH\"")
    }
}

#[test]
fn a_prefix_without_a_boundary_is_found_out() {
    assert!(found_out("routes", check_with::<NoBoundary>) > 0);
}

#[test]
fn a_table_whose_last_rule_wins_is_found_out() {
    assert!(found_out("routes", check_with::<LastWins>) > 0);
}

#[test]
fn a_table_that_undoes_no_escapes_is_found_out() {
    assert!(found_out("routes", check_with::<Raw>) > 0);
}

#[test]
fn a_table_that_tidies_paths_up_is_found_out() {
    assert!(found_out("routes", check_with::<Tidy>) > 0);
}

#[test]
fn a_table_that_leaves_parameters_out_is_found_out() {
    assert!(found_out("routes", check_with::<Servlet>) > 0);
}

#[test]
fn a_table_that_is_not_written_down_as_it_is_is_found_out() {
    assert!(found_out("routes", check_with::<Forgetful>) > 0);
}
