//! As much of `PromQL` as names a metric and its labels.

use std::collections::{BTreeMap, BTreeSet};

/// A metric as an expression names it, with the labels it is chosen by, and their values where they are said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selector {
    pub(crate) metric: String,
    pub(crate) labels: Vec<(String, Option<String>)>,
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The metrics of this crate in an expression.
pub(crate) fn selectors(expression: &str) -> Vec<Selector> {
    let mut found = Vec::new();
    for (at, _) in expression.match_indices("strangler_") {
        if expression[..at].ends_with(is_of_name) {
            continue;
        }
        let rest = &expression[at..];
        let end = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
        let labels = rest[end..].strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let labels = labels.map_or("", |(labels, _)| labels);
        let matcher = |matcher: &str| {
            let end = matcher.find(|c| !is_of_name(c))?;
            let said = matcher[end..].strip_prefix("=\"").and_then(|it| it.strip_suffix('"'));
            Some((matcher[..end].to_owned(), said.map(str::to_owned)))
        };
        let labels = labels.split(',').map(str::trim).filter_map(matcher).collect();
        found.push(Selector { metric: rest[..end].to_owned(), labels });
    }
    found
}

/// The labels that an expression groups by.
pub(crate) fn grouped(expression: &str) -> BTreeSet<String> {
    let lists = expression.split(" by (").skip(1).filter_map(|rest| rest.split_once(')'));
    lists.flat_map(|(list, _)| list.split(',').map(|name| name.trim().to_owned())).collect()
}

/// What a scrape has of each metric: its labels, and their values.
pub(crate) type Scrape = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

pub(crate) fn scrape(text: &str) -> Scrape {
    let mut scrape = Scrape::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let end = line.find(|c| !is_of_name(c)).unwrap();
        let labels = line[end..].strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let metric = scrape.entry(line[..end].to_owned()).or_default();
        for pair in labels.map_or("", |(labels, _)| labels).split("\",") {
            if let Some((name, value)) = pair.split_once("=\"") {
                let value = value.trim_end_matches('"').to_owned();
                metric.entry(name.to_owned()).or_default().insert(value);
            }
        }
    }
    scrape
}

/// What expressions name that a scrape does not have.
pub(crate) fn missing<'a>(
    expressions: impl IntoIterator<Item = &'a String>,
    scrape: &Scrape,
) -> BTreeSet<String> {
    let mut missing = BTreeSet::new();
    for expression in expressions {
        let selectors = selectors(expression);
        for Selector { metric, labels } in &selectors {
            let Some(known) = scrape.get(metric) else {
                missing.insert(metric.clone());
                continue;
            };
            for (label, value) in labels {
                match (known.get(label), value) {
                    (None, _) => drop(missing.insert(format!("{metric}{{{label}}}"))),
                    (Some(values), Some(value)) if !values.contains(value) => {
                        missing.insert(format!("{metric}{{{label}=\"{value}\"}}"));
                    }
                    _ => {}
                }
            }
        }
        for label in grouped(expression) {
            let is_known = |selector: &Selector| {
                scrape.get(&selector.metric).is_some_and(|known| known.contains_key(&label))
            };
            if !selectors.iter().any(is_known) {
                missing.insert(format!("by ({label}) in {expression}"));
            }
        }
    }
    missing
}
