/// Why parts cannot be joined.
///
/// ```
/// use strangler_fig::gateway::{Aggregate, AggregateError, Part};
///
/// let broken = Aggregate::of([Part::required("order", "/orders/{id")]).unwrap_err();
/// let target = AggregateError::Target { part: "order".into(), what: "a brace is not closed" };
/// assert_eq!(broken, target);
/// assert_eq!(broken.to_string(), "the target of part order: a brace is not closed");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AggregateError {
    /// There is nothing to join.
    #[error("an aggregate has a part at least")]
    Empty,
    /// There are more parts than are asked side by side.
    #[error("an aggregate has 8 parts at most, not {0}")]
    TooMany(usize),
    /// A name is none: it stands in a header.
    #[error("the name of a part is of letters, digits, `_` and `-`, at most 64, not {0:?}")]
    Name(String),
    /// Two parts have one name.
    #[error("two parts are called {0}")]
    Twice(String),
    /// A target cannot be one.
    #[error("the target of part {part}: {what}")]
    Target {
        /// The part.
        part: String,
        /// What is wrong.
        what: &'static str,
    },
}
