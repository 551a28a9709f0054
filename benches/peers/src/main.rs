//! `strangler-fig` beside what one would write by hand and beside LaunchDarkly's
//! migrator, on the same adapters, in one run.
//!
//! `cargo run --release -p peers` measures; `-- probes` shows what each does
//! where migrators fail; `-- saga` measures sagas beside those of other crates.

mod bare;
mod floors;
mod launchdarkly;
mod ours;
mod probes;
mod race;
mod saga;
mod table;

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => table::print(),
        Some("probes") => probes::print(),
        Some("saga") => saga::print(),
        Some(other) => {
            eprintln!("{other}? It is `peers`, `peers probes` or `peers saga`.");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
