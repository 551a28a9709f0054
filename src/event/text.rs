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
        $crate::phase::name::text_type! {
            $(#[$doc])*
            $type, $crate::event::TextError, |text| $crate::event::text::checked(text, $fits, $rule)
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
