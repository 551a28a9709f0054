//! The command `fleet`: the director, and what its processes run.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command")]

use std::env;
use std::error::Error;
use std::process::ExitCode;

use fleet::desk::operate;
use fleet::director::direct;
use fleet::node::serve;
use fleet::options::{HELP, Options};
use fleet::task::Task;
use fleet::{Outcome, chain};

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
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("fleet: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

/// Answers whether all is well.
#[tokio::main(worker_threads = 2)]
async fn run(options: Options) -> Outcome<bool> {
    match options.task {
        Some(Task::Node(task)) => of(&task.id.to_string(), serve(task).await),
        Some(Task::Operator(task)) => of(&task.id.to_string(), operate(task).await),
        None => {
            let url = env::var("POSTGRES_URL").unwrap_or_else(|_| URL.to_owned());
            Ok(direct(&options, &url, env::current_exe()?).await?.is_clean())
        }
    }
}

/// Says which process failed.
fn of(who: &str, outcome: Outcome) -> Outcome<bool> {
    let failed = |error: Box<dyn Error + Send + Sync>| format!("{who}: {}", chain(&*error));
    Ok(outcome.map(|()| true).map_err(failed)?)
}
