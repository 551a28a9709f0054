//! Patience, which goes by what goes on and not by a clock alone.

use std::time::Duration;

use strangler_fig::error::StoreError;
use tokio::time::{Instant, sleep};

use crate::bus::{Bus, subscription};
use crate::database::{Database, Tally};

const POLL: Duration = Duration::from_millis(250);

/// Waits until so many messages have had an effect and none is left in the outbox, or nothing has changed for so long.
pub(crate) async fn arrived(database: &Database, expected: usize, patience: Duration) -> Tally {
    let mut until = Instant::now() + patience;
    let mut last = None;
    loop {
        let tally = database.tally().await;
        if let Ok(tally) = &tally {
            if tally.effects >= expected as u64 && tally.unsent == 0 {
                return *tally;
            }
            if last.replace(*tally) != Some(*tally) {
                until = Instant::now() + patience;
            }
        }
        if Instant::now() > until {
            return last.unwrap_or_else(|| panic!("the database is away: {tally:?}"));
        }
        sleep(POLL).await;
    }
}

/// How many there are, of the first hundred.
pub(crate) async fn dead_letters(bus: &Bus) -> usize {
    let name = subscription();
    let until = Instant::now() + Duration::from_mins(2);
    loop {
        let count: Result<usize, StoreError> = match bus {
            Bus::Rabbitmq(bus) => bus.dead_letters(&name, 100).await.map(|found| found.len()),
            Bus::Nats(bus) => bus.dead_letters(&name, 100).await.map(|found| found.len()),
        };
        match count {
            Ok(count) => return count,
            Err(error) => assert!(Instant::now() < until, "{}", error.with_causes()),
        }
        sleep(POLL).await;
    }
}
