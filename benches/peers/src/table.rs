//! The measurements, one line each, then the figures.

use measure::{figure, phase_name};

use crate::launchdarkly::STAGES;
use crate::race::{Measured, run, runtime};
use crate::{bare, floors, launchdarkly, ours};

/// Measures everything and prints it.
pub(crate) fn print() {
    let runtime = runtime();
    let mut candidates = bare::candidates();
    candidates.extend(floors::candidates());
    candidates.extend(ours::candidates());
    candidates.extend(launchdarkly::candidates(&runtime));
    let measured = run(&runtime, candidates);

    println!("CPU time and allocations of one operation, the store calls not counted.\n");
    println!("{:42} {:>9} {:>9} {:>7} {:>9}", "", "own ns", "whole ns", "allocs", "testdata");
    for one in &measured {
        print_line(one, ratio(&measured, one));
    }
    println!();
    for Measured { name, own, .. } in &measured {
        figure(format_args!("{name}.ns"), own.nanos, "ns");
        figure(format_args!("{name}.allocs"), own.allocations, "allocations");
    }
    print_ratios(&measured);
}

fn print_line(one: &Measured, ratio: Option<f64>) {
    let ratio = ratio.map_or(String::new(), |ratio| format!("{ratio:8.1}x"));
    let Measured { name, whole, own } = one;
    let (nanos, whole, allocations) = (own.nanos, whole.nanos, own.allocations);
    println!("{name:42} {nanos:9.1} {whole:9.1} {allocations:7.2} {ratio}");
}

/// The least that a clock tells apart here; a ratio over less says nothing.
const NANOS_MIN: f64 = 1.0;

/// How many times as much the migrator with its test data spends.
fn ratio(measured: &[Measured], one: &Measured) -> Option<f64> {
    let rest = one.name.strip_prefix("repository.")?;
    let (phase, operation) = rest.split_once('.')?;
    let operation = operation.split('.').next()?;
    let theirs = format!("launchdarkly.testdata.{phase}.{operation}");
    let theirs = measured.iter().find(|measured| measured.name == theirs)?;
    Some(theirs.own.nanos / one.own.nanos.max(NANOS_MIN))
}

fn print_ratios(measured: &[Measured]) {
    let worst = |ending: &str| {
        let names = STAGES.iter().flat_map(|(phase, _)| {
            ["read", "write"].map(|op| format!("repository.{}.{op}{ending}", phase_name(*phase)))
        });
        let ratios = names.filter_map(|name| {
            let one = measured.iter().find(|one| one.name == name)?;
            ratio(measured, one)
        });
        ratios.fold(f64::INFINITY, f64::min)
    };
    figure("repository.worst_ratio_vs_testdata", worst(""), "times");
    figure("repository.worst_ratio_vs_testdata.dyn", worst(".dyn"), "times");
    for sampled in ["sampled", "sampledinall"] {
        let name = format!("repository.shadow.read.{sampled}");
        let one = measured.iter().find(|one| one.name == name);
        if let Some(ratio) = one.and_then(|one| ratio(measured, one)) {
            figure(format_args!("{name}.ratio_vs_testdata"), ratio, "times");
        }
    }
}
