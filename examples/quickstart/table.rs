//! Numbers, for people.

use std::fmt::Write;
use std::time::Duration;

use crate::report::Stage;

/// The stages of a run, one line each.
pub fn table(stages: Vec<Stage>) -> String {
    let mut table = format!(
        "{:<20}{:>5}{:>9}{:>12}{:>7}{:>13}{:>7}{:>8}{:>9}{:>6}{:>10}\n",
        "times in ms",
        "s",
        "calls",
        "reads p50",
        "p99",
        "writes p50",
        "p99",
        "failed",
        "unknown",
        "seen",
        "repaired"
    );
    for stage in stages {
        line(&mut table, stage);
    }
    table
}

fn line(table: &mut String, stage: Stage) {
    let (seconds, calls) = (stage.duration().as_secs_f64(), grouped(stage.calls()));
    let Stage { name, reads, writes, failed, unknown, seen, repaired, .. } = stage;
    let ([reads_50, reads_99], [writes_50, writes_99]) = (quantiles(reads), quantiles(writes));
    let [failed, unknown, seen, repaired] = [failed, unknown, seen, repaired].map(grouped);
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        table,
        "{name:<20}{seconds:>5.1} {calls:>8} {reads_50:>11} {reads_99:>6} {writes_50:>12} \
         {writes_99:>6} {failed:>7} {unknown:>8} {seen:>5} {repaired:>9}"
    );
}

/// The milliseconds that half of the calls took at most, and 99 in 100.
fn quantiles(mut times: Vec<Duration>) -> [String; 2] {
    times.sort_unstable();
    [50, 99].map(|percent| match times.get(times.len() * percent / 100) {
        Some(time) => format!("{:.2}", time.as_secs_f64() * 1_000.0),
        None => "-".to_owned(),
    })
}

/// A number with commas.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
