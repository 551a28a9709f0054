use std::time::Duration;

use smol_str::SmolStr;

use super::condition::{HeaderCondition, Named};
use super::host::HostPattern;
use super::method::MethodSet;
use super::pattern::PathPattern;
use super::target::Target;
use super::{IdSource, PlainPath, RequestMeta};
use crate::phase::{MigrationName, Share};

/// One rule of a table: which requests it is for, and where they go.
///
/// ```
/// # use strangler_fig::phase::{Share, Side};
/// # use strangler_fig::route::{RouteTable, Rule, RuleBuilder};
/// let table = RouteTable::builder("shop")
///     .rule(RuleBuilder::template("order", "/orders/{id}").to(Side::Modern).with_mirror(Share::percent(1)))
///     .rule(RuleBuilder::prefix("users", "/users").follow_without_key(&"users".parse()?))
///     .build()?;
///
/// let [order, users] = table.rules().collect::<Vec<_>>()[..] else { panic!("there are two") };
/// assert_eq!((order.name(), order.mirrors()), ("order", Some(Share::percent(1))));
/// assert_eq!(order.captures().collect::<Vec<_>>(), ["id"]);
/// assert_eq!(users.follows().map(ToString::to_string).as_deref(), Some("users"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Rule {
    pub(super) name: SmolStr,
    pub(super) pattern: PathPattern,
    pub(super) has_encoded_slashes: bool,
    pub(super) has_parameters: bool,
    pub(super) methods: MethodSet,
    pub(super) host: Option<HostPattern>,
    pub(super) headers: Vec<HeaderCondition>,
    pub(super) when: Option<Named>,
    pub(super) target: Target,
    pub(super) takes_override: bool,
    pub(super) net: Net,
    pub(super) deadline: Duration,
    pub(super) mirror: Option<Share>,
    pub(super) dual_write: Option<DualWrite>,
}

/// Whether legacy answers safe requests that modern does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Net {
    None,
    /// Where it holds all that was acknowledged.
    Fresh,
    /// Where it may lack some of it, too.
    Stale,
}

/// That unsafe requests of a rule go to both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DualWrite {
    pub(super) ids: IdSource,
    /// Unless the rule follows a migration, whose phase says it.
    pub(super) is_strict: bool,
}

/// A request's method, and its bit if it is a known one.
#[derive(Debug, Clone, Copy)]
pub(super) struct MethodOf<'r> {
    pub(super) name: &'r str,
    pub(super) bit: u16,
}

impl Rule {
    /// What the table calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of what its template captures, in order.
    pub fn captures(&self) -> impl Iterator<Item = &str> {
        self.pattern.captures()
    }

    /// The migration whose phase it follows.
    #[must_use]
    pub const fn follows(&self) -> Option<&MigrationName> {
        match &self.target {
            Target::Follow { migration, .. } => Some(migration),
            _ => None,
        }
    }

    /// What joins the responses of several upstreams, by its name.
    #[must_use]
    pub fn aggregate(&self) -> Option<&str> {
        match &self.target {
            Target::Aggregate(name) => Some(name),
            _ => None,
        }
    }

    /// Who makes ids, if unsafe requests go to both sides.
    #[must_use]
    pub fn dual_writes(&self) -> Option<IdSource> {
        self.dual_write.map(|dual_write| dual_write.ids)
    }

    /// How many of its safe requests are mirrored.
    #[must_use]
    pub const fn mirrors(&self) -> Option<Share> {
        self.mirror
    }

    /// Whether it is for a request whose path it is for: the cheapest is asked first.
    pub(super) fn holds(
        &self,
        request: &impl RequestMeta,
        method: MethodOf<'_>,
        path: Option<&PlainPath<'_>>,
    ) -> bool {
        self.methods.holds(method.name, method.bit)
            && path.is_none_or(|path| self.allows(path))
            && self.is_for_host(request)
            && self.headers.iter().all(|header| header.holds(request))
            && self.when.as_ref().is_none_or(|when| when.holds(request))
    }

    /// Whether what its path has of two meanings is data to this rule.
    fn allows(&self, path: &PlainPath<'_>) -> bool {
        (self.has_encoded_slashes || !path.has_encoded_slash())
            && (self.has_parameters || !path.has_parameter())
    }

    fn is_for_host(&self, request: &impl RequestMeta) -> bool {
        let Some(pattern) = &self.host else { return true };
        request.host().is_some_and(|host| pattern.matches(host))
    }
}
