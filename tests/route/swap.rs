//! One table in place of another.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use serde_json::json;
use strangler_fig::phase::{Share, Side};
use strangler_fig::route::{Predicates, Reason, RouteTable, RuleBuilder, TableHandle};

use crate::support::{built, document, get};

#[test]
fn a_broken_document_leaves_the_old_table_in_force() {
    let tables = TableHandle::new(built([RuleBuilder::any("old").to(Side::Modern)]).unwrap());
    let none = Predicates::default();
    let dead = json!([{"name": "a", "to": "legacy"}, {"name": "b", "to": "legacy"}]);
    for broken in ["", "{}", &document(&json!([{"name": "a"}])), &document(&dead)] {
        assert!(tables.replace_with_document(broken, &none).is_err(), "{broken}");
        let guard = tables.guard();
        assert_eq!(guard.decide(&get("/")).rule.map(strangler_fig::route::Rule::name), Some("old"));
    }
    let fine = document(&json!([
        {"name": "new", "path": {"prefix": "/a"}, "methods": ["GET"], "to": "legacy"},
        {"name": "more", "path": {"exact": "/a/b"}, "to": "legacy"}
    ]));
    assert_eq!(tables.replace_with_document(&fine, &none).unwrap().len(), 1, "one is shadowed");
    assert_eq!(
        tables.load().decide(&get("/a")).rule.map(strangler_fig::route::Rule::name),
        Some("new")
    );
}

#[test]
fn who_holds_a_table_keeps_it() {
    let tables = TableHandle::new(built([RuleBuilder::any("old").to(Side::Modern)]).unwrap());
    let (held, shared) = (tables.load(), tables.clone());
    shared.replace(built([RuleBuilder::any("new").to(Side::Legacy)]).unwrap());
    assert_eq!(held.decide(&get("/")).primary, Some(Side::Modern));
    assert_eq!(tables.load().decide(&get("/")).primary, Some(Side::Legacy));
}

/// Everything in it says the same number.
fn numbered(number: u16) -> RouteTable {
    let deadline = std::time::Duration::from_millis(u64::from(number));
    let rule = |name: String, path: &str| {
        let mirror = Share::new(number).unwrap();
        RuleBuilder::exact(&name, path).to(Side::Modern).with_deadline(deadline).with_mirror(mirror)
    };
    built([rule(format!("a{number}"), "/a"), rule(format!("b{number}"), "/b")]).unwrap()
}

/// Two who replace it and four who decide: each decision is of one table.
#[test]
fn a_table_is_swapped_under_load() {
    let tables = TableHandle::new(numbered(1));
    let (is_over, decided) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let guard = tables.guard();
                    for path in ["/a", "/b"] {
                        let decision = guard.decide(&get(path));
                        assert_eq!(
                            (decision.primary, decision.reason),
                            (Some(Side::Modern), Reason::Fixed)
                        );
                        let number = decision.mirror.unwrap().share.basis_points();
                        assert_eq!(decision.deadline.as_millis(), u128::from(number));
                        assert_eq!(
                            decision.rule.unwrap().name(),
                            format!("{}{number}", &path[1..])
                        );
                    }
                    decided.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let writers: Vec<_> = [1_u16, 5_000]
            .map(|first| {
                let tables = &tables;
                scope.spawn(move || {
                    for number in first..first + 300 {
                        tables.replace(numbered(number));
                        thread::yield_now();
                    }
                })
            })
            .into_iter()
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(decided.load(Ordering::Relaxed) > 100, "{decided:?}");
    let last = tables.load().decide(&get("/a")).deadline.as_millis();
    assert!(last == 300 || last == 5_299, "{last}");
}
