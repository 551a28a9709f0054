use std::collections::{BTreeMap, BTreeSet};

use strangler_fig::error::StoreError;
use strangler_fig::repository::StampedRepository;
use strangler_fig::stamp::Record;

use super::{Flaw, Flawed};
use crate::user::User;

type Records = Vec<Result<Record<User>, StoreError>>;

impl Flawed {
    pub(super) async fn read_batch(&self, keys: &[u32]) -> Records {
        let rows = self.store.rows().clone();
        let found = |key: &u32| Ok(rows.get(key).cloned().unwrap_or_else(Record::absent));
        match self.flaw {
            Flaw::ReadsManyOfNothingAsAnError if keys.is_empty() => {
                vec![Err(StoreError::unavailable("a syntax error near )"))]
            }
            Flaw::ReadsManyUpToALimit if keys.len() > 500 => {
                keys.iter().map(|_| Err(StoreError::unavailable("too many parameters"))).collect()
            }
            // As `where key in (…)` answers.
            Flaw::ReadsManyInTheStoresOrder => {
                let mut keys = keys.to_vec();
                keys.sort_unstable();
                keys.iter().map(found).collect()
            }
            Flaw::ReadsManyOnceEach => {
                let mut met = BTreeSet::new();
                keys.iter().filter(|key| met.insert(**key)).map(found).collect()
            }
            Flaw::ReadsManyWithoutTheAbsent => {
                keys.iter().filter_map(|key| rows.get(key).cloned().map(Ok)).collect()
            }
            Flaw::ReadsManyFromAReplica => {
                let replica: BTreeMap<_, _> = self.store.replica();
                let found = |key| replica.get(key).cloned().unwrap_or_else(Record::absent);
                keys.iter().map(|key| Ok(found(key))).collect()
            }
            _ => self.read_in_turn(keys).await,
        }
    }

    async fn read_in_turn(&self, keys: &[u32]) -> Records {
        let mut records = Vec::new();
        for key in keys {
            records.push(self.read(key).await);
        }
        records
    }
}
