use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use strangler_fig::stamp::{Record, Stamp};

use super::Flaw;
use crate::user::User;

pub(crate) type Rows = BTreeMap<u32, Record<User>>;

/// A store as it should be, but for what the flaw makes of a row.
#[derive(Debug)]
pub(crate) struct Store {
    flaw: Flaw,
    rows: Mutex<Rows>,
    /// One change behind.
    replica: Mutex<Rows>,
    locks: Mutex<BTreeMap<u32, Arc<tokio::sync::Mutex<()>>>>,
}

impl Store {
    pub(crate) fn new(flaw: Flaw) -> Self {
        Self { flaw, rows: Mutex::default(), replica: Mutex::default(), locks: Mutex::default() }
    }

    pub(crate) fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap()
    }

    pub(crate) fn replica(&self) -> Rows {
        self.replica.lock().unwrap().clone()
    }

    /// The row lock of a key.
    pub(crate) fn lock_of(&self, key: u32) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(self.locks.lock().unwrap().entry(key).or_default())
    }

    pub(crate) fn plant(&self, user: User) {
        let rows = &mut *self.rows();
        let row = rows.entry(user.0).or_insert(Record::tombstone(Stamp::BASE));
        row.value = Some(user);
    }

    pub(crate) fn put(&self, rows: &mut Rows, key: u32, record: &Record<User>) {
        self.replica.lock().unwrap().clone_from(rows);
        let old = rows.get(&key).cloned();
        let mut row = record.clone();
        row.stamp = self.kept(row.stamp);
        match (self.flaw, &old) {
            (Flaw::DropsTombstones, _) if row.value.is_none() => {
                rows.remove(&key);
                return;
            }
            (Flaw::UpdatesOnlyWhatIsThere, None) if row.value.is_none() => return,
            (Flaw::DeletesOnlyStampedRows, Some(old))
                if old.stamp == Stamp::BASE && row.value.is_none() =>
            {
                row.value.clone_from(&old.value);
            }
            (Flaw::KeepsTheOldValue, Some(old)) if old.value.is_some() && row.value.is_some() => {
                row.value.clone_from(&old.value);
            }
            (Flaw::TrimsText, _) => {
                if let Some((_, text)) = &mut row.value {
                    *text = text.trim().to_owned();
                }
            }
            _ => {}
        }
        rows.insert(key, row);
    }

    /// What its column keeps of a stamp.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "these are the flaws"
    )]
    fn kept(&self, stamp: Stamp) -> Stamp {
        match self.flaw {
            Flaw::KeepsHalfOfTheStamp => of_bits(bits(stamp) >> 64 << 64),
            Flaw::KeepsADoubleOfTheStamp => of_bits(bits(stamp) as f64 as u128),
            _ => stamp,
        }
    }

    /// Whether it takes `record` where `stored` stands.
    #[expect(clippy::cast_possible_wrap, reason = "this is the flaw")]
    pub(crate) fn takes(&self, record: &Record<User>, stored: Option<&Record<User>>) -> bool {
        let is_dead = stored.is_some_and(|stored| stored.value.is_none());
        let old = stored.map_or(Stamp::ZERO, |stored| stored.stamp);
        let new = record.stamp;
        match self.flaw {
            Flaw::BlindUpsert => true,
            Flaw::AcceptsEqualStamps => new >= old,
            Flaw::AnswersStoredToARepeat => new > old || stored == Some(record),
            Flaw::WrapsPastTheLargest => bits(new) >= bits(old).wrapping_add(1),
            Flaw::ComparesSigned => bits(new) as i128 > bits(old) as i128,
            Flaw::NothingBeatsNull => new > old && old != Stamp::BASE,
            Flaw::EverythingBeatsNull => new > old || old == Stamp::BASE,
            Flaw::ForgetsStampsOfTheDead => new > old || (is_dead && record.value.is_some()),
            Flaw::NeverRevives => new > old && !(is_dead && record.value.is_some()),
            Flaw::AcceptsValuesOfStampZero | Flaw::AcceptsTombstonesOfStampZero => {
                new > old || new == Stamp::ZERO
            }
            _ => new > old,
        }
    }
}

fn bits(stamp: Stamp) -> u128 {
    u128::from_be_bytes(stamp.to_bytes())
}

fn of_bits(bits: u128) -> Stamp {
    Stamp::from_bytes(bits.to_be_bytes())
}
