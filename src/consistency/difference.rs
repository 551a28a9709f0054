use std::fmt;

use serde::{Deserialize, Serialize};

use super::comparator::differences_or_whole;
use super::{Comparator, FieldDifference};
use crate::phase::Side;
use crate::stamp::{Record, Stamp};

/// In what way the two sides differ in a key.
///
/// ```
/// use strangler_fig::consistency::DifferenceKind;
/// use strangler_fig::stamp::{Record, Stamp};
///
/// let (ada, gone) = (Record::live(Stamp::BASE, "Ada"), Record::tombstone(Stamp::MAX));
/// let kind = DifferenceKind::of(&ada, &Record::absent());
/// assert_eq!((kind, kind.name()), (DifferenceKind::MissingInModern, "missing_in_modern"));
/// assert_eq!(DifferenceKind::of(&ada, &gone), DifferenceKind::StaleInLegacy);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DifferenceKind {
    /// Legacy has a value, modern nothing, not even a tombstone.
    MissingInModern,
    /// Modern has a value, legacy nothing, not even a tombstone.
    MissingInLegacy,
    /// Modern's stamp is smaller: it lags behind.
    StaleInModern,
    /// Legacy's stamp is smaller.
    StaleInLegacy,
    /// The stamps are equal and the contents are not: somebody wrote behind the
    /// crate.
    Conflict,
    /// Modern refuses to show the record.
    RejectedByModern,
    /// Legacy refuses to show the record.
    RejectedByLegacy,
}

impl DifferenceKind {
    /// Every kind, in the order of reports.
    pub const ALL: &'static [Self] = &[
        Self::MissingInModern,
        Self::MissingInLegacy,
        Self::StaleInModern,
        Self::StaleInLegacy,
        Self::Conflict,
        Self::RejectedByModern,
        Self::RejectedByLegacy,
    ];

    /// The kind of two records that are known to differ.
    #[must_use]
    pub fn of<E>(legacy: &Record<E>, modern: &Record<E>) -> Self {
        let lacks = |record: &Record<E>| record.stamp == Stamp::ZERO;
        if legacy.value.is_some() && lacks(modern) {
            Self::MissingInModern
        } else if modern.value.is_some() && lacks(legacy) {
            Self::MissingInLegacy
        } else if modern.stamp < legacy.stamp {
            Self::StaleInModern
        } else if legacy.stamp < modern.stamp {
            Self::StaleInLegacy
        } else {
            Self::Conflict
        }
    }

    /// The kind of a key that a side refuses to show.
    #[must_use]
    pub const fn rejected_by(side: Side) -> Self {
        match side {
            Side::Legacy => Self::RejectedByLegacy,
            Side::Modern => Self::RejectedByModern,
        }
    }

    /// Its stable name: the reason under which a key is queued for repair.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingInModern => "missing_in_modern",
            Self::MissingInLegacy => "missing_in_legacy",
            Self::StaleInModern => "stale_in_modern",
            Self::StaleInLegacy => "stale_in_legacy",
            Self::Conflict => "conflict",
            Self::RejectedByModern => "rejected_by_modern",
            Self::RejectedByLegacy => "rejected_by_legacy",
        }
    }
}

impl fmt::Display for DifferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A key in which the two sides differ, also when looked at again.
///
/// ```
/// use strangler_fig::consistency::{Difference, DifferenceKind};
///
/// fn line(difference: &Difference<u32>) -> String {
///     format!("{}: {}", difference.key, difference.kind)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Difference<K> {
    /// Which key.
    pub key: K,
    /// In what way.
    pub kind: DifferenceKind,
    /// Legacy's stamp; none if it refused to show the record.
    pub legacy: Option<Stamp>,
    /// Modern's stamp.
    pub modern: Option<Stamp>,
    /// The fields, where both sides hold a value.
    pub fields: Vec<FieldDifference>,
}

impl<K> Difference<K> {
    pub(super) fn of<E: 'static>(
        key: K,
        legacy: &Record<E>,
        modern: &Record<E>,
        comparator: &dyn Comparator<E>,
    ) -> Self {
        let fields = match (&legacy.value, &modern.value) {
            (Some(legacy), Some(modern)) => differences_or_whole(comparator, legacy, modern),
            _ => Vec::new(),
        };
        let stamps = (Some(legacy.stamp), Some(modern.stamp));
        let kind = DifferenceKind::of(legacy, modern);
        Self { key, kind, legacy: stamps.0, modern: stamps.1, fields }
    }

    pub(super) fn rejected(
        key: K,
        side: Side,
        legacy: Option<Stamp>,
        modern: Option<Stamp>,
    ) -> Self {
        Self { key, kind: DifferenceKind::rejected_by(side), legacy, modern, fields: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_tell_which_side_lags() {
        use DifferenceKind::{
            Conflict, MissingInLegacy, MissingInModern, StaleInLegacy, StaleInModern,
        };
        let (old, new) = (Record::live(Stamp::BASE, 1), Record::live(Stamp::MAX, 2));
        let (old_gone, new_gone) = (Record::tombstone(Stamp::BASE), Record::tombstone(Stamp::MAX));
        let absent = Record::absent();
        for (legacy, modern, kind) in [
            (&old, &absent, MissingInModern),
            (&absent, &old, MissingInLegacy),
            (&new, &old, StaleInModern),
            (&old, &new, StaleInLegacy),
            (&new, &old_gone, StaleInModern),
            (&new_gone, &old, StaleInModern),
            (&new_gone, &absent, StaleInModern),
            (&absent, &new_gone, StaleInLegacy),
            (&old, &old_gone, Conflict),
            (&old, &Record::live(Stamp::BASE, 2), Conflict),
        ] {
            assert_eq!(DifferenceKind::of(legacy, modern), kind, "{legacy:?} {modern:?}");
        }
    }

    #[test]
    fn serde_uses_the_stable_names() {
        for kind in DifferenceKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
