use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Failed;
use fastrand::Rng;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::process::mortal;
use super::rooms::Rooms;

/// Somebody who uses the commands of the runbook.
#[derive(Debug)]
pub struct Operator {
    programs: PathBuf,
    settings: Vec<(&'static str, String)>,
    /// How long one goal may take, with attempts that failed.
    patience: Duration,
    /// Whoever kills operators on their way, if anybody does.
    killer: Option<Mutex<Rng>>,
    is_quiet: bool,
}

/// Between two attempts.
const AGAIN: Duration = Duration::from_secs(1);
/// How long an operator lives at most whom somebody kills.
const DOOMED: Duration = Duration::from_millis(1_500);
/// How long a fleet may take until it has settled, before people go on without: the sweep finds what is left behind.
const SETTLED: Duration = Duration::from_secs(15);

impl Operator {
    /// Whoever opens what moves, and where it moves to. `killer`: somebody kills operators on their way.
    #[must_use]
    pub fn new(programs: &Path, rooms: &Rooms, killer: Option<Rng>) -> Self {
        let (shop, users, state) =
            (rooms.operated("shop"), rooms.operated("users"), rooms.operated("state"));
        let settings = vec![
            ("STATE_URL", state),
            ("LEGACY_URL", shop),
            ("MODERN_URL", users),
            ("ACTOR", "ann".to_owned()),
        ];
        let (programs, patience) = (programs.to_owned(), Duration::from_secs(90));
        Self { programs, settings, patience, killer: killer.map(Mutex::new), is_quiet: false }
    }

    /// The same, without a word of what it does.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.is_quiet = true;
        self
    }

    /// Moves to where it is to be. An operator who is killed on the way is followed by another, who goes on from there.
    ///
    /// # Errors
    ///
    /// It takes too long.
    pub async fn advance(&self, to: &str, why: &str) -> Result<(), Failed> {
        while let Some(lasts) = self.doom() {
            let mut command = self.command("operate", &["advance-to", to, "--reason", why]);
            let mut operator = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
            let Some(process) = operator.id() else { break };
            if timeout(lasts, operator.wait()).await.is_ok() {
                break;
            }
            operator.kill().await?;
            println!("    operate advance-to {to} is killed");
            self.bury(process).await?;
        }
        self.operate(&["advance-to", to], why).await.map(drop)
    }

    /// How long the next operator lives; none if nobody kills one.
    fn doom(&self) -> Option<Duration> {
        let mut rng = self.killer.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        (rng.u8(..3) == 0).then(|| DOOMED.mul_f64(rng.f64()))
    }

    /// Takes the lease away of an operator who was killed, if there is one: it would hold up every crossing.
    async fn bury(&self, process: u32) -> Result<(), Failed> {
        let name = format!("operate-{process}");
        let lease = format!("{name}/");
        let words = ["evict", &name, "--process-has-ended", "--reason", "it was killed"];
        let by = Instant::now() + self.patience;
        while self.status().await?.contains(&lease) {
            self.once("operate", &words).await?;
            if Instant::now() > by {
                return Err(format!("the lease of {name} stays").into());
            }
            sleep(AGAIN / 4).await;
        }
        Ok(())
    }

    /// Moves, as often as it takes; answers what was said.
    ///
    /// # Errors
    ///
    /// It takes too long.
    pub async fn operate(&self, words: &[&str], why: &str) -> Result<String, Failed> {
        let words = [words, &["--reason", why, "--wait", "30"]].concat();
        self.until_done("operate", &words).await
    }

    /// Copies, checks or repairs, as often as it takes; answers what was said.
    ///
    /// # Errors
    ///
    /// It takes too long.
    pub async fn migrate(&self, words: &[&str]) -> Result<String, Failed> {
        self.until_done("migrate", words).await
    }

    /// Compares the stores, and repairs, until they are level.
    ///
    /// # Errors
    ///
    /// They do not become so.
    pub async fn level(&self) -> Result<(), Failed> {
        let by = Instant::now() + self.patience;
        loop {
            let (is_level, said) = self.once("migrate", &["check", "--settling", "1000"]).await?;
            if is_level {
                return Ok(());
            }
            if Instant::now() > by {
                return Err(format!("the stores do not become level: {said}").into());
            }
            self.migrate(&["repair"]).await?;
        }
    }

    /// How many nodes serve.
    ///
    /// # Errors
    ///
    /// Nobody says.
    pub async fn serving(&self) -> Result<u32, Failed> {
        let said = self.status().await?;
        if !self.is_quiet {
            println!("$ operate status\n    {}", said.replace('\n', "\n    "));
        }
        serving(&said).ok_or_else(|| format!("nobody says how many serve: {said}").into())
    }

    /// Waits until every node works by the newest state, within bounds.
    ///
    /// # Errors
    ///
    /// There is no such command.
    pub async fn settled(&self) -> Result<(), Failed> {
        let by = Instant::now() + SETTLED;
        while Instant::now() < by {
            let (_, said) = self.quietly("operate", &["status"]).await?;
            if is_settled(&said) {
                return Ok(());
            }
        }
        if !self.is_quiet {
            println!("    the fleet has not settled; on we go");
        }
        Ok(())
    }

    /// What is said of the migration, once somebody says it.
    async fn status(&self) -> Result<String, Failed> {
        let by = Instant::now() + self.patience;
        loop {
            let (is_said, said) = self.quietly("operate", &["status"]).await?;
            if is_said {
                return Ok(said);
            }
            if Instant::now() > by {
                return Err(format!("operate status does not succeed: {said}").into());
            }
            sleep(AGAIN).await;
        }
    }

    async fn until_done(&self, program: &str, words: &[&str]) -> Result<String, Failed> {
        let by = Instant::now() + self.patience;
        loop {
            let (is_done, said) = self.once(program, words).await?;
            if is_done {
                return Ok(said);
            }
            if Instant::now() > by {
                let command = words.join(" ");
                return Err(format!("{program} {command} does not succeed: {said}").into());
            }
            sleep(AGAIN).await;
        }
    }

    async fn once(&self, program: &str, words: &[&str]) -> Result<(bool, String), Failed> {
        if self.is_quiet {
            return self.quietly(program, words).await;
        }
        println!("$ {program} {}", words.join(" "));
        let (is_done, said) = self.quietly(program, words).await?;
        for line in said.lines() {
            println!("    {line}");
        }
        Ok((is_done, said))
    }

    async fn quietly(&self, program: &str, words: &[&str]) -> Result<(bool, String), Failed> {
        let output = self
            .command(program, words)
            .output()
            .await
            .map_err(|error| format!("{program}: {error}"))?;
        // A bar that nobody looks at is not what it says.
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        Ok((output.status.success(), said.trim().to_owned()))
    }

    fn command(&self, program: &str, words: &[&str]) -> Command {
        let mut command = mortal(&self.programs.join(program));
        command.args(words).envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// `nodes   3 serving, 3 expected`
fn serving(status: &str) -> Option<u32> {
    let line = status.lines().find(|line| line.starts_with("nodes"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Whether each node (`node-1/1af0 epoch 2`) works by the epoch of the migration (`migration customers, epoch 2`).
fn is_settled(status: &str) -> bool {
    let epochs = |line: &'_ str| line.split_once("epoch ").map(|(_, epoch)| epoch.to_owned());
    let Some(newest) = status.lines().next().and_then(epochs) else { return false };
    let nodes = status.lines().skip_while(|line| !line.starts_with("nodes")).skip(1);
    let mut nodes = nodes.take_while(|line| line.starts_with(' ')).filter_map(epochs).peekable();
    nodes.peek().is_some() && nodes.all(|epoch| epoch == newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "migration customers, epoch 2\n\
        base    0.00 % to 100.00 %: dual_write, not settled\n\
        nodes   3 serving, 4 expected\n        direct-writers/0000 outside\n        \
        node-1/1af0 epoch 2\nnext    onward:\n  1. to shadow\n";

    #[test]
    fn a_status_says_who_serves_and_whether_they_follow() {
        assert_eq!(serving(STATUS), Some(3));
        assert!(is_settled(STATUS));
        for other in ["1af0 epoch 1", "1af0 epoch 2, silent"] {
            assert!(!is_settled(&STATUS.replace("1af0 epoch 2", other)), "{other}");
        }
        let away = "operate: the state is away";
        assert_eq!((serving(away), is_settled(away)), (None, false));
    }
}
