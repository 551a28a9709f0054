//! Digests are believed once some of them were made again here, from scanned
//! rows.

use std::num::NonZeroUsize;

use fastrand::Rng;

use crate::consistency::run::{Run, caught};
use crate::error::{StoreError, with_causes};
use crate::phase::Side;
use crate::repository::{DigestRepository, DigestSalt, HashedRecord, KeyRange, Page, RangeDigest};
use crate::worker::{Stopped, persist};

/// How many rows a probe is of.
const ROWS: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not zero");

/// How often a probe that traffic disturbed is made elsewhere, for each that is
/// wanted.
const ATTEMPTS: u32 = 8;

/// What a probe came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probed {
    /// The store answered what its rows come to.
    Agreed,
    /// The rows changed meanwhile.
    Moved,
    /// The store answered something else.
    Wrong(&'static str),
}

impl<L, M> Run<'_, L, M>
where
    L: DigestRepository,
    M: DigestRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Why the digests of a side are not to be believed, if they are not.
    pub(super) async fn disproved(
        &mut self,
        salt: DigestSalt,
        roots: &[KeyRange<L::Key>],
    ) -> Result<Option<String>, Stopped> {
        let config = &self.checker.config;
        let mut rng = config.seed.map_or_else(Rng::new, Rng::with_seed);
        let wanted = config.probes.get();
        for side in [Side::Legacy, Side::Modern] {
            let mut agreed = 0;
            for _ in 0..wanted.saturating_mul(ATTEMPTS) {
                let root = &roots[rng.usize(..roots.len())];
                match self.probe(side, salt, root, rng.usize(..)).await? {
                    Ok(Probed::Agreed) => agreed += 1,
                    Ok(Probed::Moved) => {}
                    Ok(Probed::Wrong(what)) => return Ok(Some(format!("{side} {what}"))),
                    Err(error) => {
                        return Ok(Some(format!("{side} was not probed: {}", with_causes(&error))));
                    }
                }
                if agreed == wanted {
                    break;
                }
            }
            if agreed < wanted {
                return Ok(Some(format!("{side} kept changing while it was probed")));
            }
        }
        Ok(None)
    }

    async fn probe(
        &mut self,
        side: Side,
        salt: DigestSalt,
        root: &KeyRange<L::Key>,
        pick: usize,
    ) -> Result<Result<Probed, StoreError>, Stopped> {
        self.pace.proceed().await?;
        let (repository, tries) = (&self.checker.repository, &self.checker.config.tries);
        let (legacy, modern) = (&**repository.legacy(), &**repository.modern());
        let probed = async {
            match side {
                Side::Legacy => {
                    persist(tries, || caught(probe(legacy, modern, salt, root, pick))).await
                }
                Side::Modern => {
                    persist(tries, || caught(probe(modern, legacy, salt, root, pick))).await
                }
            }
        };
        let probed = self.pace.unless_stopped(probed).await?;
        self.spent(4 * ROWS.get() as u64);
        Ok(probed)
    }
}

/// Scans a small range, lets the store digest it, and scans it again: rows that
/// are the same both times were so in between.
async fn probe<S, O>(
    store: &S,
    other: &O,
    salt: DigestSalt,
    root: &KeyRange<S::Key>,
    pick: usize,
) -> Result<Probed, StoreError>
where
    S: DigestRepository,
    O: DigestRepository<Key = S::Key, Entity = S::Entity>,
{
    let mut starts = vec![root.after.clone()];
    starts.extend(store.split(root, ROWS).await?.into_iter().map(Some));
    let after = starts.swap_remove(pick % starts.len());
    let page = store.scan(after.as_ref(), ROWS).await?;
    let until = page.records.last().filter(|_| !page.is_last).map(|(key, _)| key.clone());
    let range = KeyRange::new(after, until);
    let digests = store.digests(salt, std::slice::from_ref(&range)).await?;
    let hashes = store.hashes(salt, &range, ROWS).await?;
    let again = store.scan(range.after.as_ref(), ROWS).await?;
    if page != again {
        return Ok(Probed::Moved);
    }
    judge(store, other, salt, &page, &digests, &hashes)
}

fn judge<S, O>(
    store: &S,
    other: &O,
    salt: DigestSalt,
    page: &Page<S::Key, S::Entity>,
    digests: &[RangeDigest],
    hashes: &[HashedRecord<S::Key>],
) -> Result<Probed, StoreError>
where
    S: DigestRepository,
    O: DigestRepository<Key = S::Key, Entity = S::Entity>,
{
    let mut expected = Vec::with_capacity(page.records.len());
    for (key, record) in &page.records {
        let hash = store.hash(salt, key, record)?;
        if hash != other.hash(salt, key, record)? {
            return Ok(Probed::Wrong("hashes a record unlike the other side"));
        }
        expected.push(HashedRecord { key: key.clone(), stamp: record.stamp, hash });
    }
    let digest = store.digest_of(salt, &page.records)?;
    if digest != other.digest_of(salt, &page.records)? {
        return Ok(Probed::Wrong("digests a range unlike the other side"));
    }
    if digests != [digest] {
        return Ok(Probed::Wrong("answers a digest that its rows do not have"));
    }
    if hashes != expected {
        return Ok(Probed::Wrong("answers hashes that its rows do not have"));
    }
    Ok(Probed::Agreed)
}
