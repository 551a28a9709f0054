//! Moving the users: the commands of the runbook, in its order, beside the traffic.

use std::time::{Duration, Instant};

use storefront::Failed;
use storefront::stage::{Crew, MONOLITH, Operator, USER_SERVICE};
use tokio::time::sleep;

use crate::judge::Stage;
use crate::tally::Tally;

/// What people see of the way, and how many per cent of their time it takes.
const WAY: [(&str, u32); 9] = [
    ("legacy_only", 8),
    ("dual_write", 16),
    ("shadow", 12),
    ("live for 10 %", 14),
    ("cutover", 8),
    ("live", 14),
    ("ramp_down", 8),
    ("modern_only", 8),
    ("user code off", 12),
];
/// When users are answered by their service alone.
const MODERN_ONLY: usize = 7;
/// At the end of these, processes are replaced: in `shadow`, and in `modern_only`.
const DEPLOYMENTS: [usize; 2] = [2, MODERN_ONLY];
/// At the end of these, keys cross: whoever writes one meanwhile is asked to come again.
const CROSSINGS: [usize; 2] = [3, 4];
/// How many of a hundred requests may come to nothing while keys cross, and at any other time.
const CROSSING_MAX: usize = 10;
const FAILURES_MAX: usize = 2;

/// The stages, in their order.
pub(crate) fn stages() -> Vec<Stage> {
    let stage = |(number, (name, _)): (usize, (&'static str, u32))| Stage {
        name,
        failures_max: match number {
            _ if DEPLOYMENTS.contains(&number) => None,
            _ if CROSSINGS.contains(&number) => Some(CROSSING_MAX),
            _ => Some(FAILURES_MAX),
        },
    };
    WAY.into_iter().enumerate().map(stage).collect()
}

/// A migration under way.
#[derive(Debug)]
pub(crate) struct Migration<'a> {
    pub(crate) operator: &'a Operator,
    pub(crate) crew: &'a Crew,
    pub(crate) tally: &'a Tally,
    pub(crate) shopping: Duration,
}

impl Migration<'_> {
    /// All the way.
    pub(crate) async fn run(&self) -> Result<(), Failed> {
        let began = self.enter(0);
        let nodes = self.operator.serving().await?.to_string();
        self.operate(&["expect", &nodes], "so many serve").await?;
        self.dwell(0, began).await;
        self.fill_modern().await?;
        self.compare().await?;
        self.cross().await?;
        self.leave_legacy().await
    }

    async fn fill_modern(&self) -> Result<(), Failed> {
        self.advance("dual_write", "modern may follow").await?;
        let began = self.enter(1);
        self.operator.settled().await?;
        self.operator.migrate(&["copy"]).await?;
        self.operator.migrate(&["repair"]).await?;
        self.dwell(1, began).await;
        Ok(())
    }

    async fn compare(&self) -> Result<(), Failed> {
        self.advance("shadow", "compare reads").await?;
        let began = self.enter(2);
        self.operator.level().await?;
        self.dwell(2, began).await;
        // Nobody may write behind the crate's back when keys cross.
        println!("$ deploy monolith DIRECT_WRITES=off");
        self.crew.replace(MONOLITH, &[("DIRECT_WRITES", "off")]).await
    }

    async fn cross(&self) -> Result<(), Failed> {
        self.operate(&["share", "10"], "ten per cent lead").await?;
        self.advance("cohort:live", "ten per cent cross").await?;
        let began = self.enter(3);
        self.dwell(3, began).await;
        self.advance("base:cutover", "the others follow").await?;
        let began = self.enter(4);
        self.dwell(4, began).await;
        self.advance("live", "modern answers").await?;
        let began = self.enter(5);
        self.dwell(5, began).await;
        Ok(())
    }

    async fn leave_legacy(&self) -> Result<(), Failed> {
        self.advance("ramp_down", "legacy may fall behind").await?;
        let began = self.enter(6);
        self.dwell(6, began).await;
        self.advance("modern_only", "legacy is not used any more").await?;
        let began = self.enter(MODERN_ONLY);
        self.dwell(MODERN_ONLY, began).await;
        self.operate(&["decommission", "customers"], "legacy is switched off").await?;
        // First nobody asks for it any more, and then it is not there any more.
        println!("$ deploy user-service MONOLITH_URL=");
        self.crew.replace(USER_SERVICE, &[("MONOLITH_URL", "")]).await?;
        println!("$ deploy monolith USER_CODE=off");
        self.crew.replace(MONOLITH, &[("USER_CODE", "off")]).await?;
        let began = self.enter(MODERN_ONLY + 1);
        self.dwell(MODERN_ONLY + 1, began).await;
        Ok(())
    }

    async fn advance(&self, to: &str, why: &str) -> Result<(), Failed> {
        self.operator.advance(to, why).await
    }

    async fn operate(&self, words: &[&str], why: &str) -> Result<(), Failed> {
        self.operator.operate(words, why).await.map(drop)
    }

    fn enter(&self, stage: usize) -> Instant {
        println!("-- {}", WAY[stage].0);
        self.tally.enter(stage);
        Instant::now()
    }

    /// Lets people shop for what is left of the stage's time.
    async fn dwell(&self, stage: usize, since: Instant) {
        let length = self.shopping * WAY[stage].1 / 100;
        sleep(length.saturating_sub(since.elapsed())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_takes_all_of_the_time() {
        assert_eq!(WAY.iter().map(|(_, per_cent)| per_cent).sum::<u32>(), 100);
        assert_eq!(stages()[MODERN_ONLY].name, "modern_only");
        let with = |most| stages().into_iter().filter(move |stage| stage.failures_max == most);
        let names = |most| with(most).map(|stage| stage.name).collect::<Vec<_>>();
        assert_eq!(names(None), ["shadow", "modern_only"]);
        assert_eq!(names(Some(CROSSING_MAX)), ["live for 10 %", "cutover"]);
    }
}
