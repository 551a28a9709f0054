use std::fmt;

/// How many bytes fit.
const BYTES_MAX: usize = 95;
/// What stands at the end of a text that was cut.
const CUT: &str = "…";

/// A short text of an event, which is copied with it; a longer one is cut, and ends so: `…`. It is what somebody has
/// written: fit to be read, no label.
///
/// ```
/// use strangler_fig::observe::Brief;
///
/// assert_eq!(Brief::new("the replica lags 2 s behind").as_str(), "the replica lags 2 s behind");
/// assert!(Brief::new(&"long ".repeat(30)).as_str().ends_with("lo…"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Brief {
    bytes: [u8; BYTES_MAX],
    length: u8,
}

impl Brief {
    /// The text, or as much of it as fits.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut brief = Self { bytes: [0; BYTES_MAX], length: 0 };
        if text.len() <= BYTES_MAX {
            brief.push(text);
        } else {
            let mut end = BYTES_MAX - CUT.len();
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            brief.push(&text[..end]);
            brief.push(CUT);
        }
        brief
    }

    fn push(&mut self, text: &str) {
        let (begin, end) = (usize::from(self.length), usize::from(self.length) + text.len());
        self.bytes[begin..end].copy_from_slice(text.as_bytes());
        self.length = u8::try_from(end).expect("so much fits");
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // It is made of whole texts, so that it is one.
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl fmt::Debug for Brief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Brief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_two_characters_wherever_they_end() {
        for letters in ["x", "é", "東", "🚚"] {
            for before in 0..4 {
                let text = "-".repeat(before) + &letters.repeat(100);
                let brief = Brief::new(&text);
                let kept = brief.as_str().strip_suffix(CUT).unwrap();
                assert!(text.starts_with(kept) && kept.len() > BYTES_MAX - 2 * CUT.len() - 2);
            }
        }
        let just = "x".repeat(BYTES_MAX);
        assert_eq!((Brief::new(&just).as_str(), Brief::new("").as_str()), (&*just, ""));
    }
}
