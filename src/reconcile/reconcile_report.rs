use std::fmt;

use serde::{Deserialize, Serialize};

use super::RepairDepth;
use super::attempt::Mended;
use super::verdict::Verdict;

/// What a [`Reconciler`](super::Reconciler) has done.
///
/// ```
/// use strangler_fig::reconcile::ReconcileReport;
///
/// let report = ReconcileReport::default();
/// let text = "0 keys repaired (0 level, 0 copied, 0 settled), 0 put off, 0 parked, \
///             the queue failed 0 times; what waits is unknown";
/// assert_eq!(report.to_string(), text);
/// assert_eq!(report.repaired(), 0);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ReconcileReport {
    /// Keys that came from this process' sink into the queue.
    pub noted: u64,
    /// Keys taken from the queue; those that were taken again counted again.
    pub taken: u64,
    /// Keys whose sides were one already.
    pub level: u64,
    /// Keys whose lagging side took the other's record.
    pub copied: u64,
    /// Conflicts that were settled.
    pub settled: u64,
    /// Failed repairs that were put off.
    pub postponed: u64,
    /// Keys that were given up.
    pub parked: u64,
    /// How often the queue failed; nothing was lost by it, but may be repaired
    /// once more.
    pub queue_errors: u64,
    /// What the queue held in the end, if it answered.
    pub left: Option<RepairDepth>,
}

impl ReconcileReport {
    /// Keys whose sides are one.
    #[must_use]
    pub const fn repaired(&self) -> u64 {
        self.level + self.copied + self.settled
    }

    /// Entries that came to an end, whichever.
    pub(super) const fn ended(&self) -> u64 {
        self.repaired() + self.postponed + self.parked
    }

    /// Counts what became of an entry.
    pub(super) fn count(&mut self, verdict: Verdict) {
        let counter = match verdict {
            Verdict::Finish(Mended::Level) => &mut self.level,
            Verdict::Finish(Mended::Copied) => &mut self.copied,
            Verdict::Finish(Mended::Settled) => &mut self.settled,
            Verdict::Postpone => &mut self.postponed,
            Verdict::Park(_) => &mut self.parked,
        };
        *counter += 1;
    }
}

impl fmt::Display for ReconcileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { level, copied, settled, postponed, parked, queue_errors, .. } = self;
        write!(
            f,
            "{} keys repaired ({level} level, {copied} copied, {settled} settled), {postponed} put \
             off, {parked} parked, the queue failed {queue_errors} times; ",
            self.repaired()
        )?;
        match self.left {
            None => f.write_str("what waits is unknown"),
            Some(RepairDepth { waiting, parked, oldest: None }) => {
                write!(f, "{waiting} wait, {parked} are parked")
            }
            Some(RepairDepth { waiting, parked, oldest: Some(age) }) => {
                let seconds = age.as_secs();
                write!(f, "{waiting} wait, the oldest for {seconds} s, {parked} are parked")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_as_words() {
        let oldest = Some(std::time::Duration::from_secs(9));
        let mut report = ReconcileReport {
            level: 1,
            copied: 2,
            settled: 3,
            postponed: 4,
            parked: 5,
            queue_errors: 6,
            left: Some(RepairDepth { waiting: 7, parked: 8, oldest }),
            ..ReconcileReport::default()
        };
        let told = "6 keys repaired (1 level, 2 copied, 3 settled), 4 put off, 5 parked, the queue \
                    failed 6 times; ";
        let left =
            |report: &ReconcileReport| report.to_string().strip_prefix(told).map(str::to_owned);
        let waiting = left(&report).unwrap();
        assert_eq!(waiting, "7 wait, the oldest for 9 s, 8 are parked");
        report.left = Some(RepairDepth { waiting: 0, parked: 8, oldest: None });
        assert_eq!(left(&report).unwrap(), "0 wait, 8 are parked");
        report.left = None;
        assert_eq!(left(&report).unwrap(), "what waits is unknown");
    }
}
