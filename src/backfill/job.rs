use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::WorkerName;
use super::worker_name::plain;
use crate::error::Quoted;
use crate::phase::name::text_type;

/// The longest name, in bytes.
const NAME_MAX: usize = 100;

/// Not a name of a job.
///
/// ```
/// use strangler_fig::backfill::JobName;
///
/// let wrong = "a\nb".parse::<JobName>().unwrap_err().to_string();
/// assert!(wrong.starts_with(r#""a\nb" is no name for a job"#));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no name for a job: it takes 1 to {NAME_MAX} bytes without control characters")]
pub struct JobNameError(Quoted);

fn checked(name: &str) -> Result<SmolStr, JobNameError> {
    plain(name, NAME_MAX).map_err(JobNameError)
}

text_type! {
    /// The name of a backfill: what its checkpoints are found by. 1 to 100 bytes
    /// without control characters.
    ///
    /// ```
    /// use strangler_fig::backfill::JobName;
    ///
    /// let job: JobName = "users 2026".parse()?;
    /// assert_eq!(job.to_string(), "users 2026");
    /// assert!("".parse::<JobName>().is_err());
    /// # Ok::<(), strangler_fig::backfill::JobNameError>(())
    /// ```
    JobName, JobNameError, checked
}

/// A range of encoded keys: those after `after` up to and including `until`.
///
/// ```
/// use strangler_fig::backfill::Partition;
/// use strangler_fig::key::KeyExt;
///
/// let first = Partition { after: None, until: 999_u32.to_bytes() };
/// let second = Partition { after: Some(first.until.clone()), until: 1_999_u32.to_bytes() };
/// assert!(first.until < second.until);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Partition {
    /// The last key before it; `None`: from the first key on.
    pub after: Option<Vec<u8>>,
    /// The last key in it.
    pub until: Vec<u8>,
}

/// How far the copying of a partition has come.
///
/// ```
/// use strangler_fig::backfill::Checkpoint;
///
/// let begun = Checkpoint::default();
/// assert!(begun.after.is_none() && !begun.is_done);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Checkpoint {
    /// Every key up to this one is copied, or noted as failed.
    pub after: Option<Vec<u8>>,
    /// Whether the partition is finished.
    pub is_done: bool,
    /// Records read from legacy.
    pub scanned: u64,
    /// Records that modern took.
    pub copied: u64,
    /// Records that modern had already, or later ones.
    pub level: u64,
    /// Records that were handed to the repair queue.
    pub failed: u64,
}

/// A partition as a store knows it.
///
/// ```
/// use strangler_fig::backfill::PartitionState;
///
/// /// Nobody works on it, and there is work.
/// fn is_idle(state: &PartitionState) -> bool {
///     !state.checkpoint.is_done && state.holder.is_none()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PartitionState {
    /// Its keys.
    pub partition: Partition,
    /// How far it has come.
    pub checkpoint: Checkpoint,
    /// The epoch of its newest claim; 0 if there was none.
    pub epoch: u64,
    /// Who holds it now.
    pub holder: Option<WorkerName>,
}

impl PartitionState {
    /// A partition that nobody holds.
    #[must_use]
    pub const fn new(partition: Partition, checkpoint: Checkpoint, epoch: u64) -> Self {
        Self { partition, checkpoint, epoch, holder: None }
    }
}

/// The right to copy a partition, until another worker has claimed it.
///
/// ```
/// use strangler_fig::backfill::Claim;
///
/// fn line(claim: &Claim) -> String {
///     format!("partition {} of {}, claim {}", claim.number, claim.job, claim.epoch)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Claim {
    /// Which job.
    pub job: JobName,
    /// The number of the partition.
    pub number: u32,
    /// Larger than that of every claim of this partition before.
    pub epoch: u64,
    /// The keys to copy.
    pub partition: Partition,
    /// Where to go on.
    pub checkpoint: Checkpoint,
}

impl Claim {
    /// The claim of a partition, from where `checkpoint` says.
    #[must_use]
    pub const fn new(
        job: JobName,
        number: u32,
        epoch: u64,
        partition: Partition,
        checkpoint: Checkpoint,
    ) -> Self {
        Self { job, number, epoch, partition, checkpoint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_text_of_some_length() {
        for bad in ["", "a\0b", "a\nb", "\u{9b}", &"x".repeat(101)] {
            assert!(bad.parse::<JobName>().is_err(), "{bad:?}");
        }
        assert!("x".repeat(100).parse::<JobName>().is_ok());
    }

    #[test]
    fn what_is_quoted_of_a_longer_text_is_no_name() {
        let error = "x".repeat(150).parse::<JobName>().unwrap_err().to_string();
        let quoted = format!("\"{}\" and 50 bytes more is no name", "x".repeat(100));
        assert!(error.starts_with(&quoted), "{error}");
    }
}
