use serde::{Deserialize, Serialize};

use crate::key::Key;
use crate::phase::{Bucket, Salt, Share};

/// A part of the keys, the same on both sides and whenever it is drawn with one
/// seed.
///
/// A key belongs to it or not by a hash of its encoding and the seed.
///
/// ```
/// use strangler_fig::consistency::Sample;
/// use strangler_fig::phase::Share;
///
/// let sample = Sample::of(Share::percent(10), 7);
/// assert_eq!((sample.share(), sample.seed()), (Share::percent(10), 7));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    share: Share,
    seed: u64,
}

impl Sample {
    /// So many of the keys, chosen by `seed`.
    #[must_use]
    pub const fn of(share: Share, seed: u64) -> Self {
        Self { share, seed }
    }

    /// How many of the keys.
    #[must_use]
    pub const fn share(self) -> Share {
        self.share
    }

    /// What chooses them.
    #[must_use]
    pub const fn seed(self) -> u64 {
        self.seed
    }
}

/// Tells which keys belong to a sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sampler {
    share: Share,
    salt: Salt,
}

impl Sampler {
    pub(super) fn of(sample: Sample) -> Self {
        let salt = Salt::of(&format!("sample {:016x}", sample.seed));
        Self { share: sample.share, salt }
    }

    pub(super) fn takes<K: Key>(self, key: &K) -> bool {
        self.share.holds(Bucket::of(key, self.salt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_chooses_the_same_keys_and_about_the_share() {
        let taken = |seed| -> Vec<u32> {
            let sampler = Sampler::of(Sample::of(Share::percent(10), seed));
            (0..10_000).filter(|key| sampler.takes(key)).collect()
        };
        assert_eq!(taken(7), taken(7));
        assert_ne!(taken(7), taken(8));
        assert!((900..1_100).contains(&taken(7).len()));
    }

    #[test]
    fn a_sample_says_what_it_was_made_of() {
        let sample = Sample::of(Share::percent(10), 7);
        assert_eq!((sample.share(), sample.seed()), (Share::percent(10), 7));
    }
}
