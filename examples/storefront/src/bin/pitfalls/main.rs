//! What goes wrong where a monolith is taken apart, and how it is found out: each pitfall is a check on the storefront's own
//! processes, beside the naive way, which the same check has to find wrong.
//!
//! ```sh
//! cargo build --release -p adapters -p storefront
//! target/release/pitfalls                  # all of them
//! target/release/pitfalls stale chatty --seed 7
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command")]

mod chained;
mod chatty;
mod distributed;
mod dual_write;
mod hop;
mod kept;
mod line;
mod options;
mod orders;
mod partition;
mod read_model;
mod scene;
mod shared;
mod spans;
mod stale;
mod traces;
mod verdict;

use std::process::ExitCode;
use std::time::Instant;

use storefront::Failed;
use storefront::stage::House;

use crate::options::{Asked, HELP, Pitfall};
use crate::scene::Scene;
use crate::verdict::Verdict;

fn main() -> ExitCode {
    let ended = match Asked::parse(std::env::args_os().skip(1)) {
        Ok(Asked::Help) => {
            print!("{HELP}");
            Ok(true)
        }
        Ok(Asked::Serve) => chained::serve().map(|()| true),
        Ok(Asked::Show { pitfalls, seed }) => shown(&pitfalls, seed),
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("pitfalls: {error}");
            ExitCode::from(2)
        }
    }
}

/// Shows them; answers whether all of it holds. On this thread: what it starts ends with it.
#[tokio::main(flavor = "current_thread")]
async fn shown(pitfalls: &[Pitfall], seed: u64) -> Result<bool, Failed> {
    let began = Instant::now();
    let held = House::staged(false, async |house| {
        let mut scene = Scene::open(house, seed).await?;
        println!("-- all services are ready after {:.1?}", began.elapsed());
        let held = all(&mut scene, pitfalls).await?;
        scene.crew.end().await?;
        Ok(held)
    });
    let held = held.await;
    println!("it took {:.1?}", began.elapsed());
    held
}

async fn all(scene: &mut Scene<'_>, pitfalls: &[Pitfall]) -> Result<bool, Failed> {
    let mut held = Vec::new();
    for pitfall in pitfalls {
        println!("\n-- {}", pitfall.name());
        let verdict = one(scene, *pitfall).await?;
        held.push((pitfall.name(), verdict));
    }
    println!();
    for (name, verdict) in &held {
        println!("{name:<12} {verdict}");
    }
    Ok(held.iter().all(|(_, verdict)| verdict.holds()))
}

async fn one(scene: &mut Scene<'_>, pitfall: Pitfall) -> Result<Verdict, Failed> {
    match pitfall {
        Pitfall::Shared => shared::run(scene).await,
        Pitfall::Distributed => distributed::run(scene).await,
        Pitfall::Traces => traces::run(scene).await,
        Pitfall::Stale => stale::run(scene).await,
        Pitfall::Chatty => chatty::run(scene).await,
        Pitfall::Partition => partition::run(scene).await,
    }
}
