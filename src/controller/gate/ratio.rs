use std::fmt;

use serde::{Deserialize, Serialize};

use super::rate::figure;

/// How many times as much: above 0.
///
/// ```
/// use strangler_fig::controller::Ratio;
///
/// let ratio = Ratio::new(1.5)?;
/// assert_eq!((ratio.as_f64(), ratio.to_string().as_str()), (1.5, "1.5 times"));
/// assert!([f64::NAN, f64::INFINITY, 0.0, -1.0].map(Ratio::new).iter().all(Result::is_err));
/// # Ok::<(), strangler_fig::controller::RatioError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Ratio(f64);

/// A number that is no ratio.
///
/// ```
/// use strangler_fig::controller::{Ratio, RatioError};
///
/// let refused: RatioError = Ratio::new(0.0).unwrap_err();
/// assert_eq!(refused.to_string(), "a ratio is a finite number above 0; 0 is not");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("a ratio is a finite number above 0; {0} is not")]
pub struct RatioError(f64);

impl Ratio {
    /// A ratio.
    ///
    /// # Errors
    ///
    /// [`RatioError`]: it is not above 0, infinite, or no number.
    pub fn new(ratio: f64) -> Result<Self, RatioError> {
        if ratio.is_finite() && ratio > 0.0 { Ok(Self(ratio)) } else { Err(RatioError(ratio)) }
    }

    /// The number.
    #[must_use]
    pub const fn as_f64(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Ratio {
    type Error = RatioError;

    fn try_from(ratio: f64) -> Result<Self, RatioError> {
        Self::new(ratio)
    }
}

impl From<Ratio> for f64 {
    fn from(ratio: Ratio) -> Self {
        ratio.0
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} times", figure(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_a_number_again() {
        assert_eq!(f64::from(Ratio::new(1.5).unwrap()).to_bits(), 1.5_f64.to_bits());
    }
}
