//! What a status says, in the order in which one reads it: the same for every output that people read.

mod found;
mod now;
mod page;
mod past;
mod queues;
mod traffic;

pub(super) use page::{Block, Cell, Entry, Fact, Figure, Mark, Page, Section, Table};

use super::MigrationStatus;

/// All of it.
pub(super) fn page(status: &MigrationStatus) -> Page {
    let sections = [
        now::standing(status),
        now::next(status),
        now::warnings(status),
        traffic::verification(status),
        traffic::comparisons(status),
        found::differences(status),
        traffic::latency(status),
        traffic::operations(status),
        traffic::routes(status),
        queues::repairs(status),
        queues::backfill(status),
        queues::sweep(status),
        queues::events(status),
        queues::breakers(status),
        queues::sagas(status),
        past::nodes(status),
        now::back(status),
        past::history(status),
    ];
    let sections: Vec<Section> = sections.into_iter().flatten().collect();
    let mark = sections.iter().map(Section::mark).max().unwrap_or(Mark::None);
    Page {
        title: format!("Migration {}", status.migration),
        headline: format!(
            "Migration {}, epoch {}: {}",
            status.migration, status.epoch, status.headline
        ),
        mark,
        as_of: super::plain::moment(status.as_of_unix_ms),
        sections,
    }
}
