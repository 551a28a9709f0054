use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use smol_str::SmolStr;

use super::RoutePredicate;
use super::condition::Named;

/// The predicates that a document may name.
///
/// ```
/// use strangler_fig::route::{Predicates, RequestMeta};
///
/// let of_staff = |request: &dyn RequestMeta| request.header("x-staff").is_some();
/// let predicates = Predicates::default().with_predicate("staff", of_staff);
/// assert_eq!(format!("{predicates:?}"), r#"{"staff"}"#);
/// ```
#[derive(Clone, Default)]
pub struct Predicates(BTreeMap<SmolStr, Arc<dyn RoutePredicate>>);

impl Predicates {
    /// The same and one more; one of the same name is replaced.
    #[must_use]
    pub fn with_predicate(mut self, name: &str, predicate: impl RoutePredicate) -> Self {
        self.0.insert(name.into(), Arc::new(predicate));
        self
    }

    pub(super) fn named(&self, name: &str) -> Option<Named> {
        let (name, predicate) = self.0.get_key_value(name)?;
        Some(Named { name: name.clone(), predicate: Arc::clone(predicate) })
    }
}

impl fmt::Debug for Predicates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
