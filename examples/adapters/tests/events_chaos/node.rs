//! A process of relays or consumers.

use std::process::{Child, Command, Stdio};

/// A process; killed with it.
#[derive(Debug)]
pub(crate) struct Node {
    arguments: Vec<String>,
    child: Child,
}

fn spawned(arguments: &[String]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_event-node"));
    // It ends with its standard input: with this process, however that ends.
    command.args(arguments).stdin(Stdio::piped()).spawn().unwrap()
}

impl Node {
    pub(crate) fn new(role: &str, database: &str, bus: &str, options: &[&str]) -> Self {
        let arguments = [role, database, bus].into_iter().chain(options.iter().copied());
        let arguments: Vec<_> = arguments.map(str::to_owned).collect();
        Self { child: spawned(&arguments), arguments }
    }

    /// No fault of others ends it.
    pub(crate) fn assert_alive(&mut self) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "a {} gave up: {ended:?}", self.arguments[0]);
    }

    pub(crate) fn kill(&mut self) {
        self.assert_alive();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn start(&mut self) {
        self.child = spawned(&self.arguments);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
