//! A table as a JSON document, before anything in it is judged.

use std::fmt;

use serde::Serialize;

use super::field::Field;
use super::{IdSource, KeyForm};
use crate::phase::Side;

pub(super) const FORMAT: &str = "strangler-fig/route-table";
pub(super) const VERSION: u64 = 1;
/// The most rules of a table.
pub(super) const RULES_MAX: usize = 10_000;

#[derive(Debug, Clone, Default)]
pub(super) struct TableDocument {
    pub(super) salt: Field<String>,
    pub(super) default: Field<Side>,
    pub(super) header: Field<OverrideDocument>,
    /// With the place of each in its document, from which those that are no objects are missing.
    pub(super) rules: Vec<(usize, RuleDocument)>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct OverrideDocument {
    pub(super) header: Field<String>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) allow: Field<Vec<Field<String>>>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) secret: Field<SecretDocument>,
}

#[derive(Clone, Serialize)]
pub(super) struct SecretDocument {
    pub(super) header: Field<String>,
    pub(super) value: Field<String>,
}

impl fmt::Debug for SecretDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(hidden)")
    }
}

#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct RuleDocument {
    pub(super) name: Field<String>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) salt: Field<String>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) path: Field<PathDocument>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) encoded_slashes: Field<bool>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) parameters: Field<bool>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) methods: Field<Vec<Field<String>>>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) host: Field<String>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) headers: Field<Vec<Field<HeaderDocument>>>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) when: Field<String>,
    #[serde(rename = "override", skip_serializing_if = "Field::is_absent")]
    pub(super) takes_override: Field<bool>,
    pub(super) to: Field<TargetDocument>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) fallback: Field<bool>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) stale_fallback: Field<bool>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) deadline_ms: Field<u64>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) mirror: Field<MirrorDocument>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) dual_write: Field<DualWriteDocument>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PathDocument {
    Exact(String),
    Prefix(String),
    Template(String),
}

#[derive(Clone, Default, Serialize)]
pub(super) struct HeaderDocument {
    pub(super) name: Field<String>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) equals: Field<String>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) begins: Field<String>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) present: Field<bool>,
    /// Whether it has unknown fields, which were noted.
    #[serde(skip)]
    pub(super) is_more: bool,
}

impl fmt::Debug for HeaderDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeaderDocument").field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TargetDocument {
    Legacy,
    Modern,
    Share(ShareDocument),
    Follow(FollowDocument),
    Aggregate(Field<String>),
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct ShareDocument {
    pub(super) basis_points: Field<u64>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) sticky: Field<StickyDocument>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct FollowDocument {
    pub(super) migration: Field<String>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) sticky: Field<StickyDocument>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct StickyDocument {
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) header: Field<String>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) cookie: Field<String>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) capture: Field<String>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) address: Field<bool>,
    #[serde(rename = "as", skip_serializing_if = "Field::is_absent")]
    pub(super) form: Field<KeyForm>,
    /// Whether it has unknown fields, which were noted.
    #[serde(skip)]
    pub(super) is_more: bool,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct MirrorDocument {
    pub(super) basis_points: Field<u64>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct DualWriteDocument {
    pub(super) ids: Field<IdSource>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub(super) strict: Field<bool>,
}

impl TableDocument {
    pub(super) fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Written<'a> {
            format: &'static str,
            version: u64,
            salt: &'a Field<String>,
            #[serde(skip_serializing_if = "Field::is_absent")]
            default: &'a Field<Side>,
            #[serde(rename = "override", skip_serializing_if = "Field::is_absent")]
            header: &'a Field<OverrideDocument>,
            rules: Vec<&'a RuleDocument>,
        }
        let rules = self.rules.iter().map(|(_, rule)| rule).collect();
        let Self { salt, default, header, .. } = self;
        let written = Written { format: FORMAT, version: VERSION, salt, default, header, rules };
        serde_json::to_string(&written).expect("every field of a table has a JSON form")
    }
}
