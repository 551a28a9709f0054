use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::verdict::Verdict;
use crate::phase::Share;

/// What a mirror has compared since it was made.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::gateway::{Mirror, ResponseFields};
///
/// let report = Mirror::new(Arc::new(ResponseFields::default())).report();
/// assert_eq!(report.to_string(), "0 compared, 0 different, 0 noisy, 0 unsettled; 0 failed, 0 skipped");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct MirrorReport {
    /// How many pairs of answers were compared.
    pub compared: u64,
    /// Of them, those that said the same.
    pub equal: u64,
    /// Those that differed only where legacy differs from itself.
    pub noisy: u64,
    /// Those that differed, also when asked again.
    pub different: u64,
    /// Those that differed, and not in the same way when asked again.
    pub unsettled: u64,
    /// Mirrored requests that a side did not answer, or whose comparison panicked.
    pub failed: u64,
    /// Requests that were chosen and not compared: too much was under way, a body was too long, the caller's was cut
    /// off, or the side to be compared had stood in.
    pub skipped: u64,
    /// The places that differ, or have, by rule and name. Of each rule the first 256 have names, and any that has
    /// counted; the rest are `(others)`.
    pub places: Vec<PlaceReport>,
}

/// How one place of the responses to one rule's requests differs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlaceReport {
    /// The rule.
    pub rule: String,
    /// The place: `status`, `header.location`, `body.items[].price`.
    pub place: String,
    /// How many differences there have counted.
    pub counted: u64,
    /// How many pairs of the two sides' answers differ there, lately.
    pub differs: Share,
    /// How many pairs of legacy's answers differ there, lately.
    pub noise: Share,
    /// Whether its differences are noise, and do not count.
    pub is_noise: bool,
}

impl fmt::Display for MirrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { compared, noisy, different, unsettled, failed, skipped, .. } = self;
        write!(
            f,
            "{compared} compared, {different} different, {noisy} noisy, {unsettled} unsettled; "
        )?;
        write!(f, "{failed} failed, {skipped} skipped")?;
        self.places.iter().try_for_each(|place| write!(f, "\n{place}"))
    }
}

impl fmt::Display for PlaceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, place, counted, differs, noise, is_noise } = self;
        write!(f, "{rule} {place}: {counted} counted, differs in {differs}, by itself in {noise}")?;
        f.write_str(if *is_noise { ": noise" } else { "" })
    }
}

/// How many requests had which verdict.
#[derive(Debug, Default)]
pub(super) struct Totals([AtomicU64; 6]);

impl Totals {
    pub(super) fn count(&self, verdict: Verdict) {
        self.0[verdict as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn of(&self, verdict: Verdict) -> u64 {
        self.0[verdict as usize].load(Ordering::Relaxed)
    }

    pub(super) fn report(&self, places: Vec<PlaceReport>) -> MirrorReport {
        let [equal, noisy] = [Verdict::Equal, Verdict::Noisy].map(|it| self.of(it));
        let [different, unsettled] = [Verdict::Different, Verdict::Unsettled].map(|it| self.of(it));
        let [failed, skipped] = [Verdict::Failed, Verdict::Skipped].map(|it| self.of(it));
        let compared = equal + noisy + different + unsettled;
        MirrorReport { compared, equal, noisy, different, unsettled, failed, skipped, places }
    }
}
