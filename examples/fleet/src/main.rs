//! The command `fleet`: the director, and what its processes run.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command")]

use std::env;
use std::error::Error;
use std::process::ExitCode;

use fleet::desk::operate;
use fleet::director::direct;
use fleet::node::{EVICTED, Served, serve};
use fleet::options::{HELP, Options};
use fleet::task::Task;
use fleet::{Outcome, chain};
use strangler_fig::phase::NodeId;

/// The exit code of a wrong option.
const WRONG_INPUT: u8 = 2;
const URL: &str = "postgres://postgres@127.0.0.1:5432/test";

fn main() -> ExitCode {
    let options = match Options::parse(env::args_os().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("fleet: {error}");
            return ExitCode::from(WRONG_INPUT);
        }
    };
    if options.help {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match run(options) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("fleet: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

/// Answers whether all is well, or in what way not.
#[tokio::main(worker_threads = 2)]
async fn run(options: Options) -> Outcome<ExitCode> {
    match options.task {
        Some(Task::Node(task)) => of(&task.id.clone(), serve(task).await).map(left),
        Some(Task::Operator(task)) => {
            of(&task.id.clone(), operate(task).await).map(|()| ExitCode::SUCCESS)
        }
        None => {
            let url = env::var("POSTGRES_URL").unwrap_or_else(|_| URL.to_owned());
            let ending = direct(&options, &url, env::current_exe()?).await?;
            Ok(if ending.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

fn left(served: Served) -> ExitCode {
    match served {
        Served::Finished => ExitCode::SUCCESS,
        Served::Evicted => ExitCode::from(EVICTED),
    }
}

/// Says which process failed.
fn of<T>(who: &NodeId, outcome: Outcome<T>) -> Outcome<T> {
    let failed = |error: Box<dyn Error + Send + Sync>| format!("{who}: {}", chain(&*error));
    Ok(outcome.map_err(failed)?)
}
