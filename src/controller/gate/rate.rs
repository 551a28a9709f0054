use std::fmt;

use serde::{Deserialize, Serialize};

/// How many of all: from 0, none, to 1, all.
///
/// ```
/// use strangler_fig::controller::Rate;
///
/// let rate = Rate::new(0.001)?;
/// assert_eq!((rate.as_f64(), rate.to_string().as_str()), (0.001, "0.1 %"));
/// assert_eq!(Rate::percent(2), Rate::new(0.02)?);
/// assert!(Rate::new(f64::NAN).is_err() && Rate::new(1.1).is_err() && Rate::new(-0.1).is_err());
/// # Ok::<(), strangler_fig::controller::RateError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Rate(f64);

/// A number that is no rate.
///
/// ```
/// use strangler_fig::controller::{Rate, RateError};
///
/// let refused: RateError = Rate::new(5.0).unwrap_err();
/// assert_eq!(refused.to_string(), "a rate lies between 0 and 1; 5 does not");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("a rate lies between 0 and 1; {0} does not")]
pub struct RateError(f64);

impl Rate {
    /// None at all.
    pub const ZERO: Self = Self(0.0);

    /// A rate.
    ///
    /// # Errors
    ///
    /// [`RateError`]: it is below 0, above 1, or no number.
    pub fn new(rate: f64) -> Result<Self, RateError> {
        // Minus zero is equal to zero, and is made it.
        if (0.0..=1.0).contains(&rate) { Ok(Self(rate.abs())) } else { Err(RateError(rate)) }
    }

    /// A rate in per cent; all that is above 100 counts as 100.
    #[must_use]
    pub fn percent(percent: u16) -> Self {
        Self(f64::from(percent.min(100)) / 100.0)
    }

    /// Between 0 and 1.
    #[must_use]
    pub const fn as_f64(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Rate {
    type Error = RateError;

    fn try_from(rate: f64) -> Result<Self, RateError> {
        Self::new(rate)
    }
}

impl From<Rate> for f64 {
    fn from(rate: Rate) -> Self {
        rate.0
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", figure(self.0 * 100.0))
    }
}

/// A number to four places, without the zeros at its end.
pub(super) fn figure(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_again() {
        assert_eq!(f64::from(Rate::percent(50)).to_bits(), 0.5_f64.to_bits());
    }
}
