//! Percent-escapes of a segment: undone one by one, and what they must not hide.

use super::PathFault;

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Two hexadecimal digits.
pub(super) fn pair(high: u8, low: u8) -> Option<u8> {
    Some(digit(high)? << 4 | digit(low)?)
}

/// The bytes of a segment, its escapes undone.
#[derive(Debug, Clone)]
pub(super) struct Decoded<'p>(&'p [u8]);

impl<'p> Decoded<'p> {
    pub(super) const fn new(raw: &'p [u8]) -> Self {
        Self(raw)
    }
}

impl Iterator for Decoded<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if let [b'%', high, low, rest @ ..] = self.0 {
            if let Some(byte) = pair(*high, *low) {
                self.0 = rest;
                return Some(byte);
            }
        }
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }
}

/// What a segment has that some read as data, and others do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Marks {
    /// An escaped slash.
    pub(super) slash: bool,
    /// A `;`.
    pub(super) parameter: bool,
}

impl Marks {
    pub(super) fn add(&mut self, other: Self) {
        self.slash |= other.slash;
        self.parameter |= other.parameter;
    }
}

/// That a segment which is not empty hides nothing, and what it has of two meanings.
pub(super) fn check_segment(raw: &[u8]) -> Result<Marks, PathFault> {
    if !escapes_are_whole(raw) {
        return Err(PathFault::BrokenEscape);
    }
    let marks = check_names(Decoded::new(raw))?;
    let is_control = |byte: u8| byte < 0x20 || byte == 0x7F || byte == b'\\';
    if Decoded::new(raw).any(is_control) {
        return Err(PathFault::EscapedControl);
    }
    if has_escape_inside(Decoded::new(raw)) {
        return Err(PathFault::DoubledEscape);
    }
    if !is_utf8(Decoded::new(raw)) {
        return Err(PathFault::NotUtf8);
    }
    Ok(marks)
}

/// That no name is dots or empty, where a name ends at a slash and at a parameter: `..;x` is two dots to some.
fn check_names(bytes: impl Iterator<Item = u8>) -> Result<Marks, PathFault> {
    let mut marks = Marks::default();
    let (mut len, mut dots, mut is_name) = (0_usize, 0_usize, true);
    let judge = |len: usize, dots: usize| match len {
        0 => Err(PathFault::EmptySegment),
        1 | 2 if len == dots => Err(PathFault::DotSegment),
        _ => Ok(()),
    };
    for byte in bytes {
        match byte {
            b'/' => {
                judge(len, dots)?;
                marks.slash = true;
                (len, dots, is_name) = (0, 0, true);
            }
            b';' => {
                marks.parameter = true;
                is_name = false;
            }
            _ if is_name => {
                len += 1;
                dots += usize::from(byte == b'.');
            }
            _ => {}
        }
    }
    judge(len, dots)?;
    Ok(marks)
}

fn escapes_are_whole(mut raw: &[u8]) -> bool {
    while let Some(at) = raw.iter().position(|byte| *byte == b'%') {
        match &raw[at + 1..] {
            [high, low, rest @ ..] if pair(*high, *low).is_some() => raw = rest,
            _ => return false,
        }
    }
    true
}

/// Whether what is decoded has an escape again, which may be undone once more behind.
fn has_escape_inside(bytes: impl Iterator<Item = u8>) -> bool {
    let (mut before, mut last) = (0, 0);
    for byte in bytes {
        if before == b'%' && pair(last, byte).is_some() {
            return true;
        }
        (before, last) = (last, byte);
    }
    false
}

fn is_utf8(mut bytes: impl Iterator<Item = u8>) -> bool {
    while let Some(first) = bytes.next() {
        let len = match first {
            0x00..=0x7F => continue,
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => return false,
        };
        let mut character = [first, 0, 0, 0];
        for place in &mut character[1..len] {
            let Some(next) = bytes.next() else { return false };
            *place = next;
        }
        if std::str::from_utf8(&character[..len]).is_err() {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        let plain: Vec<u8> = Decoded::new(b"a%20b%C3%a9").collect();
        assert_eq!(plain, "a b\u{e9}".as_bytes());
        let marks = |raw: &str| check_segment(raw.as_bytes()).map(|it| (it.slash, it.parameter));
        assert_eq!(marks("a%2Fb"), Ok((true, false)));
        assert_eq!(marks("a%3Bb"), Ok((false, true)));
        assert_eq!(marks("a;b"), Ok((false, true)));
        assert_eq!(marks("a%20b"), Ok((false, false)));
    }

    #[test]
    fn what_they_hide_is_found() {
        for (raw, fault) in [
            ("%", PathFault::BrokenEscape),
            ("a%2", PathFault::BrokenEscape),
            ("%zz", PathFault::BrokenEscape),
            ("%2e", PathFault::DotSegment),
            (".%2E", PathFault::DotSegment),
            ("%2e%2E;x=1", PathFault::DotSegment),
            ("%2e%3bx", PathFault::DotSegment),
            ("..%2f..%2fetc", PathFault::DotSegment),
            ("a%2f.;x%2Fb", PathFault::DotSegment),
            ("a%2f..", PathFault::DotSegment),
            ("%2fa", PathFault::EmptySegment),
            ("a%2f%2fb", PathFault::EmptySegment),
            ("a%2f", PathFault::EmptySegment),
            (";x", PathFault::EmptySegment),
            ("a%2f;x", PathFault::EmptySegment),
            ("%2561dmin", PathFault::DoubledEscape),
            ("a%253bx", PathFault::DoubledEscape),
            ("a%250a", PathFault::DoubledEscape),
            ("%25C3%25A9", PathFault::DoubledEscape),
            ("%00", PathFault::EscapedControl),
            ("a%5Cb", PathFault::EscapedControl),
            ("%7f", PathFault::EscapedControl),
            ("%252e", PathFault::DoubledEscape),
            ("%25%32%65", PathFault::DoubledEscape),
            ("%2525", PathFault::DoubledEscape),
            ("%c0%ae", PathFault::NotUtf8),
            ("%e9", PathFault::NotUtf8),
            ("%ed%a0%80", PathFault::NotUtf8),
        ] {
            assert_eq!(check_segment(raw.as_bytes()), Err(fault), "{raw}");
        }
        let none = Ok(Marks::default());
        assert_eq!(check_segment(b"100%25"), none, "a per cent sign is data");
        assert_eq!(check_segment(b"%2e%2e%2e"), none, "three dots are a name");
    }
}
