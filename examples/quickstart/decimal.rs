use std::fmt;
use std::str::FromStr;

/// A number with `PLACES` digits after the point, kept as a whole number of its
/// last place: every store can hold it exactly, and `==` is total.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal<const PLACES: u32>(i32);

/// Degrees to the millionth, about 11 cm on the ground.
pub type Degrees = Decimal<6>;

/// Feet to the hundredth.
pub type Feet = Decimal<2>;

impl<const PLACES: u32> Decimal<PLACES> {
    const SCALE: u32 = 10_u32.pow(PLACES);

    /// The number that is `units` of its last place.
    #[must_use]
    pub const fn from_units(units: i32) -> Self {
        Self(units)
    }

    /// How many of its last place it is.
    #[must_use]
    pub const fn units(self) -> i32 {
        self.0
    }

    /// The decimal nearest to `number`; `None` if it is none or too large.
    #[must_use]
    pub fn nearest(number: f64) -> Option<Self> {
        let units = (number * f64::from(Self::SCALE)).round();
        let fits = (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&units);
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and fits")]
        fits.then_some(Self(units as i32))
    }

    /// The double nearest to it; [`nearest`](Self::nearest) of that is it again.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        f64::from(self.0) / f64::from(Self::SCALE)
    }
}

/// A text that is not a decimal with so many places.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("wants a number with at most {places} digits after the point")]
pub struct NotDecimal {
    places: u32,
}

impl<const PLACES: u32> FromStr for Decimal<PLACES> {
    type Err = NotDecimal;

    fn from_str(text: &str) -> Result<Self, NotDecimal> {
        parse(text, PLACES as usize).map(Self).ok_or(NotDecimal { places: PLACES })
    }
}

fn parse(text: &str, places: usize) -> Option<i32> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (unsigned, ""),
    };
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_short = fraction.len() <= places;
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || !is_short {
        return None;
    }
    let units: i64 = format!("{whole}{fraction:0<places$}").parse().ok()?;
    let is_negative = unsigned.len() < text.len();
    i32::try_from(if is_negative { -units } else { units }).ok()
}

impl<const PLACES: u32> fmt::Display for Decimal<PLACES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        let places = PLACES as usize;
        let fraction = format!("{:0places$}", units % Self::SCALE);
        write!(f, "{sign}{}", units / Self::SCALE)?;
        match fraction.trim_end_matches('0') {
            "" => Ok(()),
            digits => write!(f, ".{digits}"),
        }
    }
}

impl<const PLACES: u32> fmt::Debug for Decimal<PLACES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
