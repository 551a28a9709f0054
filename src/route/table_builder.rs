use super::document::{OverrideDocument, SecretDocument, TableDocument};
use super::field::Field;
use super::problems::Problems;
use super::{
    OverrideHeader, Predicates, RouteError, RoutePredicate, RouteTable, RuleBuilder, compile,
};
use crate::phase::Side;

/// A table as code writes it down.
///
/// ```
/// use strangler_fig::phase::Side;
/// use strangler_fig::route::{RequestHead, RouteTable, RuleBuilder};
///
/// let table = RouteTable::builder("shop")
///     .rule(RuleBuilder::prefix("admin", "/admin").to(Side::Legacy))
///     .default_side(Side::Modern)
///     .build()?;
/// assert_eq!(table.rules().len(), 1);
/// assert_eq!(table.decide(&RequestHead::new("GET", "/")).primary, Some(Side::Modern));
/// # Ok::<(), strangler_fig::route::RouteError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TableBuilder {
    document: TableDocument,
    predicates: Predicates,
}

impl TableBuilder {
    pub(super) fn new(salt: String) -> Self {
        let document = TableDocument { salt: Field::Read(salt), ..TableDocument::default() };
        Self { document, predicates: Predicates::default() }
    }

    /// The same and one more rule, after the others.
    #[must_use]
    pub fn rule(mut self, rule: RuleBuilder) -> Self {
        self.document.rules.push((self.document.rules.len(), rule.document));
        self
    }

    /// The same, with a predicate that rules may name.
    #[must_use]
    pub fn with_predicate(mut self, name: &str, predicate: impl RoutePredicate) -> Self {
        self.predicates = self.predicates.with_predicate(name, predicate);
        self
    }

    /// The same, with a header by which some callers choose their side.
    #[must_use]
    pub fn with_override(mut self, header: OverrideHeader) -> Self {
        let OverrideHeader { name, allow, secret } = header;
        let allow = allow.iter().map(|range| Field::Read(range.to_string()));
        let secret = secret.map(|secret| SecretDocument {
            header: Field::Read(secret.header.into()),
            value: Field::Read(String::from_utf8_lossy(&secret.value).into_owned()),
        });
        self.document.header = Field::Read(OverrideDocument {
            header: Field::Read(name.into()),
            allow: Field::Read(allow.collect()),
            secret: secret.map_or(Field::Absent, Field::Read),
        });
        self
    }

    /// The same, with this side for requests that no rule is for: legacy if nothing is said.
    #[must_use]
    pub fn default_side(mut self, side: Side) -> Self {
        self.document.default = Field::Read(side);
        self
    }

    /// The table.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, by the places it would have in a document.
    pub fn build(self) -> Result<RouteTable, RouteError> {
        compile::compile(self.document, &self.predicates, Problems::default())
    }
}
