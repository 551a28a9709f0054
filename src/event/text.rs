use smol_str::SmolStr;

/// A text that cannot be what it should be. It says what may be, and nothing of the text: a stranger may have sent it.
///
/// ```
/// use strangler_fig::event::EventId;
///
/// let refused = "".parse::<EventId>().unwrap_err();
/// assert_eq!(refused.to_string(), "an event's id is 1 to 256 bytes of text without control characters");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TextError(pub(super) &'static str);

/// Whether `text` has so many bytes, and no character that `CloudEvents` forbids.
pub(super) fn is_plain(text: &str, longest: usize) -> bool {
    text.len() <= longest && !text.chars().any(|it| it.is_control() || is_noncharacter(it))
}

/// U+FDD0 to U+FDEF, and the last two of each plane.
fn is_noncharacter(it: char) -> bool {
    let bits = u32::from(it);
    (0xFDD0..=0xFDEF).contains(&bits) || bits & 0xFFFE == 0xFFFE
}

/// The text, if `fits`.
pub(super) fn checked(
    text: &str,
    fits: impl FnOnce(&str) -> bool,
    rule: &'static str,
) -> Result<SmolStr, TextError> {
    if !text.is_empty() && fits(text) { Ok(text.into()) } else { Err(TextError(rule)) }
}

/// A type of texts, with a document of its own, a check, and what is said when it fails.
macro_rules! text {
    ($(#[$doc:meta])* $type:ident, $fits:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(smol_str::SmolStr);

        impl $type {
            /// It as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::event::TextError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::event::text::checked(text, $fits, $rule).map(Self)
            }
        }

        impl TryFrom<&str> for $type {
            type Error = $crate::event::TextError;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl TryFrom<String> for $type {
            type Error = $crate::event::TextError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(text: $type) -> Self {
                text.0.into()
            }
        }

        impl std::borrow::Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(super) use text;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_text_has_no_control_character_and_no_noncharacter() {
        for bad in ["a\0", "\n", "\u{7F}", "\u{85}", "\u{FDD0}", "\u{FFFE}", "\u{10FFFF}"] {
            assert!(!is_plain(bad, 9), "{bad:?}");
        }
        for good in ["", " a ", "é", "\u{FDCF}", "\u{FFFD}", "\u{202E}x", "\u{1F600}"] {
            assert!(is_plain(good, 9), "{good:?}");
        }
    }

    #[test]
    fn a_text_is_measured_in_bytes() {
        assert!(is_plain("éé", 4) && !is_plain("ééa", 4));
    }
}
