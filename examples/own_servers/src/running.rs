use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::Failed;
use crate::family::{family, lives, signal};
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

    /// It and all that it has started: nobody starts another meanwhile.
    fn stopped(&self) -> Vec<Pid> {
        let mut stopped = Vec::new();
        loop {
            let family = family(self.0.id());
            if family.len() == stopped.len() {
                return family;
            }
            signal(&family, Signal::STOP);
            stopped = family;
        }
    }

    pub(crate) fn stop(&self) {
        self.stopped();
    }

    pub(crate) fn go_on(&self) {
        signal(&family(self.0.id()), Signal::CONT);
    }

    pub(crate) fn kill(mut self) {
        // Its number may be somebody else's by now.
        if matches!(self.0.try_wait(), Ok(Some(_))) {
            return;
        }
        let family = self.stopped();
        signal(&family, Signal::KILL);
        let _ = self.0.wait();
        while family.iter().any(|member| lives(*member)) {
            sleep(Duration::from_millis(5));
        }
    }
}
