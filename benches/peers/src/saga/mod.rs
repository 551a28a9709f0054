//! Sagas beside those of other crates: the same four steps that do nothing, with and
//! without a way back; then what only grows: steps, stages, finished sagas.

mod by_hand;
mod cano;
mod engine;
mod journals;
mod kept;
mod ours;
mod shapes;
mod steno;

use measure::figure;

use self::engine::{Candidate, End, Measured, Way};
use crate::race::runtime;

/// Measures everything and prints it.
pub(crate) fn print() {
    let runtime = runtime();
    let mut candidates = Vec::new();
    for end in [End::Success, End::Undone] {
        for way in [Way::OneByOne, Way::AtOnce] {
            candidates.extend([
                Candidate::new(ours::Ours::default(), end, way),
                Candidate::new(steno::Steno::default(), end, way),
                Candidate::new(cano::Cano::stored(), end, way),
                Candidate::new(cano::Cano::named(), end, way),
                Candidate::new(cano::Cano::mute(), end, way),
                Candidate::new(cano::Cano::unstored(), end, way),
                Candidate::new(by_hand::ByHand::default(), end, way),
            ]);
        }
    }
    let measured = engine::race(&runtime, candidates);
    print_table(&measured);
    print_figures(&measured);
    for end in [End::Success, End::Undone] {
        let appends = runtime.block_on(ours::appends(end));
        figure(format_args!("saga.{}.appends", end.name()), number(appends), "calls");
    }
    shapes::print(&runtime);
    runtime.block_on(kept::print());
}

/// A count that is small enough to be told.
#[expect(clippy::cast_precision_loss, reason = "figures are for people")]
const fn number(count: u64) -> f64 {
    count as f64
}

fn print_table(measured: &[Measured]) {
    println!("CPU time, wall time and allocations of one saga of four steps that do nothing.\n");
    println!("{:34} {:>9} {:>9} {:>9}", "", "cpu us", "wall us", "allocs");
    for Measured { end, way, engine, cost } in measured {
        let name = format!("{}.{}{engine}", end.name(), way.prefix());
        println!("{name:34} {:9.2} {:9.2} {:9.1}", cost.cpu, cost.wall, cost.allocations);
    }
    println!();
}

fn print_figures(measured: &[Measured]) {
    for Measured { end, way, engine, cost } in measured {
        let engine = if *engine == ours::NAME { String::new() } else { format!(".{engine}") };
        let name = format!("saga.{}{engine}{}", end.name(), way.suffix());
        figure(format_args!("{name}.cpu_us"), cost.cpu, "us");
        figure(format_args!("{name}.wall_us"), cost.wall, "us");
        figure(format_args!("{name}.allocs"), cost.allocations, "allocations");
    }
    for end in [End::Success, End::Undone] {
        let cpu = |engine| {
            let is_it =
                |it: &&Measured| it.end == end && it.way == Way::OneByOne && it.engine == engine;
            measured.iter().find(is_it).map_or(f64::NAN, |it| it.cost.cpu)
        };
        for peer in [steno::NAME, cano::STORED, cano::MUTE] {
            let ratio = cpu(peer) / cpu(ours::NAME);
            figure(format_args!("saga.{}.vs_{peer}", end.name()), ratio, "times");
        }
        // What a machine that is busy with others does not change.
        let ratio = cpu(ours::NAME) / cpu(by_hand::NAME);
        figure(format_args!("saga.{}.over_by_hand", end.name()), ratio, "times");
    }
}
