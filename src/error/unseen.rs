//! Characters that are not seen where they stand, or change how others are seen.

/// Whether a character is not seen where it stands, or changes how others are seen: controls, line and paragraph
/// separators, all that formats (marks of direction, joiners, tags), what may be ignored, letters and symbols that are
/// drawn as nothing, and those that may mean anything. Spaces, of whatever width, are seen as what they are.
///
/// The tests have the lists of Unicode that this is.
pub(crate) fn is_unseen(c: char) -> bool {
    let code = u32::from(c);
    c.is_control()
        || code & 0xFFFE == 0xFFFE
        || matches!(code,
            0xAD | 0x34F | 0x600..=0x605 | 0x61C | 0x6DD | 0x70F | 0x890..=0x891 | 0x8E2 | 0x115F..=0x1160
            | 0x17B4..=0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164
            | 0xE000..=0xF8FF | 0xFDD0..=0xFDEF | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFC | 0x1_10BD
            | 0x1_10CD | 0x1_3430..=0x1_3442 | 0x1_6FE4 | 0x1_BCA0..=0x1_BCA3 | 0x1_D159 | 0x1_D173..=0x1_D17A
            | 0xE_0000..=0x10_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Unicode 16.0, `DerivedGeneralCategory.txt`: `Cc`, `Zl` and `Zp`.
    const CONTROLS_AND_SEPARATORS: &[(u32, u32)] = &[(0, 0x1F), (0x7F, 0x9F), (0x2028, 0x2029)];

    /// The same: `Cf`.
    const FORMATS: &[(u32, u32)] = &[
        (0xAD, 0xAD),
        (0x600, 0x605),
        (0x61C, 0x61C),
        (0x6DD, 0x6DD),
        (0x70F, 0x70F),
        (0x890, 0x891),
        (0x8E2, 0x8E2),
        (0x180E, 0x180E),
        (0x200B, 0x200F),
        (0x202A, 0x202E),
        (0x2060, 0x2064),
        (0x2066, 0x206F),
        (0xFEFF, 0xFEFF),
        (0xFFF9, 0xFFFB),
        (0x1_10BD, 0x1_10BD),
        (0x1_10CD, 0x1_10CD),
        (0x1_3430, 0x1_343F),
        (0x1_BCA0, 0x1_BCA3),
        (0x1_D173, 0x1_D17A),
        (0xE_0001, 0xE_0001),
        (0xE_0020, 0xE_007F),
    ];

    /// Unicode 16.0, `DerivedCoreProperties.txt`: `Default_Ignorable_Code_Point`.
    const IGNORABLE: &[(u32, u32)] = &[
        (0xAD, 0xAD),
        (0x34F, 0x34F),
        (0x61C, 0x61C),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x200B, 0x200F),
        (0x202A, 0x202E),
        (0x2060, 0x206F),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFEFF, 0xFEFF),
        (0xFFA0, 0xFFA0),
        (0xFFF0, 0xFFF8),
        (0x1_BCA0, 0x1_BCA3),
        (0x1_D173, 0x1_D17A),
        (0xE_0000, 0xE_0FFF),
    ];

    /// Unicode 16.0, `UnicodeData.txt`: what is drawn as nothing by its name or its chart. The blank of braille, the
    /// object replacement character, the blanks and the mirror of hieroglyphs, the filler of Khitan, the notehead that
    /// is null.
    const BLANKS: &[(u32, u32)] = &[
        (0x2800, 0x2800),
        (0xFFFC, 0xFFFC),
        (0x1_3440, 0x1_3442),
        (0x1_6FE4, 0x1_6FE4),
        (0x1_D159, 0x1_D159),
    ];

    /// `DerivedGeneralCategory.txt`, `Co`; and `PropList.txt`, `Noncharacter_Code_Point`.
    const ANYTHING: &[(u32, u32)] =
        &[(0xE000, 0xF8FF), (0xF_0000, 0xF_FFFD), (0x10_0000, 0x10_FFFD), (0xFDD0, 0xFDEF)];

    #[test]
    fn nothing_that_is_unseen_is_left_out() {
        let all = [CONTROLS_AND_SEPARATORS, FORMATS, IGNORABLE, BLANKS, ANYTHING];
        for (from, to) in all.into_iter().flatten().copied() {
            let left: Vec<_> =
                (from..=to).filter_map(char::from_u32).filter(|c| !is_unseen(*c)).collect();
            assert!(left.is_empty(), "{left:?}");
        }
        let last_of_planes =
            (0..=16).flat_map(|plane| [plane << 16 | 0xFFFE, plane << 16 | 0xFFFF]);
        assert!(last_of_planes.filter_map(char::from_u32).all(is_unseen));
    }

    #[test]
    fn what_is_seen_is_left_as_it_is() {
        for c in "a\u{20}\u{a0}\u{3000}é\u{301}ßя中あ한ع\u{1f600}\u{fffd}\u{2801}\u{1d158}".chars()
        {
            assert!(!is_unseen(c), "{c:?}");
        }
    }
}
