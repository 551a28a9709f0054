//! Every name in the dashboard and in the rules is in a scrape of the running example.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::promql::{missing, scrape, selectors};
use crate::rules::expressions as expressions_of_rules;
use crate::running::Running;

/// What comes with time: the depths are told every now and then, repairs follow.
const LATE: [&str; 3] =
    ["strangler_repair_queue_depth{", "strangler_outbox_pending{", "strangler_repairs_total{"];

fn file(path: &str) -> String {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The values of `expr`, wherever they stand, and the queries of variables.
fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("expr" | "query", Value::String(text)) => found.push(text.clone()),
                    _ => collect(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

fn dashboard() -> Vec<String> {
    let mut found = Vec::new();
    collect(&serde_json::from_str(&file("grafana/migration.json")).unwrap(), &mut found);
    found
}

#[test]
fn every_name_of_the_dashboard_and_the_rules_is_in_a_real_scrape_and_a_misspelt_one_is_found() {
    let running = Running::start(None);
    let scrape = scrape(&running.scraped(&LATE));
    let (dashboard, rules) = (dashboard(), expressions_of_rules());
    assert!(dashboard.len() > 30 && rules.len() == 14, "{} {}", dashboard.len(), rules.len());
    assert_eq!(missing(&dashboard, &scrape), BTreeSet::new(), "in the dashboard");
    assert_eq!(missing(&rules, &scrape), BTreeSet::new(), "in the rules");

    // The control: each of these is wrong in one name.
    for (wrong, expected) in [
        ("sum(rate(strangler_operation_total[5m]))", "strangler_operation_total"),
        ("strangler_phase{part=\"bass\"}", "strangler_phase{part=\"bass\"}"),
        ("strangler_phase{prat=\"base\"}", "strangler_phase{prat}"),
        (
            "sum by (outcom) (strangler_operations_total)",
            "by (outcom) in sum by (outcom) (strangler_operations_total)",
        ),
    ] {
        assert_eq!(missing([&wrong.to_owned()], &scrape), [expected.to_owned()].into());
    }
}

#[test]
fn every_panel_asks_for_something_of_the_crate_and_says_what_it_shows() {
    let dashboard: Value = serde_json::from_str(&file("grafana/migration.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let is_row = |panel: &&Value| panel["type"] == "row";
    assert_eq!(panels.iter().filter(is_row).count(), 4);
    for panel in panels.iter().filter(|panel| !is_row(panel)) {
        let title = panel["title"].as_str().unwrap();
        assert!(panel["description"].as_str().unwrap().ends_with('.'), "{title}");
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            assert!(!selectors(expression).is_empty(), "{title}: {expression}");
            let is_chosen = |labels: &[(String, _)]| labels.iter().any(|it| it.0 == "migration");
            let all = selectors(expression).iter().all(|selector| is_chosen(&selector.labels));
            assert!(all, "{title}: {expression} is of every migration at once");
        }
    }
}
