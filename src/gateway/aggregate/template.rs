use smol_str::SmolStr;

use crate::route::PlainPath;

/// Path and query of a part, with holes for captures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TargetTemplate {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(SmolStr),
    /// The capture of this name.
    Capture(SmolStr),
}

/// Why a target cannot be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfilled {
    /// The request has no such capture.
    Missing,
    /// It would be another path: it is empty, a dot segment, or no text of a path.
    NotPlain,
}

impl TargetTemplate {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if !text.starts_with('/') || text.starts_with("//") {
            return Err("it begins with one slash");
        }
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or("a brace is not closed")?;
            let is_name = |it: u8| it.is_ascii_alphanumeric() || it == b'_' || it == b'-';
            if name.is_empty() || !name.bytes().all(is_name) {
                return Err("a capture has a name of letters, digits, `_` and `-`");
            }
            pieces.push(Piece::Text(checked(before)?));
            pieces.push(Piece::Capture(name.into()));
            rest = after;
        }
        pieces.push(Piece::Text(checked(rest)?));
        pieces.retain(|it| !matches!(it, Piece::Text(text) if text.is_empty()));
        let template = Self { pieces };
        template.fill(|_| Some("x")).map_err(|_| "its path can be read in more than one way")?;
        Ok(template)
    }

    pub(super) fn captures(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|it| match it {
            Piece::Capture(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The target, with each capture as one piece of data: whatever is in it, it is neither a boundary of the
    /// path nor of the query. `capture` answers the bytes of the request's path.
    pub(super) fn fill<'c>(
        &self,
        capture: impl Fn(&str) -> Option<&'c str>,
    ) -> Result<String, Unfilled> {
        let mut target = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => target.push_str(text),
                Piece::Capture(name) => {
                    let value = decoded(capture(name).ok_or(Unfilled::Missing)?);
                    if !is_data(&value) {
                        return Err(Unfilled::NotPlain);
                    }
                    for byte in value {
                        push_escaped(&mut target, byte);
                    }
                }
            }
        }
        let path = target.split('?').next().unwrap_or_default();
        PlainPath::of(path).map_err(|_| Unfilled::NotPlain)?;
        Ok(target)
    }
}

/// What is written in a target as it is: path and query, no fragment, and no escape that is none.
fn checked(text: &str) -> Result<SmolStr, &'static str> {
    let is_plain = |it: u8| it.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&it);
    if !text.bytes().all(is_plain) {
        return Err("it has a character that is none of a path or a query");
    }
    let mut escapes = text.split('%').skip(1);
    let is_escape = |it: &str| {
        let digits = it.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !escapes.all(is_escape) {
        return Err("a per cent sign is followed by two hexadecimal digits");
    }
    Ok(text.into())
}

/// What a part of a path says; an escape that is none stays as it is.
fn decoded(raw: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::with_capacity(raw.len()), raw.as_bytes());
    while let [first, after @ ..] = rest {
        let digits = after.first_chunk::<2>().filter(|_| *first == b'%');
        if let Some(value) = digits.and_then(|&[high, low]| Some(digit(high)? * 16 + digit(low)?)) {
            bytes.push(value);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}

fn digit(hexadecimal: u8) -> Option<u8> {
    let value = char::from(hexadecimal).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Whether it can be a piece of a path that no router reads as anything else.
fn is_data(value: &[u8]) -> bool {
    let is_dots = value == b"." || value == b"..";
    !value.is_empty() && !is_dots && !value.iter().any(u8::is_ascii_control)
}

fn push_escaped(target: &mut String, byte: u8) {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        target.push(char::from(byte));
    } else {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let digit = |it: u8| char::from(DIGITS[usize::from(it)]);
        target.extend(['%', digit(byte >> 4), digit(byte & 15)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str, value: &'static str) -> Result<String, Unfilled> {
        let template = TargetTemplate::parse(template).expect("it is one");
        template.fill(|name| (name == "id").then_some(value))
    }

    #[test]
    fn a_capture_is_escaped_anew() {
        for (raw, expected) in [
            ("7", "/orders/7/x"),
            ("a%20b", "/orders/a%20b/x"),
            ("a+b", "/orders/a%2Bb/x"),
            ("a%2Fb", "/orders/a%2Fb/x"),
            ("a;b=c", "/orders/a%3Bb%3Dc/x"),
            ("%C3%A4", "/orders/%C3%A4/x"),
            ("100%25", "/orders/100%25/x"),
            ("%zz", "/orders/%25zz/x"),
            ("%", "/orders/%25/x"),
            ("%4", "/orders/%254/x"),
            ("%+1", "/orders/%25%2B1/x"),
        ] {
            assert_eq!(filled("/orders/{id}/x", raw).as_deref(), Ok(expected), "{raw}");
        }
    }

    #[test]
    fn a_capture_cannot_leave_its_segment() {
        for raw in ["", ".", "..", "%2e", "%2E%2e", ".%2e", "%00", "a%0d%0ab", "%7f"] {
            assert_eq!(filled("/orders/{id}", raw), Err(Unfilled::NotPlain), "{raw}");
        }
        assert_eq!(filled("/orders/.{id}", "."), Err(Unfilled::NotPlain), "two halves of dots");
        for raw in ["a/b", "a?b", "a#b", "a&b=c", "a%26b%3Dc", "\u{e4}", "a\\b"] {
            let target = filled("/orders?of={id}", raw).expect("it is data");
            let value = target.strip_prefix("/orders?of=").expect("the text stays");
            assert!(!value.contains(['/', '?', '#', '&', '=', '\\']), "{target}");
            assert!(target.parse::<http::Uri>().is_ok(), "{target}");
        }
    }

    #[test]
    fn a_capture_that_is_not_there_is_missing() {
        assert_eq!(filled("/orders/{name}", "7"), Err(Unfilled::Missing));
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for text in [
            "", "orders", "//evil/x", "/a b", "/a#b", "/{", "/{}", "/{a b}", "/}", "/%", "/%1",
            "/a//b", "/a/../b", "/%2e/a",
        ] {
            assert!(TargetTemplate::parse(text).is_err(), "{text}");
        }
        let names = TargetTemplate::parse("/a/{x}/{y}?z={x}").expect("it is one");
        assert_eq!(names.captures().collect::<Vec<_>>(), ["x", "y", "x"]);
    }
}
