use super::page::fact;
use super::{Block, Cell, Mark, Section, Table};
use crate::status::{FieldTally, MigrationStatus};

/// What the last check found to differ, values as the comparator shows them.
pub(super) fn differences(status: &MigrationStatus) -> Option<Section> {
    let seen = status.differences.as_ref()?;
    let kinds = seen.kinds.iter().map(|(kind, count)| fact(kind, Cell::marked(Mark::Bad, count)));
    let kinds: Vec<_> = kinds.collect();
    let kinds = if kinds.is_empty() { vec![fact("differences", Cell::new("none"))] } else { kinds };
    let value = |value: &Option<String>| Cell::new(value.as_deref().unwrap_or("missing"));
    let row = |field: &FieldTally| {
        let (legacy, modern) = (value(&field.legacy), value(&field.modern));
        vec![Cell::new(&field.field), Cell::new(field.records), legacy, modern]
    };
    let table = Table {
        caption: "Fields that differ most often",
        head: vec!["field", "records", "legacy", "modern"],
        rows: seen.fields.iter().map(row).collect(),
    };
    Section::of("differences", "Differences", vec![Block::Facts(kinds), Block::Table(table)])
}
