use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use crate::Failed;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::cast::Part;

/// A process that this one has started, and that ends with it.
///
/// Its number is used for a signal only while it has not been waited for, so that it is nobody else's.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts what takes this part.
    ///
    /// # Errors
    ///
    /// There is no such program, or no place for its log.
    pub fn start(part: &Part) -> Result<Self, Failed> {
        let log = OpenOptions::new().create(true).append(true).open(&part.log)?;
        let mut command = mortal(&part.program);
        command.args(part.args);
        command.envs(part.settings.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let cannot = |error| format!("{} does not start: {error}", part.program.display());
        Ok(Self(command.spawn().map_err(cannot)?))
    }

    /// Sends it a signal; nothing, if it has ended.
    ///
    /// # Errors
    ///
    /// The kernel refuses.
    pub fn signal(&self, signal: Signal) -> Result<(), Failed> {
        match self.0.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            Some(number) => Ok(kill_process(number, signal)?),
            None => Ok(()), // it has ended
        }
    }

    /// How it has ended, if it has.
    ///
    /// # Errors
    ///
    /// It cannot be asked.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, Failed> {
        Ok(self.0.try_wait()?)
    }

    /// Ends it where it is.
    ///
    /// # Errors
    ///
    /// It cannot be told.
    pub async fn kill(&mut self) -> Result<(), Failed> {
        match self.ended()? {
            Some(_) => Ok(()),
            None => Ok(self.0.kill().await?),
        }
    }

    /// Asks it to end, and kills it if that takes too long; answers whether it ended as it was asked to.
    ///
    /// # Errors
    ///
    /// It cannot be told.
    pub async fn end(&mut self, within: Duration) -> Result<bool, Failed> {
        if self.ended()?.is_none() {
            self.signal(Signal::TERM)?;
        }
        match timeout(within, self.0.wait()).await {
            Ok(ended) => Ok(ended?.success()),
            Err(_) => self.kill().await.map(|()| false),
        }
    }
}

/// A command that is killed when this process ends, however it ends. Of this one's environment it gets `PATH` and `RUST_LOG`
/// (`warn`, if nothing is said): whoever administers the servers is nobody's business.
#[must_use]
pub fn mortal(program: &Path) -> Command {
    let mut command = if Path::new(SETPRIV).exists() {
        let mut command = Command::new(SETPRIV);
        command.args([OsStr::new("--pdeathsig"), OsStr::new("KILL"), program.as_os_str()]);
        command
    } else {
        Command::new(program)
    };
    command.kill_on_drop(true).env_clear().env("RUST_LOG", "warn");
    command.envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command
}

/// It asks the kernel for that and becomes the program. To do so oneself, between fork and exec, would be `unsafe`.
const SETPRIV: &str = "/usr/bin/setpriv";
/// What others need of this process's environment.
const KEPT: [&str; 2] = ["PATH", "RUST_LOG"];

#[cfg(test)]
mod tests {
    use super::*;

    /// What a process of this part finds in its environment.
    async fn environment(settings: Vec<(&'static str, String)>) -> String {
        let log = std::env::temp_dir().join(format!("storefront-{}", fastrand::u64(..)));
        let part = Part {
            name: "part",
            program: "/bin/sh".into(),
            args: &["-c", "env >&2"],
            settings,
            port: 1,
            log: log.clone(),
        };
        let ended = Process::start(&part).unwrap().0.wait().await.unwrap();
        let said = std::fs::read_to_string(&log).unwrap();
        std::fs::remove_file(log).unwrap();
        assert!(ended.success(), "{said}");
        said
    }

    #[tokio::test]
    async fn a_process_gets_its_settings_and_nothing_else_of_ours() {
        // Cargo sets it for this test.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        let said = environment(vec![("LISTEN", "here".to_owned())]).await;
        let names: Vec<_> = said.lines().filter_map(|line| line.split_once('=')).collect();
        assert!(names.contains(&("LISTEN", "here")), "{said}");
        // The shell adds some of its own.
        let known = ["LISTEN", "PATH", "RUST_LOG", "PWD", "SHLVL", "_", "OLDPWD"];
        let strange: Vec<_> = names.iter().filter(|(name, _)| !known.contains(name)).collect();
        assert!(strange.is_empty(), "{strange:?}");
    }
}
