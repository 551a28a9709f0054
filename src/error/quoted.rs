//! A refused text, as its error quotes it.

use std::fmt;

/// The beginning of a text, and how much more there was. Of a text that is too long the beginning alone may be one that
/// is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quoted {
    begin: String,
    more: usize,
}

impl Quoted {
    /// At most `max` characters of it.
    pub(crate) fn of(text: &str, max: usize) -> Self {
        let end = text.char_indices().nth(max).map_or(text.len(), |(end, _)| end);
        Self { begin: text[..end].to_owned(), more: text.len() - end }
    }

    /// The same of a text that is so many bytes longer.
    pub(crate) fn and_more(mut self, bytes: usize) -> Self {
        self.more += bytes;
        self
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.begin)?;
        match self.more {
            0 => Ok(()),
            1 => write!(f, " and 1 byte more"),
            more => write!(f, " and {more} bytes more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_told() {
        assert_eq!(Quoted::of("a\nb", 3).to_string(), r#""a\nb""#);
        assert_eq!(Quoted::of("abc", 2).to_string(), "\"ab\" and 1 byte more");
        assert_eq!(Quoted::of("éé", 1).to_string(), "\"é\" and 2 bytes more");
        assert_eq!(Quoted::of("ab", 2).and_more(7).to_string(), "\"ab\" and 7 bytes more");
    }
}
