//! Two values, walked at once.

use serde_json::Value;

use super::FieldComparator;
use crate::consistency::FieldDifference;

/// Lists the fields in which two values differ.
pub(super) struct FieldWalk<'a> {
    rules: &'a FieldComparator,
    found: Vec<FieldDifference>,
}

/// Where a walk is: the path itself, and the path with the places of lists left
/// out, as the rules may name it.
#[derive(Clone, Default)]
struct Place {
    path: String,
    pattern: String,
}

impl Place {
    fn field(&self, name: &str) -> Self {
        let plain = !name.is_empty() && !name.contains(['.', '[', ']', '"']);
        let step = |before: &str| match (plain, before.is_empty()) {
            (true, true) => name.to_owned(),
            (true, false) => format!("{before}.{name}"),
            (false, _) => format!("{before}[{name:?}]"),
        };
        Self { path: step(&self.path), pattern: step(&self.pattern) }
    }

    fn item(&self, index: usize) -> Self {
        Self { path: format!("{}[{index}]", self.path), pattern: format!("{}[]", self.pattern) }
    }
}

impl<'a> FieldWalk<'a> {
    pub(super) fn through(
        rules: &'a FieldComparator,
        legacy: &Value,
        modern: &Value,
    ) -> Vec<FieldDifference> {
        let mut walk = Self { rules, found: Vec::new() };
        walk.visit(&Place::default(), Some(legacy), Some(modern));
        walk.found
    }

    fn visit(&mut self, place: &Place, legacy: Option<&Value>, modern: Option<&Value>) {
        if legacy == modern || self.rules.ignores(&place.path, &place.pattern) {
            return;
        }
        match (legacy, modern) {
            (Some(Value::Object(legacy)), Some(Value::Object(modern))) => {
                let of_modern = modern.keys().filter(|name| !legacy.contains_key(*name));
                for name in legacy.keys().chain(of_modern) {
                    self.visit(&place.field(name), legacy.get(name), modern.get(name));
                }
            }
            (Some(Value::Array(legacy)), Some(Value::Array(modern))) => {
                for index in 0..legacy.len().max(modern.len()) {
                    self.visit(&place.item(index), legacy.get(index), modern.get(index));
                }
            }
            (Some(one), Some(other)) if self.rules.tolerates(place.names(), one, other) => {}
            _ => self.found.push(self.rules.difference(&place.path, legacy, modern)),
        }
    }
}

impl Place {
    fn names(&self) -> [&str; 2] {
        [&self.path, &self.pattern]
    }
}
