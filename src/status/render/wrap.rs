//! Lines of a width.

use std::borrow::Cow;

/// How many columns a character takes: two where it is wide, else one. What takes none is counted as one, so that a
/// line is never longer than is thought.
fn columns(c: char) -> usize {
    let is_wide = matches!(u32::from(c),
        0x1100..=0x115F | 0x2E80..=0x303E | 0x3041..=0xA4CF | 0xA960..=0xA97F | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF
        | 0xFE10..=0xFE19 | 0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x1F000..=0x1FAFF
        | 0x20000..=0x3FFFD | 0x231A..=0x231B | 0x23E9..=0x23F3 | 0x25FD..=0x25FE | 0x2614..=0x2615 | 0x2648..=0x2653
        | 0x267F..=0x27BF | 0x2B1B..=0x2B1C | 0x2B50..=0x2B55 | 0x16FE0..=0x18CFF | 0x1AFF0..=0x1B2FF);
    if is_wide { 2 } else { 1 }
}

pub(super) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// The same text in lines of at most `most` columns, broken at spaces, and inside of words that are longer.
pub(super) fn wrapped(text: &str, most: usize) -> Vec<String> {
    let most = most.max(2);
    let mut lines = vec![String::new()];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        for (place, piece) in pieces(word, most).enumerate() {
            let line = lines.last_mut().expect("there is one");
            let space = usize::from(!line.is_empty());
            if place == 0 && width(line) + space + width(&piece) <= most {
                line.push_str(&" ".repeat(space));
                line.push_str(&piece);
            } else {
                lines.push(piece.into_owned());
            }
        }
    }
    if lines.len() > 1 && lines[0].is_empty() {
        lines.remove(0);
    }
    lines
}

fn pieces(word: &str, most: usize) -> impl Iterator<Item = Cow<'_, str>> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let mut taken = 0;
        let fits = |(_, c): &(usize, char)| {
            taken += columns(*c);
            taken > most
        };
        let end = rest.char_indices().find(fits).map_or(rest.len(), |(at, _)| at);
        let (piece, left) = rest.split_at(end);
        rest = left;
        (!piece.is_empty()).then_some(Cow::Borrowed(piece))
    })
}

/// The text and spaces up to a width.
pub(super) fn padded(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_spaces_and_inside_long_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a abcdefgh b", 3), ["a", "abc", "def", "gh", "b"]);
        assert_eq!(wrapped("", 5), [""]);
        assert_eq!(wrapped("abcdef", 3), ["abc", "def"]);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!((width("東京"), width("Zürich")), (4, 6));
        assert_eq!(wrapped("東京都", 4), ["東京", "都"]);
        assert_eq!(padded("東", 4), "東  ");
    }
}
