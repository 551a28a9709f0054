use std::time::Duration;

use super::decide::{Found, by_default, nowhere};
use super::document::TableDocument;
use super::index::PathIndex;
use super::method;
use super::rule::MethodOf;
use super::{
    Decision, NothingKnown, OverrideHeader, PlainPath, Predicates, Reason, RequestMeta, RouteError,
    RouteState, Rule, TableBuilder, Warning, compile, reading,
};
use crate::phase::Side;

/// How long a side may take to the head of its response, where nothing is said.
pub(super) const DEADLINE: Duration = Duration::from_millis(500);

/// Rules in their order: the first that is for a request says where it goes.
///
/// It is a value: made once, as a whole, or not at all; asked by any number of threads, without allocating.
///
/// ```
/// use strangler_fig::phase::Side;
/// use strangler_fig::route::{Reason, RequestHead, RouteTable};
///
/// let table = RouteTable::from_document(r#"{
///     "format": "strangler-fig/route-table", "version": 1, "salt": "shop",
///     "rules": [{
///         "name": "orders", "path": {"prefix": "/orders"},
///         "to": {"share": {"basis_points": 500, "sticky": {"header": "x-user"}}}
///     }]
/// }"#)?;
/// let side = |user: &str| {
///     let request = RequestHead::new("GET", "/orders/7").with_header("x-user", user);
///     table.decide(&request).primary
/// };
/// let modern = (0..1_000).filter(|user| side(&user.to_string()) == Some(Side::Modern));
/// assert_eq!(modern.count(), 48, "of 1,000 users five in a hundred, about");
///
/// let other = table.decide(&RequestHead::new("GET", "/customers"));
/// assert_eq!((other.primary, other.reason), (Some(Side::Legacy), Reason::NoRule));
/// # Ok::<(), strangler_fig::route::RouteError>(())
/// ```
#[derive(Debug)]
pub struct RouteTable {
    pub(super) document: TableDocument,
    pub(super) rules: Vec<Rule>,
    pub(super) index: PathIndex,
    pub(super) default: Side,
    pub(super) header: Option<OverrideHeader>,
    pub(super) warnings: Vec<Warning>,
}

impl RouteTable {
    /// The table in a JSON document, which names no predicates.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its place.
    pub fn from_document(text: &str) -> Result<Self, RouteError> {
        Self::from_document_with(text, &Predicates::default())
    }

    /// The table in a JSON document, which may name these predicates.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its place.
    pub fn from_document_with(text: &str, predicates: &Predicates) -> Result<Self, RouteError> {
        let (document, problems) = reading::read(text);
        compile::compile(document, predicates, problems)
    }

    /// The table as a JSON document, from which an equal one can be made: with the override header's secret as it
    /// is, so it belongs where secrets do, and in no log.
    ///
    /// ```
    /// # use strangler_fig::phase::Side;
    /// # use strangler_fig::route::{RouteTable, RuleBuilder};
    /// let rule = RuleBuilder::prefix("orders", "/orders").to(Side::Modern);
    /// let text = RouteTable::builder("shop").rule(rule).build()?.to_document();
    /// assert_eq!(RouteTable::from_document(&text)?.to_document(), text);
    /// # Ok::<(), strangler_fig::route::RouteError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Never: every field has a JSON form.
    #[must_use]
    pub fn to_document(&self) -> String {
        self.document.to_json()
    }

    /// A table made by code; `salt` keeps its choices apart from another table's.
    #[must_use]
    pub fn builder(salt: impl Into<String>) -> TableBuilder {
        TableBuilder::new(salt.into())
    }

    /// Where a request goes, if nothing is known of breakers and migrations.
    #[must_use]
    pub fn decide(&self, request: &impl RequestMeta) -> Decision<'_> {
        self.decide_in(request, &NothingKnown)
    }

    /// Where a request goes in this state.
    ///
    /// It is pure but for what it reads of the state, takes no lock of its own, and allocates nothing.
    #[must_use]
    pub fn decide_in(&self, request: &impl RequestMeta, state: &impl RouteState) -> Decision<'_> {
        let (name, raw) = (request.method(), request.path());
        let method = MethodOf { name, bit: method::bit(name) };
        let rule = |at: u32| &self.rules[at as usize];
        if raw == "*" && name == "OPTIONS" {
            let holds = |at| rule(at).holds(request, method, None);
            let found = self.index.first_of_any(holds);
            return self.carry_out(found, request, method, None, state);
        }
        let Ok(path) = PlainPath::of(raw) else { return nowhere(Reason::PathNotPlain) };
        let holds = |at| rule(at).holds(request, method, Some(&path));
        let found = self.index.first(&path, holds);
        if found.is_none() && (path.has_encoded_slash() || path.has_parameter()) {
            return nowhere(Reason::PathNotPlain);
        }
        self.carry_out(found, request, method, Some(&path), state)
    }

    fn carry_out(
        &self,
        found: Option<u32>,
        request: &impl RequestMeta,
        method: MethodOf<'_>,
        path: Option<&PlainPath<'_>>,
        state: &impl RouteState,
    ) -> Decision<'_> {
        match found {
            Some(at) => {
                let found = Found { rule: &self.rules[at as usize], request, method, path };
                found.decide(self.header.as_ref(), state)
            }
            None => by_default(self.default, method::is_safe_bit(method.bit), state),
        }
    }

    /// What is odd about the table, but no mistake.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Its rules, in order.
    #[must_use]
    pub fn rules(&self) -> impl ExactSizeIterator<Item = &Rule> {
        self.rules.iter()
    }

    /// The header by which some callers choose their side: a gateway strips it.
    #[must_use]
    pub const fn override_header(&self) -> Option<&OverrideHeader> {
        self.header.as_ref()
    }
}
