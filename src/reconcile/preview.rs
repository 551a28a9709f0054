use std::fmt;

use super::attempt::Left;
use crate::phase::Side;
use crate::repository::Join;

/// What a repair of a key would do.
///
/// ```
/// use strangler_fig::reconcile::PlannedRepair;
/// use strangler_fig::repository::Join;
///
/// fn is_conflict(planned: &PlannedRepair<u32>) -> bool {
///     matches!(planned.join, Join::Settle { .. })
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedRepair<K> {
    /// Which key.
    pub key: K,
    /// Why it was noted.
    pub reason: String,
    /// What its records ask for, read afresh.
    pub join: Join,
}

/// What repairs would do now: the answer of a dry run.
///
/// ```
/// use strangler_fig::reconcile::RepairPreview;
///
/// let preview = RepairPreview::<u32>::default();
/// let text = "0 keys wait: 0 are level, 0 to be copied to modern, 0 to legacy, 0 conflicts, \
///             0 stuck, 0 could not be read";
/// assert_eq!(preview.to_string(), text);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepairPreview<K> {
    /// Keys that wait, postponed ones included.
    pub keys: u64,
    /// Keys whose sides are one.
    pub level: u64,
    /// Keys to be copied to legacy.
    pub to_legacy: u64,
    /// Keys to be copied to modern.
    pub to_modern: u64,
    /// Conflicts, for the policy to judge.
    pub conflicts: u64,
    /// Keys that differ and would stay so.
    pub stuck: u64,
    /// Keys that could not be read, or not be decoded.
    pub failed: u64,
    /// Whether every key that waits was looked at.
    pub is_complete: bool,
    /// The first keys that were read.
    pub planned: Vec<PlannedRepair<K>>,
}

impl<K> Default for RepairPreview<K> {
    fn default() -> Self {
        Self {
            keys: 0,
            level: 0,
            to_legacy: 0,
            to_modern: 0,
            conflicts: 0,
            stuck: 0,
            failed: 0,
            is_complete: false,
            planned: Vec::new(),
        }
    }
}

impl<K> RepairPreview<K> {
    pub(super) fn count(&mut self, planned: Result<PlannedRepair<K>, Left>, kept: usize) {
        self.keys += 1;
        let join = planned.as_ref().map(|planned| planned.join);
        let counter = match join {
            Ok(Join::Level) => &mut self.level,
            Ok(Join::Copy { from: Side::Modern }) => &mut self.to_legacy,
            Ok(Join::Copy { from: Side::Legacy }) => &mut self.to_modern,
            Ok(Join::Settle { .. }) => &mut self.conflicts,
            Ok(Join::Stuck) => &mut self.stuck,
            Err(_) => &mut self.failed,
        };
        *counter += 1;
        self.planned.extend(planned.ok().filter(|_| self.planned.len() < kept));
    }
}

impl<K> fmt::Display for RepairPreview<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { keys, level, to_legacy, to_modern, conflicts, stuck, failed, .. } = self;
        write!(
            f,
            "{keys} keys wait: {level} are level, {to_modern} to be copied to modern, {to_legacy} \
             to legacy, {conflicts} conflicts, {stuck} stuck, {failed} could not be read"
        )
    }
}
