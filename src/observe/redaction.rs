use std::fmt;

/// The longest text that is shown, in characters.
const SHOWN_MAX: usize = 1_024;

/// Says what of two contents that differ may be shown in log lines.
///
/// Without one nothing is: no line, no span and no metric ever holds a record's key or content.
/// What it answers stands in the field [`content`](super::field::CONTENT) of the warnings about
/// mismatches; control characters and whatever could steer a terminal are written as escapes,
/// and what is longer than 1,024 characters is cut.
///
/// [`FieldComparator`](crate::consistency::FieldComparator) is one: it names the fields that
/// differ, and shows of them what its `showing` allows, here as in reports.
///
/// ```
/// use strangler_fig::observe::Redaction;
///
/// #[derive(Debug)]
/// struct User {
///     id: u64,
///     email: String,
///     plan: &'static str,
/// }
///
/// /// A plan says nothing of a person.
/// #[derive(Debug)]
/// struct PlansOnly;
///
/// impl Redaction<User> for PlansOnly {
///     fn show(&self, legacy: Option<&User>, modern: Option<&User>) -> String {
///         let plan = |user: Option<&User>| user.map_or("none", |user| user.plan);
///         format!("plan {} in legacy, {} in modern", plan(legacy), plan(modern))
///     }
/// }
///
/// let ada = User { id: 1, email: "ada@example.com".to_owned(), plan: "free" };
/// assert_eq!(PlansOnly.show(Some(&ada), None), "plan free in legacy, none in modern");
/// ```
pub trait Redaction<E>: fmt::Debug + Send + Sync + 'static {
    /// What may be shown of these contents; `None`: that side has no such record.
    fn show(&self, legacy: Option<&E>, modern: Option<&E>) -> String;
}

/// A text as it may stand in a log line, whatever it holds.
pub(crate) fn harmless(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN_MAX).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_a_terminal_or_forge_a_line_is_escaped() {
        assert_eq!(harmless("a\x1b[2Jb\nc\u{202e}d"), "a\\u{1b}[2Jb\\nc\\u{202e}d");
    }

    #[test]
    fn a_megabyte_is_cut() {
        let shown = harmless(&"x".repeat(1 << 20));
        assert_eq!((shown.chars().count(), shown.ends_with('…')), (SHOWN_MAX + 1, true));
    }
}
