use std::fmt;

/// Says what of two contents that differ may be shown in log lines.
///
/// Without one nothing is: no line, no span and no metric ever holds a record's key or content.
/// What it answers stands in the field [`content`](super::field::CONTENT) of the warnings about
/// mismatches; what is not seen where it stands, or could steer a terminal, is written as escapes,
/// and what is longer than 1,000 characters is cut.
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
