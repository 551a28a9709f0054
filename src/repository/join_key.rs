//! The join of one key, carried out: by reads in `Cutover`, repairs and sweeps.

use super::core::{Core, open};
use super::guarded::Purpose;
use super::timing::Asked;
use super::{
    Applied, ConflictPolicy, Join, JoinRule, Joined, Merged, MigrationError, StampedRepository,
};
use crate::error::StoreError;
use crate::observe::Role;
use crate::phase::{Bucket, Side};
use crate::stamp::{Record, Stamp};

/// How often a join looks again because the key changed under it.
const ATTEMPTS: u32 = 4;

/// Both sides of a key, as a join left them or found them level.
pub(super) struct JoinedKey<E> {
    pub(super) joined: Joined,
    /// The record that counts, and the side it was read from.
    pub(super) record: Record<E>,
    pub(super) side: Side,
}

fn found<E>(joined: Joined, side: Side, legacy: Record<E>, modern: Record<E>) -> JoinedKey<E> {
    let record = if side == Side::Legacy { legacy } else { modern };
    JoinedKey { joined, record, side }
}

/// Why a key was not joined.
pub(super) enum JoinFailure {
    /// Nothing is known of it.
    Read(StoreError),
    /// The sides differ.
    Apply(StoreError),
}

impl From<JoinFailure> for StoreError {
    fn from(failure: JoinFailure) -> Self {
        match failure {
            JoinFailure::Read(error) | JoinFailure::Apply(error) => error,
        }
    }
}

impl<L, M> Core<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Joins a key as its place asks for now.
    pub(super) async fn repair(
        &self,
        key: &L::Key,
        policy: &ConflictPolicy<L::Key, L::Entity>,
    ) -> Result<Joined, StoreError> {
        self.copying()?;
        Ok(self.join(key, policy, false).await?.joined)
    }

    /// Joins a key that other code may have changed in legacy.
    ///
    /// If it has deleted a row without a trace, and modern has not seen that row, a copy of it may still be on its way,
    /// from a page of a backfill say, and nothing would hold it up. So modern takes a tombstone under the stamp of a row
    /// that was never stamped: it beats nothing, and that copy finds it there. Only where legacy wins whatever the
    /// stamps say: elsewhere it could delete a row that is made anew.
    pub(super) async fn repair_changed(
        &self,
        key: &L::Key,
        policy: &ConflictPolicy<L::Key, L::Entity>,
    ) -> Result<Joined, StoreError> {
        self.copying()?;
        let found = self.join(key, policy, false).await?;
        let rule = JoinRule::of(&self.tracker.state(), Bucket::of(key, self.salt), self.scopes());
        let wins = matches!(rule, JoinRule::Wins { winner: Side::Legacy, .. });
        if wins && found.side == Side::Legacy && found.record.stamp == Stamp::ZERO {
            let tombstone = Record::tombstone(Stamp::BASE);
            if self.apply_open(Side::Modern, key, &tombstone).await? != Applied::Stored {
                // A tombstone, or a copy that has just come.
                return Ok(self.join(key, policy, false).await?.joined);
            }
        }
        Ok(found.joined)
    }

    /// What joining a key would do now.
    pub(super) async fn plan_join(&self, key: &L::Key) -> Result<Join, StoreError> {
        self.copying()?;
        let rule = JoinRule::of(&self.tracker.state(), Bucket::of(key, self.salt), self.scopes());
        let (legacy, modern) = self.records(key, rule, false).await?;
        Ok(rule.decide(&legacy, &modern))
    }

    /// Reads both sides and makes them one. A record that a side would not take
    /// was overtaken: that is as good if the side it is from shows as much, else
    /// the key is looked at again.
    ///
    /// The rule is asked before the reads and after them, for a rule of an earlier
    /// phase could settle over what was acknowledged since.
    ///
    /// Where both sides count, `policy` judges conflicts; where one wins, it does.
    pub(super) async fn join(
        &self,
        key: &L::Key,
        policy: &ConflictPolicy<L::Key, L::Entity>,
        is_timed: bool,
    ) -> Result<JoinedKey<L::Entity>, JoinFailure> {
        let bucket = Bucket::of(key, self.salt);
        let rule = || JoinRule::of(&self.tracker.state(), bucket, self.scopes());
        // What was done though another has done it, or though its answer was lost, is found in place.
        let mut level = Joined::Level;
        for _ in 0..ATTEMPTS {
            let planned = rule();
            let records = self.records(key, planned, is_timed).await;
            let (legacy, modern) = records.map_err(JoinFailure::Read)?;
            let rule = rule();
            if rule != planned {
                continue;
            }
            let join = rule.decide(&legacy, &modern);
            match join {
                Join::Level => return Ok(found(level, rule.winner(), legacy, modern)),
                Join::Stuck => return Ok(found(Joined::Stuck, rule.winner(), legacy, modern)),
                Join::Copy { from } => {
                    let copied = found(Joined::Copied, from, legacy, modern);
                    let applied = self.apply_open(from.other(), key, &copied.record).await?;
                    if self.is_level_after(applied, copied.record.stamp, rule, from, key).await? {
                        return Ok(copied);
                    }
                    level = Joined::Copied;
                }
                Join::Settle { from, stamp, both } => {
                    let settled = match policy.judge(both, key, &legacy, &modern) {
                        Merged::Park => return Ok(found(Joined::Conflict, from, legacy, modern)),
                        Merged::Content(value) => self.merged(key, stamp, value, from)?,
                        Merged::Primary => {
                            let mut settled = found(Joined::Settled, from, legacy, modern);
                            settled.record.stamp = stamp;
                            settled
                        }
                    };
                    match self.settle(key, &settled, both).await? {
                        Applied::Stored => return Ok(settled),
                        Applied::Stale(found) if found == settled.record.stamp => {
                            level = Joined::Settled;
                        }
                        Applied::Stale(_) => level = Joined::Level,
                    }
                }
            }
        }
        let restless = MigrationError::Restless { attempts: ATTEMPTS };
        Err(JoinFailure::Apply(StoreError::conflict(restless)))
    }

    /// What a conflict was merged to, if it is a record of this key.
    fn merged(
        &self,
        key: &L::Key,
        stamp: Stamp,
        value: Option<L::Entity>,
        side: Side,
    ) -> Result<JoinedKey<L::Entity>, JoinFailure> {
        if value.as_ref().is_some_and(|value| self.legacy.key(value) != *key) {
            return Err(JoinFailure::Apply(StoreError::rejected(MigrationError::MergedElsewhere)));
        }
        Ok(JoinedKey { joined: Joined::Settled, record: Record { stamp, value }, side })
    }

    /// Whether a copy from `from` under the stamp `copied`, answered so, has made the
    /// sides one, or the write that overtook it does. Equal stamps do not say so:
    /// the contents may differ, and then somebody wrote behind the crate's back.
    async fn is_level_after(
        &self,
        applied: Applied,
        copied: Stamp,
        rule: JoinRule,
        from: Side,
        key: &L::Key,
    ) -> Result<bool, JoinFailure> {
        match (applied, rule) {
            (Applied::Stale(found), _) if found == copied => Ok(false),
            (Applied::Stored, _) | (Applied::Stale(_), JoinRule::Larger { .. }) => Ok(true),
            // What the other side has instead may be later only if the winner goes before it.
            (Applied::Stale(later), JoinRule::Wins { .. }) => {
                let now = self.read_caught(from, key).await.map_err(JoinFailure::Read)?;
                Ok(now.stamp > later)
            }
        }
    }

    /// Whether every side took the settlement, or what one has instead. Its stamp follows from what it
    /// beats, so that two who settle at once may stamp different contents alike:
    /// a side that would not take it has to be looked at again.
    async fn settle(
        &self,
        key: &L::Key,
        settled: &JoinedKey<L::Entity>,
        both: bool,
    ) -> Result<Applied, JoinFailure> {
        // Legacy first: it holds whatever modern shows.
        for side in [Side::Legacy, Side::Modern] {
            if both || side != settled.side {
                let applied = self.apply_open(side, key, &settled.record).await?;
                if applied != Applied::Stored {
                    return Ok(applied);
                }
            }
        }
        Ok(Applied::Stored)
    }

    /// Whether a side may be written to from the other: not once legacy was
    /// decommissioned, since the tombstones that keep deleted records from coming
    /// back may be gone.
    pub(super) fn copying(&self) -> Result<(), StoreError> {
        open(&self.tracker)?;
        if self.tracker.may_copy() {
            return Ok(());
        }
        Err(StoreError::rejected(MigrationError::Decommissioned))
    }

    /// Applies, unless this node has been closed meanwhile: what it knows of the
    /// phase is then too old to write by.
    async fn apply_open(
        &self,
        side: Side,
        key: &L::Key,
        record: &Record<L::Entity>,
    ) -> Result<Applied, JoinFailure> {
        let applied = match self.copying() {
            Ok(()) => self.apply_caught(side, key, record, Purpose::Copy).await,
            Err(closed) => Err(closed),
        };
        applied.map_err(JoinFailure::Apply)
    }

    /// Both records; a winner is read after what it wins against.
    async fn records(
        &self,
        key: &L::Key,
        rule: JoinRule,
        is_timed: bool,
    ) -> Result<(Record<L::Entity>, Record<L::Entity>), StoreError> {
        let legacy = self.read_caught(Asked::new(Side::Legacy, Role::Primary, is_timed), key);
        let modern = self.read_caught(Asked::new(Side::Modern, Role::Secondary, is_timed), key);
        match rule {
            JoinRule::Larger { .. } => tokio::try_join!(legacy, modern),
            JoinRule::Wins { winner: Side::Legacy, .. } => {
                let modern = modern.await?;
                Ok((legacy.await?, modern))
            }
            JoinRule::Wins { winner: Side::Modern, .. } => Ok((legacy.await?, modern.await?)),
        }
    }
}
