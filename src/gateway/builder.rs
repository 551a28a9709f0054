use std::collections::HashMap;
use std::sync::{Arc, Once};

use foldhash::fast::RandomState;
use smol_str::SmolStr;

use super::dual::DualWriter;
use super::flight::Flight;
use super::gateway::Gateway;
use super::one_side::OneSide;
use super::{Aggregate, GatewayBuildError, GatewayConfig, Mirror, Upstream};
use crate::observe::Observer;
use crate::phase::{PhaseTracker, Side};
use crate::resilience::{BreakerConfig, CircuitBreaker, Policy};
use crate::route::{Rule, TableHandle, Trackers};

/// Makes a [`Gateway`].
///
/// ```
/// # use std::sync::Arc;
/// # use strangler_fig::error::StoreError;
/// # use strangler_fig::gateway::{Aggregate, Body, Gateway, GatewayBuildError, Part, Request, Response, Upstream};
/// # use strangler_fig::phase::Side;
/// # use strangler_fig::resilience::Policy;
/// # use strangler_fig::route::{RouteTable, RuleBuilder, TableHandle};
/// #
/// # #[derive(Debug)]
/// # struct Quiet;
/// #
/// # #[strangler_fig::async_trait]
/// # impl Upstream for Quiet {
/// #     async fn send(&self, _: Request) -> Result<Response, StoreError> {
/// #         Ok(Response::new(Body::empty()))
/// #     }
/// # }
/// #
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let [legacy, modern] = [(); 2].map(|()| Arc::new(Quiet));
/// let page = RuleBuilder::template("page", "/pages/{id}").methods(["GET"]).aggregate("page");
/// let tables = TableHandle::new(RouteTable::builder("shop").rule(page).build()?);
/// let builder = || Gateway::builder(tables.clone(), legacy.clone(), modern.clone());
///
/// // What the table asks for has to be there.
/// assert!(matches!(builder().build(), Err(GatewayBuildError::NoAggregate { .. })));
/// let gateway = builder()
///     .with_aggregate("page", Aggregate::of([Part::required("order", "/orders/{id}")])?)
///     .with_policy(Side::Legacy, Policy::new("legacy"))
///     .build()?;
/// # drop(gateway);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct GatewayBuilder {
    tables: TableHandle,
    legacy: Arc<dyn Upstream>,
    modern: Arc<dyn Upstream>,
    legacy_policy: Policy,
    modern_policy: Policy,
    state: Trackers,
    config: GatewayConfig,
    observer: Option<Arc<dyn Observer>>,
    mirror: Option<Mirror>,
    writer: Option<DualWriter>,
    aggregates: HashMap<SmolStr, Aggregate, RandomState>,
}

impl GatewayBuilder {
    pub(super) fn new(
        tables: TableHandle,
        legacy: Arc<dyn Upstream>,
        modern: Arc<dyn Upstream>,
    ) -> Self {
        let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
        Self {
            tables,
            legacy,
            modern,
            legacy_policy: Policy::new("legacy"),
            modern_policy: Policy::new("modern").with_breaker(breaker),
            state: Trackers::default(),
            config: GatewayConfig::default(),
            observer: None,
            mirror: None,
            writer: None,
            aggregates: HashMap::default(),
        }
    }

    /// What keeps callers from a side that is sick. Where the policy and a rule have deadlines, the shorter one
    /// counts. Retries are for safe requests that nobody else can answer; a request that may fall back falls back
    /// at once. By default legacy has no policy, and modern a circuit breaker.
    pub fn with_policy(mut self, side: Side, policy: Policy) -> Self {
        match side {
            Side::Legacy => self.legacy_policy = policy,
            Side::Modern => self.modern_policy = policy,
        }
        self
    }

    /// The state of a migration, for the rules that follow it.
    pub fn with_tracker(mut self, tracker: Arc<PhaseTracker>) -> Self {
        self.state = self.state.with_tracker(tracker);
        self
    }

    /// The limits.
    pub fn with_config(mut self, config: GatewayConfig) -> Self {
        self.config = config;
        self
    }

    /// Who is told of what happens.
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// What mirrors the requests of rules that ask for it.
    pub fn with_mirror(mut self, mirror: Mirror) -> Self {
        self.mirror = Some(mirror);
        self
    }

    /// What writes the requests of rules that ask for it to both sides: a writer for the same two sides. Run its
    /// [`replayer`](DualWriter::replayer) beside the gateway.
    pub fn with_dual_writer(mut self, writer: DualWriter) -> Self {
        self.writer = Some(writer);
        self
    }

    /// What answers the requests of rules that ask for it by this name; another one of that name is replaced.
    pub fn with_aggregate(mut self, name: impl Into<String>, aggregate: Aggregate) -> Self {
        let name: String = name.into();
        self.aggregates.insert(name.into(), aggregate);
        self
    }

    /// Whether everything is there that a rule asks for.
    fn check(&self, rule: &Rule) -> Result<(), GatewayBuildError> {
        let name = || rule.name().to_owned();
        if let Some(migration) = rule.follows() {
            if self.state.tracker(migration).is_none() {
                let migration = migration.clone();
                return Err(GatewayBuildError::NoTracker { rule: name(), migration });
            }
        }
        if rule.dual_writes().is_some() && self.writer.is_none() {
            return Err(GatewayBuildError::NoWriter { rule: name() });
        }
        if rule.mirrors().is_some() && self.mirror.is_none() {
            return Err(GatewayBuildError::NoMirror { rule: name() });
        }
        let Some(asked) = rule.aggregate() else { return Ok(()) };
        let Some(aggregate) = self.aggregates.get(asked) else {
            let aggregate = asked.into();
            return Err(GatewayBuildError::NoAggregate { rule: name(), aggregate });
        };
        let missing = aggregate.captures().find(|one| rule.captures().all(|own| own != *one));
        match missing {
            Some(capture) => {
                let (aggregate, capture) = (asked.into(), capture.into());
                Err(GatewayBuildError::NoCapture { rule: name(), aggregate, capture })
            }
            None => Ok(()),
        }
    }

    /// The gateway.
    ///
    /// # Errors
    ///
    /// [`GatewayBuildError`]: the table asks for what was not given. A table that is swapped in later and does is
    /// no error: requests by its rules are answered 503.
    pub fn build(self) -> Result<Gateway, GatewayBuildError> {
        let table = self.tables.load();
        table.rules().try_for_each(|rule| self.check(rule))?;
        let told = |policy: Policy| match &self.observer {
            Some(observer) => policy.or_observer(observer),
            None => policy,
        };
        let config = self.config;
        let limits = config.limits;
        let mut state = self.state;
        for (side, policy) in
            [(Side::Legacy, &self.legacy_policy), (Side::Modern, &self.modern_policy)]
        {
            if let Some(breaker) = policy.breaker() {
                state = state.with_breaker(side, breaker.clone());
            }
        }
        let side = |upstream, policy| Arc::new(OneSide::new(upstream, told(policy), limits));
        let legacy = side(self.legacy, self.legacy_policy);
        let modern = side(self.modern, self.modern_policy);
        let flight = Flight::new(config.in_flight_max);
        let streams = Arc::new(Flight::new(config.streams_max));
        let responses = Arc::new(Flight::new(config.responses_max));
        let (tables, observer) = (self.tables, self.observer);
        let (writer, aggregates) = (self.writer, self.aggregates);
        let mirror = match &observer {
            Some(observer) => self.mirror.map(|mirror| mirror.or_observer(observer)),
            None => self.mirror,
        };
        Ok(Gateway {
            tables,
            legacy,
            modern,
            state,
            config,
            observer,
            flight,
            streams,
            responses,
            mirror,
            writer,
            aggregates,
            unequipped: Once::new(),
        })
    }
}
