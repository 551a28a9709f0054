//! Contents compared field by field.

mod decimal;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use self::walk::FieldWalk;
use super::{Comparator, FieldDifference};
use crate::canonical;
use crate::observe::Redaction;

/// What stands for a value that may not be shown.
const REDACTED: &str = "<redacted>";

type Show = dyn Fn(&str, &str) -> String + Send + Sync;

/// Compares contents field by field, as serde writes them, and names those that
/// differ by their path: `address.city`, `lines[3].price`.
///
/// Values are not shown unless [`showing`](Self::showing) says how. The names of
/// fields are; so are the keys of maps, which are fields here. What serde skips
/// is not compared. A field that is missing differs from one that is null.
///
/// ```
/// use serde::Serialize;
/// use strangler_fig::consistency::{Comparator, FieldComparator};
///
/// #[derive(PartialEq, Serialize)]
/// struct Line { price: f64 }
/// #[derive(PartialEq, Serialize)]
/// struct Order { city: &'static str, lines: Vec<Line>, updated_at: u64 }
///
/// let comparator = FieldComparator::new()
///     .ignoring("updated_at")
///     .with_tolerance("lines[].price", 0.005)
///     .showing(|field, value| if field == "city" { value.to_owned() } else { "***".to_owned() });
///
/// let legacy = Order { city: "Bern", lines: vec![Line { price: 9.999 }], updated_at: 1 };
/// let modern = Order { city: "Bern", lines: vec![Line { price: 10.0 }], updated_at: 2 };
/// assert!(comparator.same(&legacy, &modern));
///
/// let wrong = Order { city: "bern", lines: vec![Line { price: 8.0 }], updated_at: 1 };
/// let found = comparator.differences(&legacy, &wrong);
/// assert_eq!(found[0].to_string(), r#"city: "Bern" in legacy, "bern" in modern"#);
/// assert_eq!(found[1].to_string(), "lines[0].price: *** in legacy, *** in modern");
/// ```
#[derive(Clone, Default)]
pub struct FieldComparator {
    ignored: BTreeSet<String>,
    tolerances: BTreeMap<String, f64>,
    show: Option<Arc<Show>>,
}

impl FieldComparator {
    /// Every field counts, to the last digit.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves a field, and all below it, out. `lines[].note` is that field of
    /// every line, `lines[3].note` that of one.
    #[must_use]
    pub fn ignoring(mut self, field: impl Into<String>) -> Self {
        self.ignored.insert(field.into());
        self
    }

    /// Calls a field the same where its values are at most so far apart: two
    /// numbers, or two texts that are decimal numbers. Reckoned in decimals.
    #[must_use]
    pub fn with_tolerance(mut self, field: impl Into<String>, tolerance: f64) -> Self {
        let tolerance = if tolerance.is_nan() { 0.0 } else { tolerance.abs().min(1e30) };
        self.tolerances.insert(field.into(), tolerance);
        self
    }

    /// Shows values, given the field's path and the value as JSON, by what this
    /// answers. It goes into reports, and into log lines where the comparator is given to
    /// [`MigrationRepository::showing`](crate::repository::MigrationRepository::showing).
    #[must_use]
    pub fn showing(mut self, show: impl Fn(&str, &str) -> String + Send + Sync + 'static) -> Self {
        self.show = Some(Arc::new(show));
        self
    }

    fn ignores(&self, path: &str, pattern: &str) -> bool {
        self.ignored.contains(path) || self.ignored.contains(pattern)
    }

    fn tolerates(&self, names: [&str; 2], legacy: &Value, modern: &Value) -> bool {
        let Some(tolerance) = names.iter().find_map(|name| self.tolerances.get(*name)) else {
            return false;
        };
        match (legacy, modern) {
            (Value::Number(legacy), Value::Number(modern)) => {
                decimal::within(&legacy.to_string(), &modern.to_string(), *tolerance)
            }
            (Value::String(legacy), Value::String(modern)) => {
                decimal::within(legacy, modern, *tolerance)
            }
            _ => false,
        }
    }

    fn difference(
        &self,
        path: &str,
        legacy: Option<&Value>,
        modern: Option<&Value>,
    ) -> FieldDifference {
        let shown = |value: &Value| match &self.show {
            Some(show) => show(path, &value.to_string()),
            None => REDACTED.to_owned(),
        };
        FieldDifference::new(path, legacy.map(shown), modern.map(shown))
    }
}

impl fmt::Debug for FieldComparator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldComparator")
            .field("ignored", &self.ignored)
            .field("tolerances", &self.tolerances)
            .finish_non_exhaustive()
    }
}

/// Whether serde writes both alike: they differ in what it skips at most.
fn written_alike<E: Serialize>(legacy: &E, modern: &E) -> bool {
    let [legacy, modern] = [legacy, modern].map(canonical::to_bytes);
    legacy.is_ok() && legacy == modern
}

impl<E: Serialize + PartialEq> Comparator<E> for FieldComparator {
    fn differences(&self, legacy: &E, modern: &E) -> Vec<FieldDifference> {
        if legacy == modern {
            return Vec::new();
        }
        match (serde_json::to_value(legacy), serde_json::to_value(modern)) {
            // JSON has one null for NaN, the infinities, `None` and `Some(None)`.
            (Ok(one), Ok(other)) if one == other && !written_alike(legacy, modern) => {
                vec![FieldDifference::whole()]
            }
            (Ok(legacy), Ok(modern)) => FieldWalk::through(self, &legacy, &modern),
            // What cannot be taken apart differs as a whole.
            _ => vec![FieldDifference::whole()],
        }
    }
}

/// What `showing` allows, of the fields that differ.
impl<E: Serialize + PartialEq> Redaction<E> for FieldComparator {
    fn show(&self, legacy: Option<&E>, modern: Option<&E>) -> String {
        match (legacy, modern) {
            (Some(legacy), Some(modern)) => {
                let differences = self.differences(legacy, modern);
                let lines: Vec<_> = differences.iter().map(ToString::to_string).collect();
                lines.join("; ")
            }
            (Some(_), None) => "missing in modern".to_owned(),
            (None, Some(_)) => "missing in legacy".to_owned(),
            (None, None) => "missing in both".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(comparator: &FieldComparator, legacy: &Value, modern: &Value) -> Vec<String> {
        let found = comparator.differences(legacy, modern);
        found.into_iter().map(|difference| difference.field).collect()
    }

    #[test]
    fn fields_are_named_by_their_path() {
        let legacy = json!({"a": {"b": 1, "c": [1, {"d": 2}]}, "e.f": 1});
        let modern = json!({"a": {"b": 2, "c": [1, {"d": 3}, 4]}, "e.f": 2});
        let expected = ["a.b", "a.c[1].d", "a.c[2]", r#"["e.f"]"#];
        assert_eq!(fields(&FieldComparator::new(), &legacy, &modern), expected);
    }

    #[test]
    fn a_missing_field_a_null_an_empty_text_and_the_text_null_are_four_things() {
        let all = [json!({}), json!({"a": null}), json!({"a": ""}), json!({"a": "null"})];
        for (i, legacy) in all.iter().enumerate() {
            for (j, modern) in all.iter().enumerate() {
                let found = fields(&FieldComparator::new(), legacy, modern);
                assert_eq!(found.is_empty(), i == j, "{legacy} {modern}");
            }
        }
    }

    #[test]
    fn case_and_blanks_are_content() {
        let legacy = json!({"a": "Ada"});
        for modern in [json!({"a": "ADA"}), json!({"a": "Ada "}), json!({"a": "Ada\u{a0}"})] {
            assert_eq!(fields(&FieldComparator::new(), &legacy, &modern), ["a"]);
        }
    }

    #[test]
    fn ignoring_a_field_ignores_what_is_below_it_and_nothing_beside_it() {
        let legacy = json!({"a": {"b": 1}, "ab": 1, "l": [{"n": 1, "m": 1}]});
        let modern = json!({"a": {"b": 2}, "ab": 2, "l": [{"n": 2, "m": 2}]});
        let rules = FieldComparator::new().ignoring("a").ignoring("l[].n");
        assert_eq!(fields(&rules, &legacy, &modern), ["ab", "l[0].m"]);
    }

    #[test]
    fn a_tolerance_is_of_its_field_and_of_numbers() {
        let rules = FieldComparator::new().with_tolerance("p", 0.005);
        let near = [(json!(1.0), json!(1.005)), (json!("1.00"), json!("1.005"))];
        let far = [
            (json!(1.0), json!(1.006)),
            (json!(1.0), json!("1.0")),
            (json!("a"), json!("b")),
            (json!(1.0), json!(null)),
        ];
        for ((legacy, modern), expected) in
            near.iter().map(|it| (it, 0)).chain(far.iter().map(|it| (it, 1)))
        {
            let found = fields(&rules, &json!({"p": legacy}), &json!({"p": modern}));
            assert_eq!(found.len(), expected, "{legacy} {modern}");
            assert_eq!(fields(&rules, &json!({"q": legacy}), &json!({"q": modern})).len(), 1);
        }
    }

    #[test]
    fn values_are_shown_only_if_somebody_says_how() {
        let (legacy, modern) = (json!({"a": "secret"}), json!({"b": null}));
        let hidden = FieldComparator::new().differences(&legacy, &modern);
        assert!(!format!("{hidden:?}").contains("secret"));
        let texts: Vec<_> = hidden.iter().map(ToString::to_string).collect();
        let expected = [
            "a: <redacted> in legacy, missing in modern",
            "b: missing in legacy, <redacted> in modern",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn what_serde_cannot_write_differs_as_a_whole() {
        let [legacy, modern] = [1, 2].map(|key| BTreeMap::from([((key, 1), 1)]));
        let found = FieldComparator::new().differences(&legacy, &modern);
        assert_eq!(found, [FieldDifference::whole()]);
    }

    #[test]
    fn what_json_writes_alike_is_not_the_same_for_that() {
        let rules = FieldComparator::new();
        let numbers = [Some(f64::INFINITY), Some(f64::NEG_INFINITY), Some(f64::NAN), None];
        for (i, legacy) in numbers.iter().enumerate() {
            for (j, modern) in numbers.iter().enumerate() {
                assert_eq!(rules.same(legacy, modern), i == j, "{legacy:?} {modern:?}");
            }
        }
        assert!(!rules.same(&Some(None::<u8>), &None));
    }

    #[test]
    fn values_are_shown_only_by_what_was_given_for_it() {
        let (legacy, modern) = (json!({"a": 1, "b": 2}), json!({"a": 2, "b": 2}));
        let told = |rules: &FieldComparator| rules.differences(&legacy, &modern)[0].to_string();
        assert_eq!(told(&FieldComparator::new()), "a: <redacted> in legacy, <redacted> in modern");
        let shown = FieldComparator::new().showing(|path, value| format!("{path}={value}"));
        assert_eq!(told(&shown), "a: a=1 in legacy, a=2 in modern");
        let rules = FieldComparator::new().ignoring("b").showing(|_, value| value.to_owned());
        assert_eq!(fields(&rules, &json!({"b": 1}), &json!({"b": 2})), [""; 0]);
    }
}
