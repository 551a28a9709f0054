use std::time::Duration;

use super::page::{fact, more};
use super::{Block, Cell, Fact, Mark, Section, Table};
use crate::status::plain::{isolated, spoken};
use crate::status::{BreakerStatus, MigrationStatus, SagaCount, SagaStatuses, StuckSaga};

/// After how long a figure is said to be old.
const OLD: Duration = Duration::from_secs(60);

fn waiting(
    name: &'static str,
    waiting: u64,
    what: &str,
    oldest: Option<Duration>,
    ago: Duration,
) -> Fact {
    let oldest =
        oldest.map_or(String::new(), |oldest| format!(", the oldest for {}", spoken(oldest)));
    fact(name, Cell::new(format!("{waiting} {what}{oldest}{}", as_seen(ago))))
}

fn as_seen(ago: Duration) -> String {
    if ago > OLD { format!(", as seen {} ago", spoken(ago)) } else { String::new() }
}

fn parked(count: u64, what: &str) -> Fact {
    let mark = if count > 0 { Mark::Bad } else { Mark::None };
    fact("given up", Cell::marked(mark, format!("{count} {what}")))
}

pub(super) fn repairs(status: &MigrationStatus) -> Option<Section> {
    let seen = status.repairs?;
    let facts = vec![
        waiting("waiting", seen.waiting, "keys", seen.oldest, seen.seen_ago),
        parked(seen.parked, "keys"),
    ];
    Section::of("repairs", "Repair", vec![Block::Facts(facts)])
}

pub(super) fn backfill(status: &MigrationStatus) -> Option<Section> {
    let line = &status.backfill.as_ref()?.line;
    Section::of("backfill", "Backfill", vec![Block::Facts(vec![fact("copied", Cell::new(line))])])
}

pub(super) fn sweep(status: &MigrationStatus) -> Option<Section> {
    let seen = status.sweep?;
    let (records, joined, left, took) =
        (seen.records, seen.joined, seen.left, spoken(seen.duration));
    let looked_at = format!("{records} records looked at in {took}");
    let swept = match (seen.state, seen.seen_ago > OLD) {
        ("running", false) => Cell::new(format!("running, {looked_at}")),
        ("running", true) => {
            let ago = spoken(seen.seen_ago);
            Cell::marked(Mark::Warn, format!("{looked_at}, and not heard of for {ago}"))
        }
        ("clean", _) => Cell::marked(Mark::Good, format!("clean, {looked_at}, {joined} joined")),
        ("unclean", _) => {
            let text = format!("unclean, {looked_at}, {joined} joined, {left} left behind");
            Cell::marked(Mark::Bad, text)
        }
        (state, _) => Cell::marked(Mark::Warn, format!("{state}, {looked_at}")),
    };
    let ago = (seen.state != "running").then(|| format!("{} ago", spoken(seen.seen_ago)));
    let mut facts = vec![fact("last sweep", swept)];
    facts.extend(ago.map(|ago| fact("ended", Cell::new(ago))));
    Section::of("sweep", "Sweep", vec![Block::Facts(facts)])
}

pub(super) fn events(status: &MigrationStatus) -> Option<Section> {
    let mut facts = Vec::new();
    if let Some(seen) = status.outbox {
        facts.push(waiting("outbox", seen.pending, "messages", seen.oldest, seen.seen_ago));
        facts.push(parked(seen.parked, "messages"));
    }
    if let Some(seen) = status.replication {
        let pending = seen.pending.map_or("unknown".to_owned(), |pending| pending.to_string());
        let lag = seen.lag.map_or("level".to_owned(), |lag| format!("{} behind", spoken(lag)));
        let counted = seen.pending_seen_ago.filter(|ago| *ago > OLD && seen.seen_ago <= OLD);
        let counted = counted.map_or(String::new(), |ago| format!(" ({} ago)", spoken(ago)));
        let text = format!("{lag}, changes waiting: {pending}{counted}{}", as_seen(seen.seen_ago));
        facts.push(fact("replication", Cell::new(text)));
    }
    Section::of("events", "Outbox and replication", vec![Block::Facts(facts)])
}

pub(super) fn breakers(status: &MigrationStatus) -> Option<Section> {
    let row = |seen: &BreakerStatus| {
        let mark = match seen.state {
            "closed" => Mark::Good,
            "open" | "forced_open" => Mark::Bad,
            _ => Mark::Warn,
        };
        vec![Cell::new(&seen.breaker), Cell::marked(mark, seen.state), Cell::new(seen.turns)]
    };
    let mut rows: Vec<_> = status.breakers.iter().map(row).collect();
    rows.extend(more(status.breakers_left_out, "breakers", 3));
    let head = vec!["breaker", "state", "turned"];
    let table = Table { caption: "Circuit breakers", head, rows };
    Section::of("breakers", "Circuit breakers", vec![Block::Table(table)])
}

pub(super) fn sagas(status: &MigrationStatus) -> Option<Section> {
    let seen = status.sagas.as_ref()?;
    let mut facts = Vec::new();
    if let Some(error) = &seen.error {
        facts.push(fact(
            "journal",
            Cell::marked(Mark::Bad, format!("could not be asked: {}", isolated(error))),
        ));
    }
    let counts = seen.counts.iter().filter(|count| count.sagas > 0).map(counted);
    let counts: Vec<_> = counts.collect();
    if counts.is_empty() && seen.error.is_none() {
        facts.push(fact("sagas", Cell::new("none")));
    }
    let standing =
        Table { caption: "Sagas by where they stand", head: vec!["status", "sagas"], rows: counts };
    Section::of("sagas", "Sagas", vec![Block::Facts(facts), Block::Table(standing), stuck(seen)])
}

fn counted(count: &SagaCount) -> Vec<Cell> {
    let more = if count.or_more { " or more" } else { "" };
    vec![Cell::new(count.status), Cell::new(format!("{}{more}", count.sagas))]
}

fn stuck(seen: &SagaStatuses) -> Block {
    let row = |saga: &StuckSaga| {
        vec![
            Cell::new(&saga.saga),
            Cell::new(&saga.definition),
            Cell::marked(Mark::Bad, saga.status),
            Cell::new(spoken(saga.idle)),
        ]
    };
    let mut rows: Vec<_> = seen.stuck.iter().map(row).collect();
    if seen.has_more_stuck {
        rows.push(["and more", "", "", ""].map(Cell::new).into());
    }
    Block::Table(Table {
        caption: "Stuck sagas",
        head: vec!["saga", "kind", "is", "unchanged for"],
        rows,
    })
}
