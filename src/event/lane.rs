use std::collections::BTreeSet;
use std::num::NonZeroU16;

use twox_hash::XxHash3_64;

use super::EventKey;

/// A part of an outbox's keys: every key has one, and a relay holds whole lanes.
///
/// ```
/// use std::num::NonZeroU16;
/// use strangler_fig::event::{EventKey, Lane};
///
/// let lanes = NonZeroU16::new(16).expect("it is not 0");
/// let key: EventKey = "order-4711".parse()?;
/// assert_eq!(Lane::of(&key, lanes), Lane::of(&key, lanes));
/// assert!(Lane::of(&key, lanes).0 < 16);
/// # Ok::<(), strangler_fig::event::TextError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane(pub u16);

impl Lane {
    /// That of a key, where there are so many: the same for ever, in every version of the crate.
    #[must_use]
    pub fn of(key: &EventKey, lanes: NonZeroU16) -> Self {
        let lane = XxHash3_64::oneshot(key.as_str().as_bytes()) % u64::from(lanes.get());
        Self(u16::try_from(lane).unwrap_or_default())
    }
}

/// The right to relay a lane, until another relay has claimed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneClaim {
    /// Which.
    pub lane: Lane,
    /// Larger than that of every claim of this lane before.
    pub epoch: u64,
}

/// What a relay holds, and among how many.
///
/// ```
/// use std::collections::BTreeSet;
/// use std::num::NonZeroU16;
/// use strangler_fig::event::{Lane, LaneClaim, LaneClaims};
///
/// let number = |n| NonZeroU16::new(n).expect("it is not 0");
/// let held = [0, 1, 2].map(|n| LaneClaim { lane: Lane(n), epoch: 1 }).to_vec();
/// let claims = LaneClaims { held, lanes: number(4), relays: number(2) };
/// assert_eq!(claims.fair_share(), number(2));
///
/// // One too many, and the last one is busy.
/// let busy = BTreeSet::from([Lane(2)]);
/// assert_eq!(claims.surplus(&busy), [LaneClaim { lane: Lane(1), epoch: 1 }]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneClaims {
    /// What it holds now, all of it, in the order of the lanes.
    pub held: Vec<LaneClaim>,
    /// How many lanes the outbox has; the same for ever.
    pub lanes: NonZeroU16,
    /// How many relays have claimed within their terms, this one included, those that got nothing too.
    pub relays: NonZeroU16,
}

impl LaneClaims {
    /// How many lanes a relay holds at most, so that all relays together hold all of them.
    #[must_use]
    pub fn fair_share(&self) -> NonZeroU16 {
        let share = self.lanes.get().div_ceil(self.relays.get());
        NonZeroU16::new(share).unwrap_or(NonZeroU16::MIN)
    }

    /// What it gives back: the last ones that are idle, as many as it has too many.
    #[must_use]
    pub fn surplus(&self, busy: &BTreeSet<Lane>) -> Vec<LaneClaim> {
        let too_many = self.held.len().saturating_sub(usize::from(self.fair_share().get()));
        let idle = self.held.iter().rev().filter(|claim| !busy.contains(&claim.lane));
        idle.take(too_many).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: u16) -> NonZeroU16 {
        NonZeroU16::new(n).unwrap()
    }

    fn claims(held: u16, lanes: u16, relays: u16) -> LaneClaims {
        let held = (0..held).map(|n| LaneClaim { lane: Lane(n), epoch: 1 }).collect();
        LaneClaims { held, lanes: number(lanes), relays: number(relays) }
    }

    #[test]
    fn a_key_keeps_its_lane_for_ever() {
        let lane = |key: &str, lanes| Lane::of(&key.parse().unwrap(), number(lanes)).0;
        assert_eq!(["a", "b", "order-4711", "é"].map(|key| lane(key, 64)), [31, 63, 32, 51]);
        assert_eq!(lane("a", 1), 0);
    }

    #[test]
    fn fair_shares_cover_all_lanes() {
        for lanes in 1..70 {
            for relays in 1..70 {
                let share = claims(0, lanes, relays).fair_share().get();
                assert!(share * relays >= lanes && (share - 1) * relays < lanes);
            }
        }
        assert_eq!(claims(0, u16::MAX, 1).fair_share().get(), u16::MAX);
    }

    #[test]
    fn what_is_too_much_and_idle_is_given_back() {
        let lanes = |found: Vec<LaneClaim>| found.iter().map(|it| it.lane.0).collect::<Vec<_>>();
        let none = BTreeSet::new();
        assert!(claims(4, 4, 1).surplus(&none).is_empty());
        assert_eq!(lanes(claims(4, 4, 2).surplus(&none)), [3, 2]);
        assert_eq!(lanes(claims(4, 4, 2).surplus(&BTreeSet::from([Lane(3), Lane(1)]))), [2, 0]);
        assert!(claims(2, 4, 2).surplus(&none).is_empty());
    }
}
