use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};

/// One field in which two contents differ.
///
/// ```
/// use strangler_fig::consistency::FieldDifference;
///
/// let moved = FieldDifference::new("address.city", Some("Bern".into()), None);
/// assert_eq!(moved.to_string(), "address.city: Bern in legacy, missing in modern");
/// assert_eq!(FieldDifference::whole().to_string(), "the content");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FieldDifference {
    /// Its path; empty for the content as a whole.
    pub field: String,
    /// What legacy has, as far as it may be shown; `None`: no such field.
    pub legacy: Option<String>,
    /// What modern has.
    pub modern: Option<String>,
}

impl FieldDifference {
    /// A field and what each side has there.
    pub fn new(field: impl Into<String>, legacy: Option<String>, modern: Option<String>) -> Self {
        Self { field: field.into(), legacy, modern }
    }

    /// The contents differ, and nobody says where.
    #[must_use]
    pub const fn whole() -> Self {
        Self { field: String::new(), legacy: None, modern: None }
    }
}

impl fmt::Display for FieldDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            return f.write_str("the content");
        }
        let [legacy, modern] =
            [&self.legacy, &self.modern].map(|value| value.as_deref().unwrap_or("missing"));
        write!(f, "{}: {legacy} in legacy, {modern} in modern", self.field)
    }
}

/// Says in what two contents differ: where they may, and how far.
///
/// Asked only about contents that `==` calls different, of records that both
/// hold a value.
///
/// ```
/// use strangler_fig::consistency::{Comparator, FieldDifference};
///
/// /// Names may be written in any case.
/// #[derive(Debug)]
/// struct AnyCase;
///
/// impl Comparator<(u32, String)> for AnyCase {
///     fn differences(&self, legacy: &(u32, String), modern: &(u32, String)) -> Vec<FieldDifference> {
///         if legacy.1.eq_ignore_ascii_case(&modern.1) {
///             return Vec::new();
///         }
///         vec![FieldDifference::new("name", Some(legacy.1.clone()), Some(modern.1.clone()))]
///     }
/// }
///
/// let [ada, upper, grace] = ["Ada", "ADA", "Grace"].map(|name| (1, name.to_owned()));
/// assert!(AnyCase.same(&ada, &upper) && !AnyCase.same(&ada, &grace));
/// ```
///
/// # Contract
///
/// 1. Pure: the same contents, the same answer.
/// 2. Empty means the same, and what `==` calls the same is the same.
/// 3. `same` is what [`differences`](Self::differences) being empty is.
pub trait Comparator<E>: fmt::Debug + Send + Sync + 'static {
    /// Where they differ; empty if nowhere.
    fn differences(&self, legacy: &E, modern: &E) -> Vec<FieldDifference>;

    /// Whether they are the same.
    fn same(&self, legacy: &E, modern: &E) -> bool {
        self.differences(legacy, modern).is_empty()
    }
}

/// [`Comparator::same`] of one that may panic: what it cannot tell is not the same.
pub(super) fn same_or_not<E: 'static>(
    comparator: &dyn Comparator<E>,
    legacy: &E,
    modern: &E,
) -> bool {
    catch_unwind(AssertUnwindSafe(|| comparator.same(legacy, modern))).unwrap_or(false)
}

/// [`Comparator::differences`] of one that may panic: then the content as a whole.
pub(super) fn differences_or_whole<E: 'static>(
    comparator: &dyn Comparator<E>,
    legacy: &E,
    modern: &E,
) -> Vec<FieldDifference> {
    let differences = AssertUnwindSafe(|| comparator.differences(legacy, modern));
    catch_unwind(differences).unwrap_or_else(|_| vec![FieldDifference::whole()])
}

/// Contents are the same if `==` says so; of others it names no field.
///
/// ```
/// use strangler_fig::consistency::{Comparator, Exact, FieldDifference};
///
/// assert_eq!(Exact.differences(&"Ada", &"Ada"), []);
/// assert_eq!(Exact.differences(&"Ada", &"ada"), [FieldDifference::whole()]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exact;

impl<E: PartialEq> Comparator<E> for Exact {
    fn differences(&self, legacy: &E, modern: &E) -> Vec<FieldDifference> {
        if legacy == modern { Vec::new() } else { vec![FieldDifference::whole()] }
    }

    fn same(&self, legacy: &E, modern: &E) -> bool {
        legacy == modern
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_tells_what_differs_apart_and_calls_nothing_else_different() {
        assert!(Exact.same(&"Ada", &"Ada"));
        assert!(!Exact.same(&"Ada", &"ada"));
        assert_eq!(Exact.differences(&"Ada", &"Ada"), []);
        assert_eq!(Exact.differences(&"Ada", &"ada"), [FieldDifference::whole()]);
    }
}
