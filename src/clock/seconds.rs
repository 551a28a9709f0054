//! Durations in documents for people and programs: numbers of seconds, in a field whose name ends in `_seconds`.

use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// From here on whole seconds are told: what a number in JSON has left for the rest is no nanosecond any more.
const WHOLE_FROM: u64 = 1 << 20;
/// More is never told: every number of seconds up to here is read as it was written.
const TOLD_MAX: u64 = 1 << 48;

pub(crate) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(told(*time).as_secs_f64())
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    read(f64::deserialize(from)?)
}

fn read<E: Error>(seconds: f64) -> Result<Duration, E> {
    if seconds.is_nan() || seconds < 0.0 {
        return Err(E::custom("a time is no less than nothing"));
    }
    Ok(told(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
}

fn told(time: Duration) -> Duration {
    match time.as_secs() {
        ..WHOLE_FROM => time,
        seconds => Duration::from_secs(seconds.min(TOLD_MAX)),
    }
}

/// The same, or null.
pub(crate) mod or_null {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde asks for a reference")]
    pub(crate) fn serialize<S: Serializer>(
        time: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::serialize(time, to),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D>(from: D) -> Result<Option<Duration>, D::Error>
    where
        D: Deserializer<'de>,
    {
        Option::<f64>::deserialize(from)?.map(super::read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Serialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Timed {
        #[serde(rename = "took_seconds", with = "super")]
        took: Duration,
        #[serde(rename = "ago_seconds", with = "super::or_null", default)]
        ago: Option<Duration>,
    }

    fn again(time: Duration) -> Duration {
        let text = serde_json::to_string(&Timed { took: time, ago: Some(time) }).unwrap();
        let Timed { took, ago } = serde_json::from_str(&text).unwrap();
        assert_eq!(ago, Some(took));
        took
    }

    #[test]
    fn a_time_is_a_number_and_one_that_is_not_there_is_null() {
        let timed = Timed { took: Duration::from_millis(1_500), ago: None };
        let text = serde_json::to_string(&timed).unwrap();
        assert_eq!(text, r#"{"took_seconds":1.5,"ago_seconds":null}"#);
        for text in [text.as_str(), r#"{"took_seconds":1.5}"#] {
            assert_eq!(serde_json::from_str::<Timed>(text).unwrap(), timed);
        }
    }

    #[test]
    fn a_time_below_nothing_is_refused_and_a_whole_number_is_read() {
        let read = |text| serde_json::from_str::<Timed>(text);
        assert!(read(r#"{"took_seconds":-0.5}"#).unwrap_err().to_string().contains("a time is"));
        assert_eq!(read(r#"{"took_seconds":3}"#).unwrap().took, Duration::from_secs(3));
        assert!(read(r#"{"took_seconds":{"secs":3,"nanos":0}}"#).is_err());
    }

    #[test]
    fn a_time_without_end_is_told_as_the_longest() {
        for time in [Duration::MAX, Duration::from_secs(TOLD_MAX)] {
            assert_eq!(again(time), Duration::from_secs(TOLD_MAX));
        }
    }

    proptest! {
        #[test]
        fn what_is_told_of_a_time_is_read_again(shift in 0..64_u32, seconds: u64, nanos in 0..1_000_000_000_u32) {
            let time = Duration::new(seconds >> shift, nanos);
            prop_assert_eq!(again(time), told(time));
            prop_assert_eq!(again(told(time)), told(time));
        }
    }
}
