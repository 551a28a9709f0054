use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use crate::Failed;
use crate::place::Place;

/// A server that was started.
#[derive(Debug)]
pub(crate) struct Running(Child);

impl Running {
    /// Starts it; its words go to the log of its place.
    pub(crate) fn new(mut command: Command, place: &Place) -> Result<Self, Failed> {
        let log = fs::File::options().create(true).append(true).open(place.log())?;
        command.stdout(log.try_clone()?).stderr(log);
        let child = command.process_group(0).spawn();
        Ok(Self(child.map_err(|error| format!("no {command:?} ({error}): install it"))?))
    }

    pub(crate) fn has_ended(&mut self) -> Result<bool, Failed> {
        Ok(self.0.try_wait()?.is_some())
    }

    pub(crate) fn kill(mut self, place: &Place) {
        let _ = self.0.kill();
        let _ = self.0.wait();
        // One that is about to start another may get to it.
        while !place.residents().is_empty() {
            place.signal(Signal::KILL);
            sleep(Duration::from_millis(5));
        }
    }
}
