use std::time::Duration;

use super::page::fact;
use super::{Block, Cell, Fact, Figure, Mark, Section, Table};
use crate::status::plain::{per_cent, spoken};
use crate::status::{CheckSeen, Freshness, MigrationStatus, PercentileStatus, ReasonCount};

/// What stands where nobody knows.
const UNKNOWN: &str = "unknown";

pub(super) fn verification(status: &MigrationStatus) -> Option<Section> {
    let seen = &status.verification;
    let mark = match seen.freshness {
        Freshness::Verified => Mark::Good,
        Freshness::Never | Freshness::Stale => Mark::Warn,
        Freshness::Differs => Mark::Bad,
    };
    let mut facts = vec![fact("stores", Cell::marked(mark, seen))];
    facts.extend(seen.last.map(|last| fact("by", Cell::new(last))));
    facts.extend(seen.last_check.map(check));
    Section::of("verification", "Verification", vec![Block::Facts(facts)])
}

fn check(seen: CheckSeen) -> Fact {
    let CheckSeen { mode, result, keys, differences, open, ago } = seen;
    let ago = spoken(ago);
    let found = format!("{keys} keys, {differences} differences, {open} open");
    let text = format!("{mode}, {result}, {ago} ago: {found}");
    fact("last check", Cell::new(text))
}

pub(super) fn comparisons(status: &MigrationStatus) -> Option<Section> {
    let seen = &status.comparisons;
    let window = spoken(status.traffic.window);
    let (mark, found) = match seen.rate {
        None => (Mark::None, "nothing was compared".to_owned()),
        Some(rate) => {
            let mark = if seen.is_over() { Mark::Bad } else { Mark::Good };
            (mark, format!("{} of {}", per_cent(rate), seen.compared))
        }
    };
    let over = if seen.is_over() { "too many" } else { "allowed" };
    let text = format!("{found} in {window}; {over}: at most {}", seen.threshold);
    let mut facts = vec![fact("mismatches", Cell::marked(mark, text))];
    let given_up =
        [("unsettled", seen.unsettled), ("failed", seen.failed), ("skipped", seen.skipped)];
    let given_up = given_up.into_iter().filter(|(_, count)| *count > 0);
    facts.extend(given_up.map(|(name, count)| fact(name, Cell::new(count))));
    let causes = reasons("Why keys were noted as differing", "cause", &seen.causes);
    Section::of("comparisons", "Comparisons", vec![Block::Facts(facts), causes])
}

fn reasons(caption: &'static str, name: &'static str, counts: &[ReasonCount]) -> Block {
    let row = |count: &ReasonCount| vec![Cell::new(count.reason), Cell::new(count.count)];
    let rows = counts.iter().map(row).collect();
    Block::Table(Table { caption, head: vec![name, "count"], rows })
}

pub(super) fn latency(status: &MigrationStatus) -> Option<Section> {
    let time = |time: Option<Duration>| Cell::new(time.map_or(UNKNOWN.to_owned(), spoken));
    let row = |seen: &PercentileStatus| {
        let PercentileStatus { role, samples, p50, p95, p99 } = *seen;
        vec![Cell::new(role), time(p50), time(p95), time(p99), Cell::new(samples)]
    };
    let table = Table {
        caption: "Time within which calls ended",
        head: vec!["side", "p50", "p95", "p99", "measured"],
        rows: status.latencies.iter().map(row).collect(),
    };
    let section = Section::of("latency", "Latency", vec![Block::Table(table)])?;
    Some(section.drawn(Figure::Latency))
}

pub(super) fn operations(status: &MigrationStatus) -> Option<Section> {
    let traffic = &status.traffic;
    let ended = traffic.operations;
    let total = format!("{} in {}", ended.total(), spoken(traffic.window));
    let outcomes = [
        ("done", ended.done, Mark::None),
        ("fell back", ended.fell_back, Mark::None),
        ("refused", ended.refused, Mark::None),
        ("failed", ended.failed, Mark::Warn),
        ("in doubt", ended.unknown, Mark::Warn),
    ];
    let outcomes = outcomes.into_iter().filter(|(_, count, _)| *count > 0);
    let mut facts = vec![fact("all", Cell::new(total))];
    facts.extend(outcomes.map(|(name, count, mark)| fact(name, Cell::marked(mark, count))));
    let dual = reasons("How the lenient side of writes ended", "outcome", &traffic.dual_writes);
    let sides = reasons("Failures of a side", "side", &traffic.side_failures);
    Section::of("operations", "Operations", vec![Block::Facts(facts), dual, sides])
}

pub(super) fn routes(status: &MigrationStatus) -> Option<Section> {
    let traffic = &status.traffic;
    let share = |side| traffic.share(side).map_or(UNKNOWN.to_owned(), per_cent);
    let facts = if traffic.routes.is_empty() {
        Vec::new()
    } else {
        let text = format!("legacy {}, modern {}", share("legacy"), share("modern"));
        vec![fact("requests", Cell::new(text))]
    };
    let routes = traffic.routes.iter();
    let routes =
        routes.map(|it| vec![Cell::new(it.side), Cell::new(it.reason), Cell::new(it.requests)]);
    let fallbacks = traffic.fallbacks.iter();
    let fallbacks =
        fallbacks.map(|it| vec![Cell::new(it.side), Cell::new(it.reason), Cell::new(it.requests)]);
    let table = |caption, side, rows| {
        Block::Table(Table { caption, head: vec![side, "because", "requests"], rows })
    };
    let section = Section::of(
        "routes",
        "Shares and fallbacks",
        vec![
            Block::Facts(facts),
            table("Where requests went", "sent to", routes.collect()),
            table("What the other side answered", "answered by", fallbacks.collect()),
            reasons("What was refused", "because", &traffic.refused),
        ],
    )?;
    Some(if traffic.routes.is_empty() { section } else { section.drawn(Figure::Routes) })
}
