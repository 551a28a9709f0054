use crate::phase::{MigrationName, Side, StateWord};
use crate::resilience::BreakerState;

/// What a decision depends on beside the request and the table: read at each decision, so both are cheap.
///
/// ```
/// # use strangler_fig::phase::{MigrationName, Side, StateWord};
/// # use strangler_fig::resilience::BreakerState;
/// # use strangler_fig::route::{Reason, RequestHead, RouteState, RouteTable, RuleBuilder};
/// #
/// /// For a test: modern is down.
/// struct Down;
///
/// impl RouteState for Down {
///     fn breaker(&self, side: Side) -> BreakerState {
///         if side == Side::Modern { BreakerState::Open } else { BreakerState::Closed }
///     }
///     fn word(&self, _: &MigrationName) -> Option<StateWord> { None }
/// }
///
/// let orders = RuleBuilder::prefix("orders", "/orders").to(Side::Modern);
/// let table = RouteTable::builder("shop").rule(orders).build()?;
/// let decision = table.decide_in(&RequestHead::new("GET", "/orders/7"), &Down);
/// assert_eq!((decision.primary, decision.reason), (Some(Side::Legacy), Reason::BreakerOpen));
/// # Ok::<(), strangler_fig::route::RouteError>(())
/// ```
pub trait RouteState {
    /// The state of a side's circuit breaker.
    fn breaker(&self, side: Side) -> BreakerState;
    /// The state of a migration, if it is followed here.
    fn word(&self, migration: &MigrationName) -> Option<StateWord>;
}

/// A state of which nothing is known: breakers are closed, and no migration is followed.
///
/// ```
/// use strangler_fig::phase::Side;
/// use strangler_fig::resilience::BreakerState;
/// use strangler_fig::route::{RouteState, NothingKnown};
///
/// assert_eq!(NothingKnown.breaker(Side::Modern), BreakerState::Closed);
/// assert!(NothingKnown.word(&"orders".parse().unwrap()).is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NothingKnown;

impl RouteState for NothingKnown {
    fn breaker(&self, _: Side) -> BreakerState {
        BreakerState::Closed
    }

    fn word(&self, _: &MigrationName) -> Option<StateWord> {
        None
    }
}
