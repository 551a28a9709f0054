//! Text from outside: cut to a length when it is taken in, made visible when it is shown.

use std::borrow::Cow;
use std::time::Duration;

use crate::error;

/// The longest name that is kept: of a field, a gate, a node.
pub(super) const NAME_MAX: usize = 120;
/// The longest account of something.
pub(super) const TEXT_MAX: usize = 500;

/// Whether a character has to be written out. Where something begins and ends that is isolated does not: no output shows
/// that, and neither do texts have it, for no character of Unicode it is.
fn is_unseen(c: char) -> bool {
    error::is_unseen(c) && !ISOLATES.contains(&c)
}

/// Text of at most `max` characters; what was cut off is told by an ellipsis.
pub(super) fn capped(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// The same text with what is not seen written out: `\u{202e}`. Nothing that is left moves a cursor or turns text
/// around.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unseen) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().flat_map(|c| {
        let (seen, unseen) =
            if is_unseen(c) { (None, Some(c.escape_unicode())) } else { (Some(c), None) };
        seen.into_iter().chain(unseen.into_iter().flatten())
    });
    Cow::Owned(shown.collect())
}

/// Where text that somebody wrote begins and ends inside of another one: two characters that no text has, and that no
/// output shows. A page isolates what is between them, so that it turns nothing around that stands beside it.
pub(super) const ISOLATES: [char; 2] = ['\u{fdd0}', '\u{fdd1}'];

/// Text that somebody wrote, to be put into another one.
pub(super) fn isolated(text: &str) -> String {
    let [begin, end] = ISOLATES;
    format!("{begin}{}{end}", text.replace(ISOLATES, ""))
}

/// A time as people say it.
pub(super) fn spoken(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 if time.as_millis() == 0 => format!("{} µs", time.as_micros()),
        0 => format!("{:.1} ms", time.as_secs_f64() * 1_000.0),
        1..=9 => format!("{:.1} s", time.as_secs_f64()),
        10..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3_600..=86_399 => format!("{} h {:02} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// A moment, in UTC.
pub(super) fn moment(unix_ms: u64) -> String {
    let moment = i64::try_from(unix_ms).ok().and_then(chrono::DateTime::from_timestamp_millis);
    moment.map_or_else(
        || format!("{unix_ms} ms after 1970"),
        |at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// Between 0 and 1, in per cent.
pub(super) fn per_cent(rate: f64) -> String {
    let figure = format!("{:.3}", rate * 100.0);
    format!("{} %", figure.trim_end_matches('0').trim_end_matches('.'))
}

#[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
pub(super) fn rate(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_is_told() {
        assert_eq!(
            (capped("Zürich", 6), capped("Zürich", 2)),
            ("Zürich".to_owned(), "Zü…".to_owned())
        );
        assert_eq!(capped(&"x".repeat(1_000_000), 10).chars().count(), 11);
    }

    #[test]
    fn what_moves_cursors_and_turns_text_is_written_out() {
        let (red, turned) = ("\u{1b}[31mred", "a\u{202e}b\u{2066}c\u{200b}\u{9b}d\u{7f}\n");
        assert_eq!(visible(red), "\\u{1b}[31mred");
        assert_eq!(visible(turned), "a\\u{202e}b\\u{2066}c\\u{200b}\\u{9b}d\\u{7f}\\u{a}");
        assert!(matches!(visible("Zoë, 東京 <b>"), Cow::Borrowed(_)), "what is seen stays");
    }

    #[test]
    fn times_are_told_in_the_unit_that_fits() {
        let told = [0, 1_500, 3_200_000, 59_900_000, 61_000_000, 7_260_000_000, 100_000_000_000];
        let told = told.map(|micros| spoken(Duration::from_micros(micros)));
        assert_eq!(
            told,
            ["0 µs", "1.5 ms", "3.2 s", "59 s", "1 min 01 s", "2 h 01 min", "1 d 03 h"]
        );
        assert_eq!(moment(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(moment(u64::MAX), format!("{} ms after 1970", u64::MAX));
        assert_eq!((per_cent(0.012_34), per_cent(1.0)), ("1.234 %".into(), "100 %".into()));
    }
}
