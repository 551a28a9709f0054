use std::ops::Range;

use super::escape::{Decoded, Marks, check_segment};

/// The most segments of a path.
pub(super) const SEGMENTS_MAX: usize = 64;
/// The most bytes of a path.
const LENGTH_MAX: usize = 8_192;
/// The most bytes of a segment that is compared with what a rule says.
pub(super) const LITERAL_MAX: usize = 256;

/// A path that can be read in one way only, once two questions are answered: whether an escaped slash is data or a
/// boundary, and whether `;` is data or begins a parameter. Of a path without either, no router behind can make
/// another name, whatever it undoes: escapes once more, dots, empty segments, parameters.
///
/// Refused is more than has several readings: `//`, a raw `|`, `[`, `]`, `^`, `"` or the like, which browsers may
/// send and RFC 3986 wants escaped, and escapes that are no UTF-8, such as `%E9` for `\u{e9}` in Latin-1.
///
/// ```
/// use strangler_fig::route::{PathFault, PlainPath};
///
/// let path = PlainPath::of("/orders/7%20b").unwrap();
/// assert_eq!(path.segments().collect::<Vec<_>>(), ["orders", "7%20b"]);
/// assert!(!path.has_encoded_slash());
///
/// assert_eq!(PlainPath::of("orders").unwrap_err(), PathFault::NotAbsolute);
/// assert_eq!(PlainPath::of("/a//b").unwrap_err(), PathFault::EmptySegment);
/// assert_eq!(PlainPath::of("/a/%2E%2e/b").unwrap_err(), PathFault::DotSegment);
/// assert_eq!(PlainPath::of("/%2561dmin").unwrap_err(), PathFault::DoubledEscape);
/// assert_eq!(PlainPath::of("/a/..%2fb").unwrap_err(), PathFault::DotSegment, "were it a boundary");
///
/// let orders = PlainPath::of("/orders;v=1/7").unwrap();
/// assert!(orders.has_parameter(), "no rule is for it that does not say so");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct PlainPath<'p> {
    raw: &'p str,
    /// Where each segment ends.
    ends: [u16; SEGMENTS_MAX],
    len: u8,
    /// The segments with escapes, a bit for each.
    escaped: u64,
    marks: Marks,
}

/// Why a path can be read in more than one way, or in none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum PathFault {
    /// It does not begin with `/`.
    #[error("it does not begin with a slash")]
    NotAbsolute,
    /// It has more than 8,192 bytes.
    #[error("it has more than {LENGTH_MAX} bytes")]
    TooLong,
    /// It has more than 64 segments.
    #[error("it has more than {SEGMENTS_MAX} segments")]
    TooDeep,
    /// It has a character that a path must escape: a space, a backslash, a letter beyond ASCII.
    #[error("it has a character that must be escaped")]
    Character,
    /// A `%` is not followed by two hexadecimal digits.
    #[error("it has a broken escape")]
    BrokenEscape,
    /// Two slashes follow each other, or would if escaped ones were boundaries, or parameters left out.
    #[error("it has an empty segment")]
    EmptySegment,
    /// A segment is `.` or `..`, in whatever spelling, with a parameter or without, or would be if escaped slashes
    /// were boundaries.
    #[error("it has a segment of dots")]
    DotSegment,
    /// A control character, or a backslash, is escaped.
    #[error("it has an escaped control character or backslash")]
    EscapedControl,
    /// An escape is escaped once more: whoever undoes it twice reads another name.
    #[error("it has a doubled escape")]
    DoubledEscape,
    /// Its escapes are no UTF-8.
    #[error("its escapes are not UTF-8")]
    NotUtf8,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Slash,
    Escape,
    Parameter,
    Refused,
}

/// What RFC 3986 calls a `pchar`, a slash, the beginning of an escape or of a parameter, or none of them.
const CLASSES: [Class; 256] = {
    let mut classes = [Class::Refused; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        classes[byte as usize] = match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'!'
            | b'$'
            | b'&'
            | b'\''
            | b'('
            | b')'
            | b'*'
            | b'+'
            | b','
            | b'='
            | b':'
            | b'@' => Class::Plain,
            b'/' => Class::Slash,
            b'%' => Class::Escape,
            b';' => Class::Parameter,
            _ => Class::Refused,
        };
        byte += 1;
    }
    classes
};

impl<'p> PlainPath<'p> {
    /// The path, if it is plain.
    ///
    /// # Errors
    ///
    /// What makes it ambiguous.
    pub fn of(raw: &'p str) -> Result<Self, PathFault> {
        let bytes = raw.as_bytes();
        if bytes.first() != Some(&b'/') {
            return Err(PathFault::NotAbsolute);
        }
        if bytes.len() > LENGTH_MAX {
            return Err(PathFault::TooLong);
        }
        let ends = [0; SEGMENTS_MAX];
        let mut path = Self { raw, ends, len: 0, escaped: 0, marks: Marks::default() };
        let (mut start, mut has_escapes, mut has_parameter) = (1, false, false);
        for (at, &byte) in bytes.iter().enumerate().skip(1) {
            match CLASSES[usize::from(byte)] {
                Class::Plain => {}
                Class::Escape => has_escapes = true,
                Class::Parameter => has_parameter = true,
                Class::Slash if at == start => return Err(PathFault::EmptySegment),
                Class::Slash => {
                    path.end_segment(start..at, has_escapes, has_parameter)?;
                    (start, has_escapes, has_parameter) = (at + 1, false, false);
                }
                Class::Refused => return Err(PathFault::Character),
            }
        }
        path.end_segment(start..bytes.len(), has_escapes, has_parameter)?;
        Ok(path)
    }

    fn end_segment(
        &mut self,
        range: Range<usize>,
        has_escapes: bool,
        has_parameter: bool,
    ) -> Result<(), PathFault> {
        let (end, raw) = (range.end, &self.raw.as_bytes()[range]);
        let place = self.ends.get_mut(usize::from(self.len)).ok_or(PathFault::TooDeep)?;
        *place = u16::try_from(end).map_err(|_| PathFault::TooLong)?;
        if has_escapes || has_parameter || raw.first() == Some(&b'.') {
            self.marks.add(check_segment(raw)?);
        }
        self.escaped |= u64::from(has_escapes) << self.len;
        self.len += 1;
        Ok(())
    }

    /// As it was sent.
    #[must_use]
    pub const fn as_str(&self) -> &'p str {
        self.raw
    }

    /// Whether a segment has a slash in it that is escaped: data for some, a boundary for others.
    #[must_use]
    pub const fn has_encoded_slash(&self) -> bool {
        self.marks.slash
    }

    /// Whether a segment has a `;` in it, escaped or not: data for some, a parameter that is no part of the name for
    /// others.
    #[must_use]
    pub const fn has_parameter(&self) -> bool {
        self.marks.parameter
    }

    /// What stands between the slashes, as it was sent. The last is empty if the path ends with a slash.
    pub fn segments(&self) -> impl Iterator<Item = &'p str> + '_ {
        (0..self.depth()).map(|at| &self.raw[self.range(at)])
    }

    /// How many segments there are.
    pub(super) fn depth(&self) -> usize {
        usize::from(self.len)
    }

    /// Where a segment is.
    pub(super) fn range(&self, at: usize) -> Range<usize> {
        let start = at.checked_sub(1).map_or(1, |before| usize::from(self.ends[before]) + 1);
        start..usize::from(self.ends[at])
    }

    /// Whether a segment has escapes.
    pub(super) const fn is_escaped(&self, at: usize) -> bool {
        self.escaped >> at & 1 == 1
    }

    /// A segment as it was sent.
    pub(super) fn raw_segment(&self, at: usize) -> &'p [u8] {
        &self.raw.as_bytes()[self.range(at)]
    }

    /// A segment as it is meant, its escapes undone in `room`; none if it is longer than any literal.
    pub(super) fn unescaped<'r>(
        &self,
        at: usize,
        room: &'r mut [u8; LITERAL_MAX],
    ) -> Option<&'r [u8]> {
        let mut len = 0;
        for byte in Decoded::new(self.raw_segment(at)) {
            *room.get_mut(len)? = byte;
            len += 1;
        }
        Some(&room[..len])
    }
}
