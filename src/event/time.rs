use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat};

use super::TextError;

/// The last millisecond of the year 9999.
const MILLIS_MAX: u64 = 253_402_300_799_999;

/// When an event happened, in milliseconds since 1970; up to the end of the year 9999.
///
/// ```
/// use strangler_fig::event::EventTime;
///
/// let noon: EventTime = "2026-02-28T13:00:00+01:00".parse()?;
/// assert_eq!(noon.to_string(), "2026-02-28T12:00:00.000Z");
/// assert_eq!(EventTime::from_unix_millis(noon.unix_millis())?, noon);
/// # Ok::<(), strangler_fig::event::TextError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTime(u64);

impl EventTime {
    /// The moment so many milliseconds after 1970, as a [`Clock`](crate::clock::Clock) tells them.
    ///
    /// # Errors
    ///
    /// When it is after the year 9999.
    pub fn from_unix_millis(millis: u64) -> Result<Self, TextError> {
        if millis <= MILLIS_MAX { Ok(Self(millis)) } else { Err(out_of_range()) }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn unix_millis(self) -> u64 {
        self.0
    }

    /// A time of RFC 3339; `None` if it is one that cannot be told here.
    pub(super) fn read(text: &str) -> Result<Option<Self>, TextError> {
        let read = DateTime::parse_from_rfc3339(text).map_err(|_| out_of_range())?;
        let (second, millis) = (read.timestamp(), read.timestamp_subsec_millis());
        // A leap second is told as a second with more than a thousand milliseconds; there is none but at a day's end.
        if millis > 999 && second.rem_euclid(86_400) != 86_399 {
            return Err(out_of_range());
        }
        let Ok(seconds) = u64::try_from(second) else { return Ok(None) };
        let millis = seconds.saturating_mul(1_000) + u64::from(millis.min(999));
        Ok(Self::from_unix_millis(millis).ok())
    }
}

fn out_of_range() -> TextError {
    TextError("an event's time is one of RFC 3339, from the year 1970 to the year 9999")
}

impl FromStr for EventTime {
    type Err = TextError;

    /// RFC 3339. What is finer than a millisecond is cut off; a leap second is the last millisecond before it.
    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::read(text)?.ok_or_else(out_of_range)
    }
}

impl fmt::Display for EventTime {
    /// RFC 3339 in UTC, with three digits of milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = i64::try_from(self.0).map_err(|_| fmt::Error)?;
        let time = DateTime::from_timestamp_millis(millis).ok_or(fmt::Error)?;
        f.write_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_one_way_and_read_in_many() {
        let read = |text: &str| text.parse::<EventTime>().map(EventTime::unix_millis);
        assert_eq!(read("1970-01-01T00:00:00Z"), Ok(0));
        assert_eq!(read("1970-01-01T00:00:00.0019Z"), Ok(1));
        assert_eq!(read("1970-01-01T02:00:00.5+02:00"), Ok(500));
        assert_eq!(read("9999-12-31T23:59:59.999Z"), Ok(MILLIS_MAX));
        for millis in [0, 1, 951_782_400_000, 1_709_251_199_999, MILLIS_MAX] {
            let text = EventTime(millis).to_string();
            assert_eq!((read(&text), text.len()), (Ok(millis), 24), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in [
            "",
            "2026-02-30T00:00:00Z",
            "2026-02-28",
            "2026-02-28T00:00:00",
            "1969-12-31T23:59:59Z",
            "10000-01-01T00:00:00Z",
            "2026-02-28T24:00:00Z",
            "2026-02-28T00:00:00+24:00",
        ] {
            assert!(bad.parse::<EventTime>().is_err(), "{bad}");
        }
        assert!(EventTime::from_unix_millis(MILLIS_MAX + 1).is_err());
    }
}
