use std::time::Duration;

use super::{Captures, Reason, Rule};
use crate::phase::{Bucket, Share, Side, StateWord};

/// What is to be done with a request.
///
/// It borrows from its table, and holds nothing that was allocated.
///
/// ```
/// # use strangler_fig::phase::Side;
/// # use strangler_fig::route::{Reason, RequestHead, RouteTable, RuleBuilder};
/// let order = RuleBuilder::template("order", "/orders/{id}").to(Side::Modern);
/// let table = RouteTable::builder("shop").rule(order).build()?;
///
/// let read = table.decide(&RequestHead::new("GET", "/orders/7"));
/// assert_eq!((read.primary, read.reason), (Some(Side::Modern), Reason::Fixed));
/// assert_eq!(read.fallback, Some(Side::Legacy));
/// assert_eq!(read.capture("/orders/7", "id"), Some("7"));
///
/// let write = table.decide(&RequestHead::new("PUT", "/orders/7"));
/// assert_eq!(write.fallback, None, "it is not safe");
/// # Ok::<(), strangler_fig::route::RouteError>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Decision<'t> {
    /// The rule that it is by; none if no rule is for the request.
    pub rule: Option<&'t Rule>,
    /// The side that is asked first; none if the request is to be refused, or answered by several.
    pub primary: Option<Side>,
    /// The side that answers if the first does not: only of safe requests.
    pub fallback: Option<Side>,
    /// How long modern may take until the head of its response is there, before legacy answers or the caller is told.
    /// Legacy is not held to it where it is asked as ever: how long that may take, a gateway says.
    pub deadline: Duration,
    /// Whether and where the request is mirrored.
    pub mirror: Option<MirrorPlan>,
    /// Whether and how the request is written to both sides.
    pub dual_write: Option<DualWritePlan>,
    /// The bucket of its sticky key, if it has one.
    pub bucket: Option<Bucket>,
    /// Why.
    pub reason: Reason,
    /// What the rule's template has captured.
    pub captures: Captures,
    /// The state of the migration that the rule follows, as the decision saw it.
    pub word: Option<StateWord>,
    /// What joins several responses into one, by its name.
    pub aggregate: Option<&'t str>,
}

impl Decision<'_> {
    /// What the rule's template has captured under this name in `path`, as it was sent.
    #[must_use]
    pub fn capture<'p>(&self, path: &'p str, name: &str) -> Option<&'p str> {
        self.captures.get(self.rule?, path, name)
    }
}

/// A request that another side is sent, too, beside the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MirrorPlan {
    /// The side that is compared.
    pub to: Side,
    /// How many of these requests; drawn when one is answered, so that decisions stay pure.
    pub share: Share,
}

impl MirrorPlan {
    /// A share of requests, to that side.
    #[must_use]
    pub const fn new(to: Side, share: Share) -> Self {
        Self { to, share }
    }
}

/// A request that both sides are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DualWritePlan {
    /// The side that is sent it first, and whose word counts. The other one is sent it only after that.
    pub first: Side,
    /// Whether both must have answered before the caller is.
    pub is_strict: bool,
    /// The side whose response the caller gets.
    pub answers: Side,
    /// Who makes the ids of what is created.
    pub ids: IdSource,
}

impl DualWritePlan {
    /// First to that side, whose response the caller gets without waiting for the other's.
    #[must_use]
    pub const fn new(first: Side, ids: IdSource) -> Self {
        Self { first, is_strict: false, answers: first, ids }
    }
}

/// Who makes the ids of what a dual-written request creates: never the two sides, who would make two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum IdSource {
    /// The client, whose request has an idempotency key and ids of its own.
    Client,
    /// The gateway, which sends both sides the same.
    Gateway,
}
