use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

/// Differences after which nobody looks further.
const FOUND_MAX: usize = 64;
/// What is nested deeper is compared as it is written.
const DEPTH_MAX: usize = 64;

/// A walk through two JSON texts, that finds where they say something else.
///
/// Texts are looked into only where they are not written the same, and numbers stay what they are written as:
/// none is rounded.
#[derive(Debug, Default)]
pub(super) struct Walk {
    path: String,
    depth: usize,
    found: BTreeSet<String>,
}

impl Walk {
    /// The paths at which they differ, beginning with `body`; none if one of them is no JSON.
    pub(super) fn through(one: &[u8], other: &[u8]) -> Option<Vec<String>> {
        let parsed = |text| serde_json::from_slice::<&RawValue>(text).ok();
        let mut walk = Self { path: "body".to_owned(), ..Self::default() };
        walk.step(parsed(one)?, parsed(other)?);
        Some(walk.found.into_iter().collect())
    }

    fn step(&mut self, one: &RawValue, other: &RawValue) {
        if one.get() == other.get() || self.found.len() >= FOUND_MAX {
            return;
        }
        self.depth += 1;
        match (first(one), first(other)) {
            _ if self.depth > DEPTH_MAX => self.differs(),
            (b'{', b'{') => self.fields(one, other),
            (b'[', b'[') => self.items(one, other),
            (b'"', b'"') => self.differs_unless(text(one) == text(other)),
            (b'-' | b'0'..=b'9', b'-' | b'0'..=b'9') => {
                self.differs_unless(Number::of(one.get()) == Number::of(other.get()));
            }
            _ => self.differs(),
        }
        self.depth -= 1;
    }

    fn fields(&mut self, one: &RawValue, other: &RawValue) {
        let fields = |of| parsed::<BTreeMap<String, &RawValue>>(of).unwrap_or_default();
        let (one, other) = (fields(one), fields(other));
        let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        for name in names {
            self.below(&[".", name], |walk| match (one.get(name), other.get(name)) {
                (Some(one), Some(other)) => walk.step(one, other),
                _ => walk.differs(),
            });
        }
    }

    fn items(&mut self, one: &RawValue, other: &RawValue) {
        let items = |of| parsed::<Vec<&RawValue>>(of).unwrap_or_default();
        let (one, other) = (items(one), items(other));
        self.below(&["[]"], |walk| {
            walk.differs_unless(one.len() == other.len());
            one.iter().zip(&other).for_each(|(one, other)| walk.step(one, other));
        });
    }

    fn below(&mut self, name: &[&str], walk: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.extend(name.iter().copied());
        walk(self);
        self.path.truncate(length);
    }

    fn differs_unless(&mut self, is_same: bool) {
        if !is_same {
            self.differs();
        }
    }

    fn differs(&mut self) {
        if self.found.len() < FOUND_MAX {
            self.found.insert(self.path.clone());
        }
    }
}

fn first(value: &RawValue) -> u8 {
    value.get().bytes().next().unwrap_or_default()
}

fn parsed<'t, T: Deserialize<'t>>(value: &'t RawValue) -> Option<T> {
    serde_json::from_str(value.get()).ok()
}

fn text(value: &RawValue) -> Result<String, &str> {
    parsed(value).ok_or(value.get())
}

/// A number, however it is written: `10`, `10.0` and `1e1` are one.
#[derive(Debug, PartialEq, Eq)]
enum Number<'t> {
    Of {
        is_negative: bool,
        digits: String,
        exponent: i64,
    },
    /// Beyond all exponents.
    Absurd(&'t str),
}

impl<'t> Number<'t> {
    fn of(text: &'t str) -> Self {
        Self::parsed(text).unwrap_or(Self::Absurd(text))
    }

    fn parsed(text: &str) -> Option<Self> {
        let (is_negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{part}");
        let exponent =
            exponent.parse::<i64>().ok()?.checked_sub(i64::try_from(part.len()).ok()?)?;

        let digits = digits.trim_start_matches('0');
        let short = digits.trim_end_matches('0');
        if short.is_empty() {
            return Some(Self::Of { is_negative: false, digits: String::new(), exponent: 0 });
        }
        let zeros = i64::try_from(digits.len() - short.len()).ok()?;
        let exponent = exponent.checked_add(zeros)?;
        Some(Self::Of { is_negative, digits: short.to_owned(), exponent })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    fn found(one: &str, other: &str) -> Vec<String> {
        let found = Walk::through(one.as_bytes(), other.as_bytes());
        found.expect("both are JSON")
    }

    #[test]
    fn how_it_is_written_makes_no_difference() {
        for (one, other) in [
            (r#"{"a": 1, "b": [2, 3]}"#, r#"{"b":[2,3],"a":1}"#),
            ("10", "10.0"),
            ("10", "1e1"),
            ("0.001", "1E-3"),
            ("0", "-0.00"),
            ("100e-2", "1"),
            (r#""\u00e4/""#, "\"\u{e4}\\/\""),
            (r#"{"\u0061": 1}"#, r#"{"a": 1}"#),
        ] {
            assert_eq!(found(one, other), [""; 0], "{one} {other}");
        }
    }

    #[test]
    fn each_difference_has_its_place() {
        for (one, other, places) in [
            ("1", "2", &["body"][..]),
            ("1", "\"1\"", &["body"]),
            ("null", "{}", &["body"]),
            (r#"{"a": 1}"#, r#"{"b": 1}"#, &["body.a", "body.b"]),
            (r#"{"a": null}"#, "{}", &["body.a"]),
            (r#"{"a": {"b": [1]}}"#, r#"{"a": {"b": [2]}}"#, &["body.a.b[]"]),
            ("[1, 2]", "[1]", &["body[]"]),
            ("[1, 2]", "[2, 1]", &["body[]"]),
            (r#"[{"p": 1}, {"p": 2}]"#, r#"[{"p": 2}, {"p": 3}]"#, &["body[].p"]),
            (r#"[[{"p": 1}]]"#, r#"[[{"p": 2}]]"#, &["body[][].p"]),
        ] {
            assert_eq!(found(one, other), places, "{one} {other}");
        }
    }

    #[test]
    fn no_number_is_rounded() {
        for (one, other) in [
            ("18446744073709551617", "18446744073709551618"),
            ("0.1", "0.10000000000000000001"),
            ("1e400", "1e401"),
            ("1e99999999999999999999", "2e99999999999999999999"),
            ("-1", "1"),
        ] {
            assert_eq!(found(one, other), ["body"], "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_json_is_not_walked() {
        for text in ["", "{", "{} {}", "01", "\"", "\u{fe}", "NaN"] {
            assert_eq!(Walk::through(text.as_bytes(), b"{}"), None, "{text}");
        }
        assert_eq!(Walk::through(b"\"\xff\"", b"{}"), None);
    }

    #[test]
    fn depth_and_number_of_differences_are_bounded() {
        let nested = |depth, core: &str| "[".repeat(depth) + core + &"]".repeat(depth);
        let deep = found(&nested(30_000, "1"), &nested(30_000, "2"));
        assert_eq!(deep, [format!("body{}", "[]".repeat(64))]);
        let wide = |value| {
            let fields = (0..1_000).map(|at| (at.to_string(), Value::from(value)));
            Value::Object(fields.collect::<Map<_, _>>()).to_string()
        };
        assert_eq!(found(&wide(1), &wide(2)).len(), FOUND_MAX);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-3..3_i64).prop_map(Value::from),
            "[ab\"\u{e4}]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let fields = prop::collection::btree_map("[ab]", inner.clone(), 0..3);
            prop_oneof![
                prop::collection::vec(inner, 0..3).prop_map(Value::from),
                fields.prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn differences_are_there_if_and_only_if_values_differ(one in values(), other in values()) {
            let (a, b) = (one.to_string(), serde_json::to_string_pretty(&other).expect("JSON"));
            let (there, back) = (found(&a, &b), found(&b, &a));
            prop_assert_eq!(&there, &back);
            prop_assert_eq!(there.is_empty(), one == other);
        }
    }
}
