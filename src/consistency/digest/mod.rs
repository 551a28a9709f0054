//! Every key by digests: the sides are divided into ranges of keys, and only
//! ranges whose digests differ are looked into.

mod check;
mod probe;
mod ranges;

use std::num::NonZeroUsize;

use self::ranges::{divided, is_whole, joined, mostly, parts, rows_of_part, unequal};
use super::merge::STOPPED;
use super::run::{Run, caught, count, sides};
use crate::error::with_causes;
use crate::phase::Side;
use crate::repository::{DigestRepository, DigestSalt, KeyRange, RangeDigest};
use crate::worker::{ReadOrder, ScanError, Stopped, Walk, last_key, persist};

/// No range is divided more often than this, whatever its adapter answers.
const DEPTH_MAX: u32 = 16;

/// A range in which the sides differ.
struct Suspect<K> {
    range: KeyRange<K>,
    legacy: u64,
    modern: u64,
}

/// What is to be done below one level of ranges.
struct Below<K> {
    level: Vec<KeyRange<K>>,
    merged: Vec<KeyRange<K>>,
}

impl<L, M> Run<'_, L, M>
where
    L: DigestRepository,
    M: DigestRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Every key, by digests where they can be believed, else by a merge.
    pub(super) async fn digest_all(&mut self) -> Result<(), Stopped> {
        let (salt, roots) = match self.roots().await {
            Ok(Ok(begun)) => begun,
            Ok(Err(reason)) => {
                self.tally.digest().fell_back = Some(reason);
                return self.merge_all(None).await;
            }
            Err(Stopped) => {
                self.tally.uncovered(None, None, STOPPED.to_owned());
                return Err(Stopped);
            }
        };
        for roots in roots.chunks(self.checker.config.ranges_per_call.get()) {
            if self.descend(salt, roots.to_vec()).await.is_err() {
                let after = roots.first().and_then(|root| root.after.clone());
                self.tally.uncovered(after, None, STOPPED.to_owned());
                return Err(Stopped);
            }
        }
        Ok(())
    }

    /// The ranges to begin with, from one open end to the other; or why digests
    /// are not to be believed.
    async fn roots(
        &mut self,
    ) -> Result<Result<(DigestSalt, Vec<KeyRange<L::Key>>), String>, Stopped> {
        self.pace.proceed().await?;
        let (legacy, modern) = sides(self.checker);
        let algorithms = (legacy.algorithm(), modern.algorithm());
        if algorithms.0 != algorithms.1 {
            let (legacy, modern) = algorithms;
            return Ok(Err(format!("legacy hashes by {legacy}, modern by {modern}")));
        }
        let salt = match DigestSalt::random() {
            Ok(salt) => salt,
            Err(error) => {
                return Ok(Err(format!("no salt could be drawn: {}", with_causes(&error))));
            }
        };
        let (all, rows) = (KeyRange::all(), self.checker.config.root_rows);
        let split = persist(&self.checker.config.tries, || caught(legacy.split(&all, rows)));
        let roots = match self.pace.unless_stopped(split).await? {
            Ok(keys) => parts(&all, keys),
            Err(error) => return Ok(Err(format!("legacy was not split: {}", with_causes(&error)))),
        };
        let Some(roots) = roots else { return Ok(Err("legacy splits out of order".to_owned())) };
        let disproved = self.disproved(salt, &roots).await?;
        Ok(disproved.map_or(Ok((salt, roots)), Err))
    }

    /// Divides ranges that differ until they are small, level by level.
    async fn descend(
        &mut self,
        salt: DigestSalt,
        mut level: Vec<KeyRange<L::Key>>,
    ) -> Result<(), Stopped> {
        for depth in 0..=DEPTH_MAX {
            let below = self.below(salt, &level, depth == DEPTH_MAX).await?;
            self.tally.digest().ranges_merged += count(below.merged.len());
            for range in joined(below.merged) {
                self.merge_range(range).await?;
            }
            level = below.level;
            if level.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Digests a level and divides what differs; what is small is looked into.
    async fn below(
        &mut self,
        salt: DigestSalt,
        level: &[KeyRange<L::Key>],
        is_last: bool,
    ) -> Result<Below<L::Key>, Stopped> {
        let mut below = Below { level: Vec::new(), merged: Vec::new() };
        let mut suspects = Vec::new();
        for ranges in level.chunks(self.checker.config.ranges_per_call.get()) {
            match self.digested(salt, ranges).await? {
                Some(found) => suspects.extend(found),
                None => below.merged.extend_from_slice(ranges),
            }
        }
        if is_last || mostly(suspects.len(), level.len()) {
            below.merged.extend(suspects.into_iter().map(|suspect| suspect.range));
            return Ok(below);
        }
        let mut keys = Vec::new();
        for suspect in suspects {
            self.into(salt, suspect, &mut below, &mut keys).await?;
            if keys.len() >= self.checker.config.page_size.get() {
                self.look(std::mem::take(&mut keys)).await?;
            }
        }
        self.look(keys).await?;
        Ok(below)
    }

    /// The ranges in which the sides differ; `None` if one could not say.
    async fn digested(
        &mut self,
        salt: DigestSalt,
        ranges: &[KeyRange<L::Key>],
    ) -> Result<Option<Vec<Suspect<L::Key>>>, Stopped> {
        self.pace.proceed().await?;
        let ((legacy, modern), tries) = (sides(self.checker), &self.checker.config.tries);
        let digests = futures::future::join(
            persist(tries, || caught(legacy.digests(salt, ranges))),
            persist(tries, || caught(modern.digests(salt, ranges))),
        );
        let (Ok(legacy), Ok(modern)) = self.pace.unless_stopped(digests).await? else {
            return Ok(None);
        };
        if legacy.len() != ranges.len() || modern.len() != ranges.len() {
            return Ok(None);
        }
        let rows = |digests: &[RangeDigest]| {
            digests.iter().fold(0_u64, |sum, digest| sum.saturating_add(digest.rows))
        };
        self.spent(rows(&legacy).saturating_add(rows(&modern)));
        self.tally.digest().ranges_digested += count(ranges.len());
        let mut suspects = Vec::new();
        for ((range, legacy), modern) in ranges.iter().zip(legacy).zip(modern) {
            if legacy == modern {
                self.level_rows(legacy.rows);
            } else {
                let (range, legacy, modern) = (range.clone(), legacy.rows, modern.rows);
                suspects.push(Suspect { range, legacy, modern });
            }
        }
        Ok(Some(suspects))
    }

    /// Divides a range, or compares its rows by their hashes if they are few.
    async fn into(
        &mut self,
        salt: DigestSalt,
        suspect: Suspect<L::Key>,
        below: &mut Below<L::Key>,
        keys: &mut Vec<L::Key>,
    ) -> Result<(), Stopped> {
        let Suspect { range, legacy, modern } = suspect;
        let rows = legacy.max(modern);
        if rows <= count(self.checker.config.leaf_rows.get()) {
            match self.leaf(salt, &range).await? {
                Some(unequal) => keys.extend(unequal),
                None => below.merged.push(range),
            }
            return Ok(());
        }
        self.pace.proceed().await?;
        let part = rows_of_part(rows);
        let ((of_legacy, of_modern), tries) = (sides(self.checker), &self.checker.config.tries);
        let split = async {
            if legacy >= modern {
                persist(tries, || caught(of_legacy.split(&range, part))).await
            } else {
                persist(tries, || caught(of_modern.split(&range, part))).await
            }
        };
        let split = self.pace.unless_stopped(split).await?;
        match split.ok().and_then(|keys| divided(&range, keys)) {
            Some(parts) => below.level.extend(parts),
            None => below.merged.push(range),
        }
        Ok(())
    }

    /// The keys of a small range that differ by stamp or hash; `None` if a side
    /// did not answer for all of it.
    async fn leaf(
        &mut self,
        salt: DigestSalt,
        range: &KeyRange<L::Key>,
    ) -> Result<Option<Vec<L::Key>>, Stopped> {
        self.pace.proceed().await?;
        // Rows may have been added since they were counted.
        let limit = self.checker.config.leaf_rows.get().saturating_mul(4).saturating_add(1);
        let limit = NonZeroUsize::new(limit).unwrap_or(NonZeroUsize::MAX);
        let ((legacy, modern), tries) = (sides(self.checker), &self.checker.config.tries);
        let hashes = futures::future::join(
            persist(tries, || caught(legacy.hashes(salt, range, limit))),
            persist(tries, || caught(modern.hashes(salt, range, limit))),
        );
        let (Ok(legacy), Ok(modern)) = self.pace.unless_stopped(hashes).await? else {
            return Ok(None);
        };
        let rows = count(legacy.len() + modern.len());
        self.spent(rows);
        if ![&legacy, &modern].into_iter().all(|hashed| is_whole(range, hashed, limit)) {
            return Ok(None);
        }
        self.tally.digest().rows_hashed += rows;
        let (keys, equal) = unequal(legacy, modern);
        self.level_rows(equal);
        Ok(Some(keys))
    }

    fn level_rows(&mut self, rows: u64) {
        let report = &mut self.tally.report;
        report.keys = report.keys.saturating_add(rows);
        report.level = report.level.saturating_add(rows);
    }

    /// Reads a range after all. One with an open end ends where the sides do now.
    async fn merge_range(&mut self, range: KeyRange<L::Key>) -> Result<(), Stopped> {
        let last = match range.until.clone() {
            Some(until) => Ok(Some(until)),
            None => self.last_of_all().await?,
        };
        let ((legacy, modern), tries) = (sides(self.checker), &self.checker.config.tries);
        match last {
            Ok(last) => {
                let order = ReadOrder::Ahead;
                let walk = Walk::within(legacy, modern, order, tries.clone(), range.after, last);
                self.merge(walk, None).await
            }
            Err(error) => {
                self.tally.uncovered(range.after, None, with_causes(&error));
                Ok(())
            }
        }
    }

    async fn last_of_all(&mut self) -> Result<Result<Option<L::Key>, ScanError>, Stopped> {
        let ((legacy, modern), tries) = (sides(self.checker), &self.checker.config.tries);
        let last = async {
            let of_legacy = last_key(Side::Legacy, &**legacy, tries).await?;
            Ok(of_legacy.max(last_key(Side::Modern, &**modern, tries).await?))
        };
        self.pace.unless_stopped(last).await
    }
}
