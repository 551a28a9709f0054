use std::collections::BTreeMap;
use std::error::Error;
use std::num::NonZeroUsize;

use strangler_fig::error::StoreError;
use strangler_fig::repository::{ScanRepository, StampedRepository};

use crate::airport::Airport;
use crate::legacy::LegacyAirports;
use crate::modern::ModernAirports;
use crate::scratch::Scratch;

const PAGE: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

/// Both databases, in a directory that goes with them.
pub struct Stores {
    pub legacy: LegacyAirports,
    pub modern: ModernAirports,
    pub scratch: Scratch,
}

impl Stores {
    /// A legacy database with these airports, and an empty modern one.
    pub async fn open(airports: &[Airport]) -> Result<Self, Box<dyn Error>> {
        let scratch = Scratch::new()?;
        let legacy = LegacyAirports::open(&scratch.file("legacy.db"))?;
        let modern = ModernAirports::open(&scratch.file("modern.db"))?;
        legacy.save_all(airports.to_vec()).await?;
        Ok(Self { legacy, modern, scratch })
    }

    /// Resolves when no statement of a caller that gave up is under way: each
    /// database has one writer, and an empty transaction waits for its turn.
    pub async fn at_rest(&self) -> Result<(), StoreError> {
        self.legacy.save_all(Vec::new()).await?;
        self.modern.apply_many(&[]).await.into_iter().try_for_each(|answer| answer.map(drop))
    }

    /// How many keys have other contents in one store than in the other.
    pub async fn different(&self) -> Result<usize, StoreError> {
        let legacy = contents(&self.legacy.clone().stamped()).await?;
        let modern = contents(&self.modern).await?;
        let differ = |key: &&String| legacy.get(*key) != modern.get(*key);
        let only_modern = modern.keys().filter(|key| !legacy.contains_key(*key));
        Ok(legacy.keys().chain(only_modern).filter(differ).count())
    }
}

/// Every airport of a store, as the domain sees it: no stamps, no tombstones.
pub async fn contents<S>(store: &S) -> Result<BTreeMap<String, Airport>, StoreError>
where
    S: ScanRepository<Key = String, Entity = Airport>,
{
    let mut contents = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store.scan(after.as_ref(), PAGE).await?;
        after = page.records.last().map(|(key, _)| key.clone());
        let live = page.records.into_iter();
        contents.extend(live.filter_map(|(key, record)| Some((key, record.value?))));
        if page.is_last {
            return Ok(contents);
        }
    }
}
