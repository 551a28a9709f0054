//! Mismatches are looked at again: source, then after a while target, then
//! source. A write on its way shows as a source that moved, or as a target that
//! has followed. Where writes may reach the target first, it is read before too:
//! there a write on its way shows as a target that moved.

use super::Difference;
use super::judge::{
    Compared, Finding, Reading, Readings, Rules, compared, in_order, target_may_lead,
};
use super::run::{Run, count};
use crate::key::KeyExt;
use crate::observe::field;
use crate::phase::Side;
use crate::reconcile::RepairNote;
use crate::repository::{JoinRule, StampedRepository};
use crate::worker::{Stopped, persist};

/// A mismatch that is being looked at.
struct Open<K, E> {
    key: K,
    rule: JoinRule,
    before: Reading<E>,
    /// The target, as it was before that.
    held: Option<Reading<E>>,
    /// What the last round came to; none yet.
    last: Option<Finding>,
}

/// Which of its two sides a key is read from.
#[derive(Clone, Copy)]
enum Role {
    Source,
    Target,
}

impl<L, M> Run<'_, L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Whether the scan has to wait for the candidates.
    pub(super) fn is_full(&self) -> bool {
        self.candidates.len() >= self.checker.config.candidates_max.get()
    }

    /// Looks at the candidates until each is level, different, or given up.
    pub(super) async fn confirm(&mut self) -> Result<(), Stopped> {
        let keys = std::mem::take(&mut self.candidates);
        self.tally.report.candidates += count(keys.len());
        let rules = self.rules();
        let mut open: Vec<_> = keys.into_iter().map(|key| unread(key, &rules)).collect();
        let mut notes = Vec::new();
        let stopped = self.rounds(&mut open, &mut notes).await;
        for Open { key, last, .. } in open {
            match last {
                Some(Finding::Failed(error)) => self.tally.failed(key, &error),
                _ => self.tally.unsettled(key),
            }
        }
        self.queue(&notes).await;
        stopped
    }

    async fn rounds(
        &mut self,
        open: &mut Vec<Open<L::Key, L::Entity>>,
        notes: &mut Vec<RepairNote>,
    ) -> Result<(), Stopped> {
        if open.is_empty() {
            return Ok(());
        }
        let may_lead = |it: &&Open<_, _>| target_may_lead(it.rule);
        let held = self.read_role(open.iter().filter(may_lead), Role::Target).await?;
        let leading = open.iter_mut().filter(|it| target_may_lead(it.rule));
        for (it, target) in leading.zip(held) {
            it.held = Some(target);
        }
        let sources = self.read_role(open.iter(), Role::Source).await?;
        for (it, source) in open.iter_mut().zip(sources) {
            it.before = source;
        }
        for _ in 0..self.checker.config.rounds_max.get() {
            let settled = tokio::time::Instant::now() + self.checker.config.settling;
            self.pace.sleep_until(settled).await?;
            let targets = self.read_role(open.iter(), Role::Target).await?;
            let sources = self.read_role(open.iter(), Role::Source).await?;
            let looked = std::mem::take(open).into_iter().zip(targets).zip(sources);
            for ((it, target), after) in looked {
                open.extend(self.close(it, target, after, notes));
            }
            if open.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Closes a candidate, or answers it for another round.
    fn close(
        &mut self,
        mut it: Open<L::Key, L::Entity>,
        target: Reading<L::Entity>,
        after: Reading<L::Entity>,
        notes: &mut Vec<RepairNote>,
    ) -> Option<Open<L::Key, L::Entity>> {
        let held = it.held.as_ref();
        let readings = Readings { held, before: &it.before, target: &target, after: &after };
        let finding = readings.judge(it.rule, &*self.checker.comparator);
        let (legacy, modern) = in_order(it.rule.winner(), &after, &target);
        let difference = match (finding, legacy, modern) {
            (Finding::Level { tolerated }, ..) => {
                self.tally.level(tolerated);
                return None;
            }
            (Finding::Different, Ok(legacy), Ok(modern)) => {
                Difference::of(it.key, legacy, modern, &*self.checker.comparator)
            }
            (Finding::Rejected(side), ..) => {
                let stamp = |reading: &Reading<L::Entity>| reading.as_ref().ok().map(|it| it.stamp);
                Difference::rejected(it.key, side, stamp(legacy), stamp(modern))
            }
            (finding, ..) => {
                (it.before, it.held, it.last) = (after, Some(target), Some(finding));
                return Some(it);
            }
        };
        if self.checker.queue.is_some() {
            let reason = difference.kind.name().to_owned();
            notes.push(RepairNote { key: difference.key.to_bytes(), reason });
        }
        self.tally.different(difference);
        None
    }

    async fn read_role<'o>(
        &mut self,
        open: impl Iterator<Item = &'o Open<L::Key, L::Entity>> + Clone + Send,
        role: Role,
    ) -> Result<Vec<Reading<L::Entity>>, Stopped> {
        let side_of = |it: &Open<_, _>| match role {
            Role::Source => it.rule.winner(),
            Role::Target => it.rule.winner().other(),
        };
        let keys_of = |side| -> Vec<_> {
            open.clone().filter(|it| side_of(it) == side).map(|it| it.key.clone()).collect()
        };
        let (of_legacy, of_modern) = (keys_of(Side::Legacy), keys_of(Side::Modern));
        let mut of_legacy = self.read(Side::Legacy, &of_legacy).await?.into_iter();
        let mut of_modern = self.read(Side::Modern, &of_modern).await?.into_iter();
        let next = |it| match side_of(it) {
            Side::Legacy => of_legacy.next(),
            Side::Modern => of_modern.next(),
        };
        Ok(open.filter_map(next).collect())
    }

    /// Looks at keys page by page, and again at those that are not level.
    pub(super) async fn look_and_confirm(&mut self, mut keys: Vec<L::Key>) -> Result<(), Stopped> {
        while !keys.is_empty() {
            let rest = keys.split_off(keys.len().min(self.checker.config.page_size.get()));
            let page = std::mem::replace(&mut keys, rest);
            if self.look(page).await.is_err() {
                self.tally.report.keys += count(keys.len());
                self.candidates.append(&mut keys);
                return Err(Stopped);
            }
        }
        self.confirm().await
    }

    /// Looks at keys once. Those that are not level become candidates.
    pub(super) async fn look(&mut self, keys: Vec<L::Key>) -> Result<(), Stopped> {
        self.tally.report.keys += count(keys.len());
        let rules = self.rules();
        let read = self.look_at(&keys).await;
        let Ok((of_legacy, of_modern)) = read else {
            self.candidates.extend(keys);
            return Err(Stopped);
        };
        for ((key, legacy), modern) in keys.into_iter().zip(of_legacy).zip(of_modern) {
            let found = match (&legacy, &modern) {
                (Ok(legacy), Ok(modern)) => {
                    compared(rules.of_key(&key), &*self.checker.comparator, legacy, modern)
                }
                _ => Compared::Differ,
            };
            match found {
                Compared::Level => self.tally.level(false),
                Compared::Tolerated => self.tally.level(true),
                Compared::Differ => self.candidates.push(key),
            }
        }
        if self.is_full() { self.confirm().await } else { Ok(()) }
    }

    /// Modern first: a write on its way then shows legacy ahead.
    async fn look_at(
        &mut self,
        keys: &[L::Key],
    ) -> Result<(Vec<Reading<L::Entity>>, Vec<Reading<L::Entity>>), Stopped> {
        let of_modern = self.read(Side::Modern, keys).await?;
        Ok((self.read(Side::Legacy, keys).await?, of_modern))
    }

    /// Hands confirmed differences to the repair queue, if there is one.
    async fn queue(&mut self, notes: &[RepairNote]) {
        let Some(queue) = &self.checker.queue else { return };
        let tries = &self.checker.config.tries;
        for page in notes.chunks(self.checker.config.page_size.get()) {
            if let Err(error) = persist(tries, || queue.note(page)).await {
                tracing::warn!({ field::ERROR } = %crate::error::with_causes(&error), "differences were not queued");
                self.tally.report.not_queued += count(page.len());
            }
        }
    }
}

fn unread<K: crate::key::Key, E>(key: K, rules: &Rules) -> Open<K, E> {
    let rule = rules.of_key(&key);
    let before = Err(crate::error::StoreError::unavailable("it was not read yet"));
    Open { key, rule, before, held: None, last: None }
}
