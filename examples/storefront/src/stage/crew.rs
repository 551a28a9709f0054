//! The processes, as whoever runs a service keeps them: what ends is started again, what does not answer is ended.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::Failed;
use rustix::process::Signal;
use tokio::sync::{Mutex, MutexGuard, watch};
use tokio::time::{sleep, timeout};

use super::cast::Part;
use super::process::Process;
use super::web::Web;

/// How long a process may take until it is ready; debug builds on a busy machine do.
const READY: Duration = Duration::from_mins(1);
/// How long it may take to its end.
const END: Duration = Duration::from_secs(15);
/// Between two looks at all of them.
const LOOK: Duration = Duration::from_millis(300);
/// Who is not ready for so long is started again.
const UNREADY: Duration = Duration::from_secs(10);
const PROBE: Duration = Duration::from_secs(1);

/// A process, and what it is started with.
#[derive(Debug)]
pub struct Member {
    part: Part,
    process: Process,
    ready: Instant,
}

/// What it means that a process ends before it was ready.
#[derive(Debug, Clone, Copy)]
enum Ends {
    /// It was set up wrongly.
    Fail,
    /// It was not lucky.
    Again,
}

/// All of them.
#[derive(Debug)]
pub struct Crew {
    members: Vec<Mutex<Member>>,
    web: Web,
    fallen: AtomicUsize,
}

impl Member {
    fn start(part: Part) -> Result<Self, Failed> {
        Ok(Self { process: Process::start(&part)?, part, ready: Instant::now() })
    }

    fn again(&mut self) -> Result<(), Failed> {
        *self = Self::start(self.part.clone())?;
        Ok(())
    }

    /// As which it takes part.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.part.name
    }

    /// It ends where it is, and another takes its place after a while.
    ///
    /// # Errors
    ///
    /// It does not end, or another does not start.
    pub async fn kill(&mut self, down: Duration) -> Result<(), Failed> {
        self.process.kill().await?;
        sleep(down).await;
        self.again()
    }

    /// It does nothing for a while, and does not know.
    ///
    /// # Errors
    ///
    /// It cannot be told.
    pub async fn pause(&mut self, length: Duration) -> Result<(), Failed> {
        self.process.signal(Signal::STOP)?;
        sleep(length).await;
        self.ready = Instant::now();
        self.process.signal(Signal::CONT)
    }
}

impl Crew {
    /// Starts everybody, and waits until all are ready.
    ///
    /// # Errors
    ///
    /// Somebody does not start, ends, or does not get ready.
    pub async fn start(cast: Vec<Part>, web: Web) -> Result<Self, Failed> {
        let members = cast.into_iter().map(|part| Member::start(part).map(Mutex::new));
        let members = members.collect::<Result<_, _>>()?;
        let crew = Self { members, web, fallen: AtomicUsize::new(0) };
        for number in 0..crew.members.len() {
            crew.until_ready(number, Ends::Fail).await?;
        }
        Ok(crew)
    }

    /// How many they are.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.members.len()
    }

    /// One of them, whom nobody else looks after meanwhile.
    pub async fn member(&self, number: usize) -> MutexGuard<'_, Member> {
        self.members[number].lock().await
    }

    /// How many ended though nobody asked them to, or had to be ended.
    #[must_use]
    pub fn fallen(&self) -> usize {
        self.fallen.load(Ordering::Relaxed)
    }

    /// Waits until a process is ready. One that ends on the way, say because its database is away, is started again.
    ///
    /// # Errors
    ///
    /// It takes a minute.
    pub async fn ready(&self, number: usize) -> Result<(), Failed> {
        self.until_ready(number, Ends::Again).await
    }

    async fn until_ready(&self, number: usize, ends: Ends) -> Result<(), Failed> {
        let by = Instant::now() + READY;
        loop {
            let mut member = self.member(number).await;
            let (name, log) = (member.name(), member.part.log.clone());
            if let Some(status) = member.process.ended()? {
                let why = format!("ends with {status}");
                match ends {
                    Ends::Fail => {
                        return Err(format!("{name} {why}: see {}", log.display()).into());
                    }
                    Ends::Again => self.raise(&mut member, &why)?,
                }
            }
            if self.is_ready(&member.part).await {
                member.ready = Instant::now();
                return Ok(());
            }
            drop(member);
            if Instant::now() > by {
                return Err(format!("{name} does not get ready: see {}", log.display()).into());
            }
            sleep(LOOK / 6).await;
        }
    }

    async fn is_ready(&self, part: &Part) -> bool {
        let probe = format!("{}/readyz", part.url());
        let answer = timeout(PROBE, self.web.get(&probe)).await;
        answer.is_ok_and(|answer| answer.status == Some(200))
    }

    /// Another takes the place of a process, with other settings, as in a deployment.
    ///
    /// # Errors
    ///
    /// It does not start, or does not get ready.
    pub async fn replace(&self, number: usize, settings: &[(&str, &str)]) -> Result<(), Failed> {
        let mut member = self.member(number).await;
        for (name, value) in settings {
            member.part.set(name, value);
        }
        if !member.process.end(END).await? {
            self.fallen.fetch_add(1, Ordering::Relaxed);
        }
        member.again()?;
        drop(member);
        self.ready(number).await
    }

    /// Looks after everybody until it is over. Whom somebody holds up on purpose is left alone.
    ///
    /// # Errors
    ///
    /// Somebody cannot be started again.
    pub async fn keep(&self, mut over: watch::Receiver<bool>) -> Result<(), Failed> {
        while timeout(LOOK, over.wait_for(|over| *over)).await.is_err() {
            for member in &self.members {
                if let Ok(mut member) = member.try_lock() {
                    self.look_after(&mut member).await?;
                }
            }
        }
        Ok(())
    }

    async fn look_after(&self, member: &mut Member) -> Result<(), Failed> {
        let why = if let Some(status) = member.process.ended()? {
            format!("ends with {status}")
        } else if self.is_ready(&member.part).await {
            member.ready = Instant::now();
            return Ok(());
        } else if member.ready.elapsed() > UNREADY {
            member.process.kill().await?;
            "is not ready any more".to_owned()
        } else {
            return Ok(());
        };
        self.raise(member, &why)
    }

    /// Starts somebody again who has fallen.
    fn raise(&self, member: &mut Member, why: &str) -> Result<(), Failed> {
        self.fallen.fetch_add(1, Ordering::Relaxed);
        println!("    {} {why}, and is started again", member.name());
        member.again()
    }

    /// Ends everybody; answers who did not end when asked.
    ///
    /// # Errors
    ///
    /// Somebody cannot be told.
    pub async fn end(&self) -> Result<Vec<&'static str>, Failed> {
        let mut killed = Vec::new();
        for member in &self.members {
            member.lock().await.process.signal(Signal::TERM)?;
        }
        for member in &self.members {
            let mut member = member.lock().await;
            if !member.process.end(END).await? {
                killed.push(member.name());
            }
        }
        Ok(killed)
    }
}
