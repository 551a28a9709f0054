//! Tables and requests in few words.

use serde_json::{Value, json};
use strangler_fig::phase::{MigrationName, Side, StateWord};
use strangler_fig::resilience::BreakerState;
use strangler_fig::route::{RequestHead, RouteError, RouteState, RouteTable, RuleBuilder};

/// A document of these rules.
pub(crate) fn document(rules: &Value) -> String {
    let (format, version) = ("strangler-fig/route-table", 1);
    json!({"format": format, "version": version, "salt": "shop", "rules": rules}).to_string()
}

/// The table of these rules.
pub(crate) fn table(rules: &Value) -> RouteTable {
    RouteTable::from_document(&document(rules)).unwrap()
}

pub(crate) fn built(
    rules: impl IntoIterator<Item = RuleBuilder>,
) -> Result<RouteTable, RouteError> {
    let table = RouteTable::builder("shop");
    rules.into_iter().fold(table, strangler_fig::route::TableBuilder::rule).build()
}

pub(crate) fn get(path: &str) -> RequestHead {
    RequestHead::new("GET", path)
}

pub(crate) fn post(path: &str) -> RequestHead {
    RequestHead::new("POST", path)
}

/// The rule that decides, by its name.
pub(crate) fn rule<'t>(table: &'t RouteTable, request: &RequestHead) -> Option<&'t str> {
    table.decide(request).rule.map(strangler_fig::route::Rule::name)
}

pub(crate) fn side(table: &RouteTable, request: &RequestHead) -> Option<Side> {
    table.decide(request).primary
}

/// One breaker of modern, and one migration.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) legacy: BreakerState,
    pub(crate) modern: BreakerState,
    pub(crate) word: Option<StateWord>,
}

impl Default for State {
    fn default() -> Self {
        Self { legacy: BreakerState::Closed, modern: BreakerState::Closed, word: None }
    }
}

impl RouteState for State {
    fn breaker(&self, side: Side) -> BreakerState {
        match side {
            Side::Legacy => self.legacy,
            Side::Modern => self.modern,
        }
    }

    fn word(&self, migration: &MigrationName) -> Option<StateWord> {
        self.word.filter(|_| migration.as_str() == "orders")
    }
}
