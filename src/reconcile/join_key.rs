//! One key: the repair of a divergence.

use super::merge::Pair;
use super::{Joined, Sweep};
use crate::error::StoreError;
use crate::phase::{Bucket, MigrationState, Scopes, Side};
use crate::repository::{Applied, Join, JoinRule, StampedRepository};
use crate::stamp::Record;

#[expect(
    clippy::manual_async_fn,
    reason = "`Send` is promised here once, as in `MigrationRepository`"
)]
impl<L, M> Sweep<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Joins one key, from records read afresh: the repair of a divergence.
    ///
    /// # Errors
    ///
    /// What the side that failed reported; the key may differ still.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a join left half done is a join to do.
    pub fn join(&self, key: &L::Key) -> impl Future<Output = Result<Joined, StoreError>> + Send {
        async move {
            let rule = self.rule(&self.repository.tracker().state(), key);
            let pair = self.read(key, rule).await?;
            match rule.decide(&pair.legacy, &pair.modern) {
                Join::Level => Ok(Joined::Level),
                Join::Copy { from } => {
                    self.apply(from.other(), key, pair.of(from)).await?;
                    Ok(Joined::Copied)
                }
                Join::Settle { from, stamp, both } => {
                    let winner = Record { stamp, ..pair.of(from).clone() };
                    // Legacy first: it holds whatever modern shows.
                    for side in [Side::Legacy, Side::Modern] {
                        if both || side != from {
                            self.apply(side, key, &winner).await?;
                        }
                    }
                    Ok(Joined::Settled)
                }
                Join::Stuck => Ok(Joined::Stuck),
            }
        }
    }

    pub(super) fn rule(&self, state: &MigrationState, key: &L::Key) -> JoinRule {
        JoinRule::of(state, Bucket::of(key, state.salt()), self.scopes())
    }

    fn scopes(&self) -> Scopes {
        Scopes {
            legacy: self.repository.legacy().scope(),
            modern: self.repository.modern().scope(),
        }
    }

    /// Reads both sides, a winner after what it wins against.
    async fn read(&self, key: &L::Key, rule: JoinRule) -> Result<Pair<L::Entity>, StoreError> {
        let (legacy, modern) = (self.repository.legacy(), self.repository.modern());
        if rule == JoinRule::Wins(Side::Modern) {
            let legacy = legacy.read(key).await?;
            return Ok(Pair { legacy, modern: modern.read(key).await? });
        }
        let modern = modern.read(key).await?;
        Ok(Pair { legacy: legacy.read(key).await?, modern })
    }

    async fn apply(
        &self,
        side: Side,
        key: &L::Key,
        record: &Record<L::Entity>,
    ) -> Result<Applied, StoreError> {
        match side {
            Side::Legacy => self.repository.legacy().apply(key, record).await,
            Side::Modern => self.repository.modern().apply(key, record).await,
        }
    }
}
