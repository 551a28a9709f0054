//! Times, against a second implementation that counts days.

use proptest::prelude::*;
use strangler_fig::event::EventTime;

const DAYS: [u64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

fn is_leap(year: u64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: u64, month: usize) -> u64 {
    DAYS[month] + u64::from(month == 1 && is_leap(year))
}

/// The text, by counting.
fn counted(millis: u64) -> String {
    let (mut days, rest) = (millis / 86_400_000, millis % 86_400_000);
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let mut month = 0;
    while days >= days_of(year, month) {
        days -= days_of(year, month);
        month += 1;
    }
    let [hour, minute, second] = [3_600_000, 60_000, 1_000].map(|unit| rest / unit);
    let (day, minute, second) = (days + 1, minute % 60, second % 60);
    format!(
        "{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
        month + 1,
        rest % 1_000
    )
}

fn millis(text: &str) -> Option<u64> {
    text.parse::<EventTime>().ok().map(EventTime::unix_millis)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn a_time_is_written_as_one_counts(at in 0..253_402_300_800_000_u64) {
        let text = EventTime::from_unix_millis(at).unwrap().to_string();
        prop_assert_eq!(&text, &counted(at));
        prop_assert_eq!(millis(&text), Some(at));
    }

    #[test]
    fn no_text_is_too_much(text in "[0-9TZ:.+ -]{0,40}|\\PC{0,30}") {
        if let Ok(time) = text.parse::<EventTime>() {
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }
    }
}

#[test]
fn fractions_are_cut_off_after_milliseconds() {
    let day = 951_782_400_000; // 2000-02-29
    for (fraction, more) in [
        (".9", 900),
        (".0009", 0),
        (".0019", 1),
        (".999999999", 999),
        (&format!(".{}", "9".repeat(40)), 999),
    ] {
        assert_eq!(
            millis(&format!("2000-02-29T00:00:00{fraction}Z")),
            Some(day + more),
            "{fraction}"
        );
    }
    assert_eq!(millis("2000-02-29T00:00:00.Z"), None);
}

#[test]
fn offsets_are_taken_off() {
    let midnight = millis("2026-03-01T00:00:00Z");
    for text in
        ["2026-03-01T01:30:00+01:30", "2026-02-28T12:00:00-12:00", "2026-03-01T23:59:00+23:59"]
    {
        assert_eq!(millis(text), midnight, "{text}");
    }
    assert_eq!(millis("2026-03-01T00:00:00-00:00"), midnight);
}

#[test]
fn a_leap_second_is_the_end_of_the_one_before_and_there_is_none_elsewhere() {
    assert_eq!(millis("2016-12-31T23:59:60Z"), Some(1_483_228_799_999));
    for bad in ["2016-12-31T23:59:61Z", "2016-12-31T12:00:60Z"] {
        assert_eq!(millis(bad), None, "{bad}");
    }
}

#[test]
fn what_is_no_time_is_none() {
    for bad in [
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "+2026-01-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+0100",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00Z",
        "2026-01-01",
        " 2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z ",
        "1969-12-31T23:59:59.999Z",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ] {
        assert_eq!(millis(bad), None, "{bad}");
    }
}
