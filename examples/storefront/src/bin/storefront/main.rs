//! A shop whose users leave its monolith, on real servers, while people shop: and whether they noticed.
//!
//! ```sh
//! cargo build --release -p adapters -p storefront
//! target/release/storefront                       # or with --chaos --seed 7
//! ```
//!
//! It makes a database for each service with a login that opens no other, starts every service, has people read and write
//! users and order things through the gateway, and moves the users by the commands of the runbook. At the end it judges
//! what everybody saw against what the stores hold.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command")]

mod chaos;
mod ending;
mod judge;
mod migration;
mod options;
mod story;
mod table;
mod tally;
mod traffic;

use std::process::ExitCode;

use options::{HELP, Options};

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args_os().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("storefront: {error}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("storefront: {error}");
            ExitCode::from(2)
        }
    }
}

/// On this thread: what it starts ends with it.
#[tokio::main(flavor = "current_thread")]
async fn run(options: &Options) -> Result<bool, storefront::Failed> {
    story::tell(options).await
}
