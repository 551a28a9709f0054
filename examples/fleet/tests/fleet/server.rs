use std::env;
use std::path::PathBuf;
use std::time::Duration;

use fleet::stage::{Setting, Stage};
use tokio::sync::mpsc::unbounded_channel;

/// The server of the tests.
pub(crate) fn url() -> String {
    let usual = || "postgres://postgres@127.0.0.1:5432/test".to_owned();
    env::var("POSTGRES_URL").unwrap_or_else(|_| usual())
}

/// A fleet whose nodes go on with what they know of the phase for so long.
pub(crate) async fn stage(poll_intervals: &[Duration]) -> Stage {
    let (tell, _) = unbounded_channel();
    let setting = Setting {
        url: url(),
        program: PathBuf::from(env!("CARGO_BIN_EXE_fleet")),
        poll_intervals: poll_intervals.to_vec(),
        term: None,
        seed: 7,
        tell,
    };
    let opened = Stage::open(&setting).await;
    opened.unwrap_or_else(|error| panic!("{}", fleet::chain(&*error)))
}
