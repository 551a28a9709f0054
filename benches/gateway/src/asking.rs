//! Safe requests at a steady pace, while others hang on.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use measure::median;
use tokio::task::LocalSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::client::{Connection, Side, USERS};
use crate::error::Failure;
use crate::serve;

/// A request each: 200 a second.
const PACE: Duration = Duration::from_millis(5);

/// What those who asked were told.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Asked {
    pub(crate) all: u32,
    /// Not answered with legacy's page within five seconds.
    pub(crate) starved: u32,
    /// The middle of the answers' times, and the longest, in milliseconds.
    pub(crate) p50: f64,
    pub(crate) longest: f64,
}

impl Asked {
    /// What [`run`] prints.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let fields: Vec<f64> = line
            .strip_prefix("asked ")?
            .split(' ')
            .map_while(|field| field.split_once('=')?.1.parse().ok())
            .collect();
        let [all, starved, p50, longest] = fields[..] else { return None };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
        let (all, starved) = (all as u32, starved as u32);
        Some(Self { all, starved, p50, longest })
    }
}

/// Asks for so many seconds, every second time on a new connection. Each answer has to be
/// legacy's: modern is dead.
pub(crate) fn run(port: &str, seconds: &str) -> Result<(), Failure> {
    let (port, seconds): (u16, u64) = (port.parse()?, seconds.parse()?);
    let asked = serve::run(LocalSet::new().run_until(async move {
        let asker = Rc::new(Asker::new(port));
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let (began, mut asking) = (Instant::now(), Vec::new());
        while began.elapsed() < Duration::from_secs(seconds) {
            pace.tick().await;
            let (asker, number) = (Rc::clone(&asker), asking.len());
            asking.push(tokio::task::spawn_local(async move { asker.ask(number).await }));
        }
        for asked in asking {
            asked.await?;
        }
        if let Some(failure) = asker.first.take() {
            eprintln!("the first that starved: {failure}");
        }
        Ok(asker.told())
    }))?;
    let Asked { all, starved, p50, longest } = asked;
    println!("asked all={all} starved={starved} p50={p50:.2} longest={longest:.2}");
    Ok(())
}

struct Asker {
    port: u16,
    /// Connections that nobody asks on.
    idle: RefCell<Vec<Connection>>,
    /// Milliseconds until each answer; `None` without one.
    times: RefCell<Vec<Option<f64>>>,
    /// Why the first that failed did.
    first: RefCell<Option<String>>,
}

impl Asker {
    fn new(port: u16) -> Self {
        Self {
            port,
            idle: RefCell::default(),
            times: RefCell::default(),
            first: RefCell::default(),
        }
    }

    async fn ask(&self, number: usize) {
        let began = Instant::now();
        let user = u32::try_from(number).unwrap_or_default() % USERS + 1;
        let answered = self.answered(user, number % 2 == 0).await;
        if let Err(failure) = &answered {
            *self.first.borrow_mut() = self.first.take().or_else(|| Some(failure.to_string()));
        }
        let time = answered.is_ok().then(|| began.elapsed().as_secs_f64() * 1_000.0);
        self.times.borrow_mut().push(time);
    }

    async fn answered(&self, user: u32, anew: bool) -> Result<(), Failure> {
        let kept = if anew { None } else { self.idle.borrow_mut().pop() };
        let mut connection = match kept {
            Some(connection) => connection,
            None => Connection::to(self.port).await?,
        };
        let side = connection.side_of(user).await?;
        if !anew {
            self.idle.borrow_mut().push(connection);
        }
        match side {
            Side::Legacy => Ok(()),
            Side::Modern => Err(Failure::new("the answer is of a service that is dead")),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a run takes seconds")]
    fn told(&self) -> Asked {
        let times = self.times.borrow();
        let mut answered: Vec<f64> = times.iter().copied().flatten().collect();
        Asked {
            all: times.len() as u32,
            starved: (times.len() - answered.len()) as u32,
            longest: answered.iter().copied().fold(0.0, f64::max),
            p50: median(&mut answered),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_read() {
        let asked = Asked { all: 4, starved: 1, p50: 0.5, longest: 2.25 };
        assert_eq!(Asked::read("asked all=4 starved=1 p50=0.50 longest=2.25"), Some(asked));
        assert_eq!(Asked::read("asked all=4"), None);
    }
}
