//! Both sides, scanned in the order of their keys and merged: one pass, a page
//! of each in memory.

use super::judge::{Compared, compared};
use super::run::{Run, count, sides};
use super::sample::Sampler;
use crate::error::with_causes;
use crate::repository::ScanRepository;
use crate::stamp::Record;
use crate::worker::{ReadOrder, ScanError, Stopped, Walk, Window};

/// Why a range was not walked to its end.
pub(super) const STOPPED: &str = "the check was stopped";

enum Cut {
    Stopped,
    Scan(ScanError),
}

impl From<Stopped> for Cut {
    fn from(Stopped: Stopped) -> Self {
        Self::Stopped
    }
}

impl<L, M> Run<'_, L, M>
where
    L: ScanRepository,
    M: ScanRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Every key, or those of a sample.
    pub(super) async fn merge_all(&mut self, sampler: Option<Sampler>) -> Result<(), Stopped> {
        let (legacy, modern) = sides(self.checker);
        let walk = Walk::begin(legacy, modern, ReadOrder::Ahead, self.checker.config.tries.clone());
        match self.pace.unless_stopped(walk).await {
            Ok(Ok(walk)) => self.merge(walk, sampler).await,
            Ok(Err(error)) => {
                self.tally.uncovered(None, None, with_causes(&error));
                Ok(())
            }
            Err(Stopped) => {
                self.tally.uncovered(None, None, STOPPED.to_owned());
                Err(Stopped)
            }
        }
    }

    /// The keys of a walk. What it does not come to is uncovered.
    pub(super) async fn merge(
        &mut self,
        mut walk: Walk<L, M>,
        sampler: Option<Sampler>,
    ) -> Result<(), Stopped> {
        let cut = match self.merge_windows(&mut walk, sampler).await {
            Ok(()) => return Ok(()),
            Err(cut) => cut,
        };
        let (reason, end) = match cut {
            Cut::Stopped => (STOPPED.to_owned(), Err(Stopped)),
            Cut::Scan(error) => (with_causes(&error), Ok(())),
        };
        self.tally.uncovered(walk.after().cloned(), walk.last().cloned(), reason);
        end
    }

    async fn merge_windows(
        &mut self,
        walk: &mut Walk<L, M>,
        sampler: Option<Sampler>,
    ) -> Result<(), Cut> {
        let limit = self.checker.config.page_size;
        loop {
            self.pace.proceed().await?;
            let window = self.pace.unless_stopped(walk.next(limit)).await?;
            let Some(window) = window.map_err(Cut::Scan)? else { return Ok(()) };
            self.compare(&window, sampler);
            self.spent(count(window.records()));
            if self.is_full() {
                self.confirm().await?;
            }
        }
    }

    fn compare(&mut self, window: &Window<L::Key, L::Entity>, sampler: Option<Sampler>) {
        let (rules, absent) = (self.rules(), Record::absent());
        let comparator = &*self.checker.comparator;
        let mut keys = 0;
        let mut level = 0;
        for (key, legacy, modern) in window.lent() {
            if sampler.is_some_and(|sampler| !sampler.takes(key)) {
                continue;
            }
            keys += 1;
            let (legacy, modern) = (legacy.unwrap_or(&absent), modern.unwrap_or(&absent));
            match compared(rules.of_key(key), comparator, legacy, modern) {
                Compared::Level => level += 1,
                Compared::Tolerated => self.tally.level(true),
                Compared::Differ => self.candidates.push(key.clone()),
            }
        }
        self.tally.report.keys += keys;
        self.tally.report.level += level;
    }
}
