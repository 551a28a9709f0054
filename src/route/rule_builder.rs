use std::time::Duration;

use super::document::{
    DualWriteDocument, FollowDocument, HeaderDocument, MirrorDocument, PathDocument, RuleDocument,
    ShareDocument, StickyDocument, TargetDocument,
};
use super::field::Field;
use super::sticky::KeyPlace;
use super::{IdSource, StickyKey};
use crate::phase::{MigrationName, Share, Side};

/// A rule as code writes it down. What is wrong with it is told when the table is built.
///
/// A rule that does not say where to goes to legacy.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::phase::{Share, Side};
/// use strangler_fig::route::{RequestHead, RouteTable, RuleBuilder, StickyKey};
///
/// let orders = RuleBuilder::template("orders.read", "/orders/{id}")
///     .methods(["GET", "HEAD"])
///     .host("shop.example")
///     .header_begins("x-api", "2")
///     .share(Share::WHOLE, StickyKey::capture("id"))
///     .with_deadline(Duration::from_millis(200))
///     .with_mirror(Share::percent(1));
/// let table = RouteTable::builder("shop").rule(orders).build()?;
///
/// let request = RequestHead::new("GET", "/orders/7").with_host("shop.example:443");
/// let decision = table.decide(&request.with_header("x-api", "2.1"));
/// assert_eq!(decision.primary, Some(Side::Modern));
/// assert_eq!(decision.fallback, Some(Side::Legacy));
/// assert_eq!(decision.deadline, Duration::from_millis(200));
/// assert_eq!(decision.mirror.map(|mirror| mirror.to), Some(Side::Legacy));
/// # Ok::<(), strangler_fig::route::RouteError>(())
/// ```
#[derive(Debug, Clone)]
pub struct RuleBuilder {
    pub(super) document: RuleDocument,
}

impl RuleBuilder {
    fn new(name: &str, path: Option<PathDocument>) -> Self {
        let document = RuleDocument {
            name: Field::Read(name.to_owned()),
            path: path.map_or(Field::Absent, Field::Read),
            to: Field::Read(TargetDocument::Legacy),
            ..RuleDocument::default()
        };
        Self { document }
    }

    /// For every path, and for `OPTIONS *`.
    #[must_use]
    pub fn any(name: &str) -> Self {
        Self::new(name, None)
    }

    /// For this path only: a slash at its end makes it another.
    #[must_use]
    pub fn exact(name: &str, path: &str) -> Self {
        Self::new(name, Some(PathDocument::Exact(path.to_owned())))
    }

    /// For this path and all below: `/orders` is for `/orders/7` and not for `/orders2`.
    #[must_use]
    pub fn prefix(name: &str, path: &str) -> Self {
        Self::new(name, Some(PathDocument::Prefix(path.to_owned())))
    }

    /// For paths of this form, where `{id}` is one segment that is not empty.
    #[must_use]
    pub fn template(name: &str, path: &str) -> Self {
        Self::new(name, Some(PathDocument::Template(path.to_owned())))
    }

    /// The same, also for paths with `%2F` in a segment, where it is data and no boundary.
    #[must_use]
    pub fn with_encoded_slashes(mut self) -> Self {
        self.document.encoded_slashes = Field::Read(true);
        self
    }

    /// The same, also for paths with `;` in a segment, where it is data: `/orders;v=1` is not `/orders` then,
    /// though some servers read it so.
    #[must_use]
    pub fn with_parameters(mut self) -> Self {
        self.document.parameters = Field::Read(true);
        self
    }

    /// The same, for these methods only.
    #[must_use]
    pub fn methods<'m>(mut self, methods: impl IntoIterator<Item = &'m str>) -> Self {
        let methods = methods.into_iter().map(|method| Field::Read(method.to_owned()));
        self.document.methods = Field::Read(methods.collect());
        self
    }

    /// The same, for this host only, or for all below: `*.shop.example`.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        self.document.host = Field::Read(host.to_owned());
        self
    }

    fn header(mut self, header: HeaderDocument) -> Self {
        let mut headers = self.document.headers.or(Vec::new()).unwrap_or_default();
        headers.push(Field::Read(header));
        self.document.headers = Field::Read(headers);
        self
    }

    /// The same, if this header is there once with this value. A condition is no place for a secret: documents show
    /// it, and so does the example in a [`Warning`](super::Warning); that of an override is one.
    #[must_use]
    pub fn header_equals(self, name: &str, value: &str) -> Self {
        let (name, equals) = (Field::Read(name.to_owned()), Field::Read(value.to_owned()));
        self.header(HeaderDocument { name, equals, ..HeaderDocument::default() })
    }

    /// The same, if this header is there once and its value begins so; no secret either.
    #[must_use]
    pub fn header_begins(self, name: &str, start: &str) -> Self {
        let (name, begins) = (Field::Read(name.to_owned()), Field::Read(start.to_owned()));
        self.header(HeaderDocument { name, begins, ..HeaderDocument::default() })
    }

    /// The same, if this header is there, or is not.
    #[must_use]
    pub fn header_present(self, name: &str, is_present: bool) -> Self {
        let (name, present) = (Field::Read(name.to_owned()), Field::Read(is_present));
        self.header(HeaderDocument { name, present, ..HeaderDocument::default() })
    }

    /// The same, if the predicate of this name holds.
    #[must_use]
    pub fn when(mut self, predicate: &str) -> Self {
        self.document.when = Field::Read(predicate.to_owned());
        self
    }

    /// To this side.
    #[must_use]
    pub fn to(mut self, side: Side) -> Self {
        self.document.to = Field::Read(match side {
            Side::Legacy => TargetDocument::Legacy,
            Side::Modern => TargetDocument::Modern,
        });
        self
    }

    /// This share of callers to modern, the others and those without a key to legacy. Whoever is in a share
    /// is in every larger one.
    #[must_use]
    pub fn share(mut self, share: Share, key: StickyKey) -> Self {
        let basis_points = Field::Read(u64::from(share.basis_points()));
        let sticky = Field::Read(StickyDocument::from(key));
        let share = ShareDocument { basis_points, sticky };
        self.document.to = Field::Read(TargetDocument::Share(share));
        self
    }

    /// Where the phase of a migration says. The key must be the repository's, in its form.
    #[must_use]
    pub fn follow(self, migration: &MigrationName, key: StickyKey) -> Self {
        self.following(migration, Field::Read(StickyDocument::from(key)))
    }

    /// The same for requests of many keys, or of none, such as lists.
    #[must_use]
    pub fn follow_without_key(self, migration: &MigrationName) -> Self {
        self.following(migration, Field::Absent)
    }

    fn following(mut self, migration: &MigrationName, sticky: Field<StickyDocument>) -> Self {
        let migration = Field::Read(migration.as_str().to_owned());
        let follow = FollowDocument { migration, sticky };
        self.document.to = Field::Read(TargetDocument::Follow(follow));
        self
    }

    /// To several upstreams, whose responses are joined under this name.
    #[must_use]
    pub fn aggregate(mut self, name: &str) -> Self {
        let name = Field::Read(name.to_owned());
        self.document.to = Field::Read(TargetDocument::Aggregate(name));
        self
    }

    /// The same, under another salt than the table's and its own name: two rules of one salt and one key
    /// choose alike.
    #[must_use]
    pub fn with_salt(mut self, salt: &str) -> Self {
        self.document.salt = Field::Read(salt.to_owned());
        self
    }

    /// The same, taking the table's override header.
    #[must_use]
    pub fn with_override(mut self) -> Self {
        self.document.takes_override = Field::Read(true);
        self
    }

    /// The same, without legacy as a net: safe requests that go to modern have it else.
    #[must_use]
    pub fn without_fallback(mut self) -> Self {
        self.document.fallback = Field::Read(false);
        self
    }

    /// The same, with legacy as a net in `RampDown` too, where it may lack what was acknowledged.
    #[must_use]
    pub fn with_stale_fallback(mut self) -> Self {
        self.document.stale_fallback = Field::Read(true);
        self
    }

    /// The same, with another deadline than 500 ms for the head of the first side's response: whole
    /// milliseconds, an hour at most.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        let millis = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
        self.document.deadline_ms = Field::Read(millis);
        self
    }

    /// The same, with this share of safe requests mirrored: one in 10,000 or more.
    #[must_use]
    pub fn with_mirror(mut self, share: Share) -> Self {
        let basis_points = Field::Read(u64::from(share.basis_points()));
        self.document.mirror = Field::Read(MirrorDocument { basis_points });
        self
    }

    /// The same, with unsafe requests going to both sides: the second's failure does not count.
    #[must_use]
    pub fn with_dual_write(mut self, ids: IdSource) -> Self {
        let ids = Field::Read(ids);
        self.document.dual_write = Field::Read(DualWriteDocument { ids, strict: Field::Absent });
        self
    }

    /// The same, with both having to answer before the caller is.
    #[must_use]
    pub fn with_strict_dual_write(mut self, ids: IdSource) -> Self {
        let (ids, strict) = (Field::Read(ids), Field::Read(true));
        self.document.dual_write = Field::Read(DualWriteDocument { ids, strict });
        self
    }
}

impl From<StickyKey> for StickyDocument {
    fn from(key: StickyKey) -> Self {
        let form = key.form.map_or(Field::Absent, Field::Read);
        let mut document = Self { form, ..Self::default() };
        match key.place {
            KeyPlace::Header(name) => document.header = Field::Read(name.into()),
            KeyPlace::Cookie(name) => document.cookie = Field::Read(name.into()),
            KeyPlace::Capture(name) => document.capture = Field::Read(name.into()),
            KeyPlace::Address => document.address = Field::Read(true),
        }
        document
    }
}
