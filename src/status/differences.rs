use std::collections::BTreeMap;

use serde::Serialize;

use super::plain::{NAME_MAX, capped};
use crate::consistency::{CheckReport, DifferenceKind, FieldDifference};

/// How many fields are kept, and how many are counted before.
const FIELDS_MAX: usize = 10;
const FIELDS_COUNTED_MAX: usize = 1_000;

/// A field that differs, and in how many records of those that were kept.
///
/// ```
/// use strangler_fig::status::FieldTally;
///
/// fn line(field: &FieldTally) -> String {
///     format!("{} differs in {} records", field.field, field.records)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FieldTally {
    /// Its path, `[]` for any place in a list; `the content` where nobody says which.
    pub field: String,
    /// In how many records, however many items of a list differ there.
    pub records: u64,
    /// What legacy had in the first of them, as far as the comparator shows it.
    pub legacy: Option<String>,
    /// What modern had.
    pub modern: Option<String>,
}

/// What the last check found to differ.
///
/// ```
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::phase::{MigrationState, PhaseTracker};
/// # use strangler_fig::repository::MigrationRepository;
/// use strangler_fig::consistency::ConsistencyChecker;
/// use strangler_fig::status::DifferenceStatus;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, &str)| user.0));
/// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
/// # let users = MigrationRepository::new(legacy, modern, tracker)?;
/// users.legacy().plant((1, "Ada"));
/// users.modern().plant((1, "ada"));
/// let report = ConsistencyChecker::new(&users).full(std::future::pending()).await;
/// let differences = DifferenceStatus::of(&report);
/// assert_eq!((differences.kinds["conflict"], differences.fields[0].records), (1, 1));
/// assert_eq!(differences.fields[0].field, "the content", "no comparator says which");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct DifferenceStatus {
    /// Differences by kind; kinds of which there are none are left out.
    pub kinds: BTreeMap<&'static str, u64>,
    /// How many of the differences were kept, with their fields.
    pub kept: u64,
    /// The fields that differ most often.
    pub fields: Vec<FieldTally>,
}

impl DifferenceStatus {
    /// The fields that differ most often in what a check has kept. Keys are not among it; values only as the check's
    /// comparator has shown them.
    #[must_use]
    pub fn of<K>(report: &CheckReport<K>) -> Self {
        let counts =
            DifferenceKind::ALL.iter().map(|kind| (kind.name(), report.differences.of(*kind)));
        let mut fields: BTreeMap<String, FieldTally> = BTreeMap::new();
        for record in &report.kept {
            // Several items of a list are one field.
            let mut paths = BTreeMap::new();
            for difference in &record.fields {
                let path = anywhere(&capped(&difference.field, NAME_MAX));
                paths.entry(path).or_insert(difference);
            }
            for (path, difference) in paths {
                if fields.len() < FIELDS_COUNTED_MAX || fields.contains_key(&path) {
                    let tally = fields.entry(path);
                    let first = |path: &String| FieldTally::first(path, difference);
                    tally.or_insert_with_key(first).records += 1;
                }
            }
        }
        let mut fields: Vec<_> = fields.into_values().collect();
        fields.sort_by_key(|field| std::cmp::Reverse(field.records));
        fields.truncate(FIELDS_MAX);
        let kinds = counts.filter(|(_, count)| *count > 0).collect();
        let kept = u64::try_from(report.kept.len()).unwrap_or(u64::MAX);
        Self { kinds, kept, fields }
    }
}

impl FieldTally {
    fn first(path: &str, difference: &FieldDifference) -> Self {
        let value = |value: &Option<String>| value.as_deref().map(|it| capped(it, NAME_MAX));
        let field = if path.is_empty() { "the content".to_owned() } else { path.to_owned() };
        let (legacy, modern) = (value(&difference.legacy), value(&difference.modern));
        Self { field, records: 0, legacy, modern }
    }
}

/// `lines[3].price` as `lines[].price`.
fn anywhere(path: &str) -> String {
    let mut parts = path.split('[');
    let mut found = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.trim_start_matches(|c: char| c.is_ascii_digit());
        found.push('[');
        found.push_str(if digits.starts_with(']') { digits } else { part });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_list_is_any_place() {
        let paths = ["lines[3].price", "a[1][22]", "a[x]", "plain", "a[", ""];
        let found = paths.map(anywhere);
        assert_eq!(found, ["lines[].price", "a[][]", "a[x]", "plain", "a[", ""]);
    }
}
