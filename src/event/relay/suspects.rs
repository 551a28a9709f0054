//! Messages that were alone in a call of which nothing came.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::later;
use crate::event::{OutboxPosition, OutboxRow};

/// So many are known at most; the one that was tried longest ago is forgotten, and found again.
const KNOWN_MAX: usize = 1_000;
/// For each second that a suspect costs, others have so many, if there are any.
const SHARE: u32 = 3;

/// Each is sent alone from then on, and not before others, so that it holds up its key only. It may be the bus's fault:
/// what is taken is none any more.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    /// When each was tried last, in turns.
    tried: BTreeMap<OutboxPosition, u64>,
    turns: u64,
    rest_until: Option<Instant>,
}

impl Suspects {
    /// Notes one that has cost so much time; whether it is the only one, and was it before: then it is not the bus.
    pub(super) fn add(&mut self, position: OutboxPosition, cost: Duration, now: Instant) -> bool {
        self.turns += 1;
        let is_known = self.tried.insert(position, self.turns).is_some();
        self.rest_until = Some(later(now, cost.saturating_mul(SHARE)));
        if self.tried.len() > KNOWN_MAX {
            let oldest = self.tried.iter().min_by_key(|(_, turn)| **turn).map(|(it, _)| *it);
            oldest.map(|it| self.tried.remove(&it));
        }
        is_known && self.tried.len() == 1
    }

    /// The bus has said something of it.
    pub(super) fn clear(&mut self, position: OutboxPosition) {
        self.tried.remove(&position);
    }

    /// Rows that may be sent together; and the suspect whose turn it is, if it is to be tried after them. What is behind
    /// a suspect in its key is neither.
    pub(super) fn apart(
        &self,
        rows: Vec<OutboxRow>,
        now: Instant,
    ) -> (Vec<OutboxRow>, Option<OutboxRow>) {
        if self.tried.is_empty() {
            return (rows, None);
        }
        let (mut begun, mut stuck) = (HashSet::new(), HashSet::new());
        let (mut free, mut next) = (Vec::new(), None::<(u64, OutboxRow)>);
        for row in rows {
            if stuck.contains(&row.key) {
                continue;
            }
            let Some(turn) = self.tried.get(&row.position) else {
                begun.insert(row.key.clone());
                free.push(row);
                continue;
            };
            stuck.insert(row.key.clone());
            // One behind another of its key has its turn when that is sent.
            let is_next = next.as_ref().is_none_or(|(before, _)| turn < before);
            if is_next && !begun.contains(&row.key) {
                next = Some((*turn, row));
            }
        }
        let is_time = free.is_empty() || self.rest_until.is_none_or(|until| until <= now);
        (free, next.filter(|_| is_time).map(|(_, row)| row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{CloudEventError, Lane};

    const SECOND: Duration = Duration::from_secs(1);

    fn rows(pairs: &[(u64, &str)]) -> Vec<OutboxRow> {
        let row = |(position, key): &(u64, &str)| OutboxRow {
            position: OutboxPosition(*position),
            lane: Lane(0),
            key: key.parse().unwrap(),
            attempts: 0,
            refusals: 0,
            age: Duration::ZERO,
            message: Err(CloudEventError::new(".", "it is never read")),
        };
        pairs.iter().map(row).collect()
    }

    fn apart(suspects: &Suspects, pairs: &[(u64, &str)], now: Instant) -> (Vec<u64>, Option<u64>) {
        let (free, next) = suspects.apart(rows(pairs), now);
        (free.iter().map(|it| it.position.0).collect(), next.map(|it| it.position.0))
    }

    #[tokio::test(start_paused = true)]
    async fn a_suspect_goes_alone_and_what_is_behind_it_waits() {
        let (mut suspects, now) = (Suspects::default(), Instant::now());
        let all = [(1, "a"), (2, "b"), (3, "b"), (4, "c"), (5, "b")];
        assert_eq!(apart(&suspects, &all, now), (vec![1, 2, 3, 4, 5], None));
        suspects.add(OutboxPosition(2), Duration::ZERO, now);
        assert_eq!(apart(&suspects, &all, now), (vec![1, 4], Some(2)));
        // What is before one in its key goes first.
        suspects.clear(OutboxPosition(2));
        suspects.add(OutboxPosition(3), Duration::ZERO, now);
        assert_eq!(apart(&suspects, &all, now), (vec![1, 2, 4], None));
    }

    #[tokio::test(start_paused = true)]
    async fn they_take_turns() {
        let (mut suspects, now) = (Suspects::default(), Instant::now());
        for position in [1, 2, 3] {
            suspects.add(OutboxPosition(position), Duration::ZERO, now);
        }
        let all = [(1, "a"), (2, "b"), (3, "c")];
        for turn in [1, 2, 3, 1, 2] {
            assert_eq!(apart(&suspects, &all, now), (vec![], Some(turn)));
            suspects.add(OutboxPosition(turn), Duration::ZERO, now);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn others_have_three_times_as_long_if_there_are_any() {
        let (mut suspects, now) = (Suspects::default(), Instant::now());
        suspects.add(OutboxPosition(1), SECOND, now);
        assert_eq!(apart(&suspects, &[(1, "a"), (2, "b")], now + 2 * SECOND), (vec![2], None));
        assert_eq!(apart(&suspects, &[(1, "a"), (2, "b")], now + 3 * SECOND), (vec![2], Some(1)));
        assert_eq!(apart(&suspects, &[(1, "a")], now), (vec![], Some(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn only_one_that_is_known_and_alone_is_surely_the_fault() {
        let (mut suspects, now) = (Suspects::default(), Instant::now());
        let mut add = |position| suspects.add(OutboxPosition(position), SECOND, now);
        assert_eq!([add(1), add(1), add(2), add(1)], [false, true, false, false]);
        suspects.clear(OutboxPosition(2));
        assert!(suspects.add(OutboxPosition(1), SECOND, now));
    }

    #[tokio::test(start_paused = true)]
    async fn their_number_is_bounded() {
        let (mut suspects, now) = (Suspects::default(), Instant::now());
        for position in 0..2_000 {
            suspects.add(OutboxPosition(position), SECOND, now);
        }
        assert_eq!(suspects.tried.len(), KNOWN_MAX);
        assert!(suspects.tried.contains_key(&OutboxPosition(1_999)));
    }
}
