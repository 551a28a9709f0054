//! The measurements, one line each, then the figures.

use measure::figure;

use super::contestant::{Contestant, Measured};
use super::documents::ENTRIES;

/// Prints everything.
pub(crate) fn print(measured: &[Measured], sagas: u64) {
    println!(
        "\n{:8} {:>8} {:>10} {:>9} {:>9} {:>9} {:>7}",
        "", "wall s", "rows/s", "commits/s", "client s", "server s", "busy"
    );
    for one in measured {
        let Measured { contestant, ran, busy, commits, .. } = one;
        println!(
            "{:8} {:8.2} {:10.0} {:9.0} {:9.2} {:9.2} {:6.0}%",
            contestant.name(),
            ran.wall,
            per_second(sagas * ENTRIES, one),
            per_second(*commits, one),
            ran.cpu,
            ran.server.unwrap_or_default(),
            busy * 100.0
        );
    }
    println!();
    print_figures(measured, sagas);
}

fn print_figures(measured: &[Measured], sagas: u64) {
    let rate = |of: Contestant| {
        let found = measured.iter().find(|one| one.contestant == of);
        found.map_or(0.0, |one| per_second(sagas * ENTRIES, one))
    };
    let ours = rate(Contestant::Sagas);
    #[expect(clippy::cast_precision_loss, reason = "figures are for people")]
    figure("saga.postgres.sagas_per_s", ours / ENTRIES as f64, "sagas/s");
    figure("saga.postgres.rows_per_s", ours, "rows/s");
    for (of, name) in [
        (Contestant::Packed, "insert"),
        (Contestant::Appends, "insert_appends"),
        (Contestant::Rows, "insert_each"),
    ] {
        figure(format_args!("saga.postgres.{name}_rows_per_s"), rate(of), "rows/s");
        figure(format_args!("saga.postgres.vs_{name}"), ours / rate(of), "times");
    }
    let server = measured.iter().find(|one| one.contestant == Contestant::Sagas);
    if let Some(server) = server.and_then(|one| one.ran.server) {
        #[expect(clippy::cast_precision_loss, reason = "figures are for people")]
        figure("saga.postgres.server_cpu_us", server * 1e6 / sagas as f64, "us a saga");
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures are for people")]
fn per_second(count: u64, of: &Measured) -> f64 {
    count as f64 / of.ran.wall
}
