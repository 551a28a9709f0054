use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::{Predicates, RouteError, RouteTable, Warning};

/// The table in force, which is replaced as a whole while requests are decided. Clones share it.
///
/// ```
/// use strangler_fig::phase::Side;
/// use strangler_fig::route::{Predicates, RequestHead, RouteTable, TableHandle};
///
/// let tables = TableHandle::new(RouteTable::builder("shop").build()?);
/// let request = RequestHead::new("GET", "/");
/// assert_eq!(tables.guard().decide(&request).primary, Some(Side::Legacy));
///
/// let broken = tables.replace_with_document("{", &Predicates::default());
/// assert!(broken.is_err(), "the old one stays");
/// let modern = RouteTable::builder("shop").default_side(Side::Modern).build()?.to_document();
/// tables.replace_with_document(&modern, &Predicates::default())?;
/// assert_eq!(tables.guard().decide(&request).primary, Some(Side::Modern));
/// # Ok::<(), strangler_fig::route::RouteError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TableHandle(Arc<ArcSwap<RouteTable>>);

impl TableHandle {
    /// With this table to begin with.
    #[must_use]
    pub fn new(table: RouteTable) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(table)))
    }

    /// The table in force, to be kept.
    #[must_use]
    pub fn load(&self) -> Arc<RouteTable> {
        self.0.load_full()
    }

    /// The table in force, for a moment: to decide by, and to be dropped before anything is waited for.
    #[must_use]
    pub fn guard(&self) -> impl Deref<Target = RouteTable> + use<> {
        TableGuard(self.0.load())
    }

    /// Puts another table in force. Requests that were decided go on as they were.
    pub fn replace(&self, table: RouteTable) {
        self.0.store(Arc::new(table));
    }

    /// Puts the table of a document in force, and tells what is odd about it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it; then the old table stays in force.
    pub fn replace_with_document(
        &self,
        text: &str,
        predicates: &Predicates,
    ) -> Result<Vec<Warning>, RouteError> {
        let table = RouteTable::from_document_with(text, predicates)?;
        let warnings = table.warnings().to_vec();
        self.replace(table);
        Ok(warnings)
    }
}

struct TableGuard(arc_swap::Guard<Arc<RouteTable>>);

impl Deref for TableGuard {
    type Target = RouteTable;

    fn deref(&self) -> &RouteTable {
        &self.0
    }
}
