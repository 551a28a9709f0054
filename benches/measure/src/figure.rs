use std::fmt;

use strangler_fig::phase::Phase;

/// Prints one figure on a line of its own, for programs.
pub fn figure(name: impl fmt::Display, value: f64, unit: &str) {
    println!("figure {name} {value:.2} {unit}");
}

/// The middle of what was measured; zero of nothing.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A phase in the name of a figure.
#[must_use]
pub fn phase_name(phase: Phase) -> String {
    phase.name().replace('_', "")
}
