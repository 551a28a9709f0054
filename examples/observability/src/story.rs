use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Request;
use http_body_util::BodyExt;
use strangler_fig::backfill::{BackfillConfig, Backfiller};
use strangler_fig::consistency::{CheckerConfig, ConsistencyChecker, FieldComparator};
use strangler_fig::controller::ChangeRequest;
use strangler_fig::gateway::Body;
use strangler_fig::memory::InMemoryCheckpointStore;
use strangler_fig::observe::Observer;
use strangler_fig::phase::Phase;
use tracing::{Instrument, info_span};

use crate::{Failed, Shop};

/// Users that the monolith has had for ever.
const USERS: u32 = 1_000;

impl Shop {
    /// A day of the migration: the data is copied and checked, traffic is compared, somebody writes behind its back, and
    /// the modern store is away for a while.
    ///
    /// # Errors
    ///
    /// Something that has to work did not.
    pub async fn day(&self) -> Result<(), Failed> {
        (0..USERS).for_each(|id| self.users.legacy().plant((id, format!("user {id}"))));
        self.go(Phase::DualWrite).await?;
        self.copy().await?;
        self.go(Phase::Shadow).await?;
        self.check().await?;
        for _ in 0..20 {
            self.traffic().await?;
        }
        self.somebody_writes_behind_its_back().await?;
        self.modern_is_away().await?;
        self.users.drained().await;
        self.gateway.drained().await;
        Ok(())
    }

    async fn go(&self, phase: Phase) -> Result<(), Failed> {
        let request = ChangeRequest::new("ann".parse()?, "the day of the users".parse()?);
        self.controller.advance_to(phase, &request).await?;
        while self.users.tracker().word().base() != phase {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    async fn copy(&self) -> Result<(), Failed> {
        let (checkpoints, repairs) =
            (Arc::new(InMemoryCheckpointStore::default()), self.repairs.clone());
        let config = BackfillConfig::default().with_expected_records(USERS.into());
        let backfiller = Backfiller::new(&self.users, checkpoints, repairs, "users".parse()?);
        backfiller.with_config(config).run(pending()).await?;
        Ok(())
    }

    async fn check(&self) -> Result<(), Failed> {
        let config = CheckerConfig::default()
            .with_settling(Duration::from_millis(50))
            .with_observer(self.metrics.clone() as Arc<dyn Observer>);
        let checker = ConsistencyChecker::new(&self.users).with_config(config);
        let report = checker.with_comparator(FieldComparator::new()).full(pending()).await;
        if report.keys == 0 { Err("the checker has seen nothing".into()) } else { Ok(()) }
    }

    /// What callers do, a little of each.
    ///
    /// # Errors
    ///
    /// A store, or the saga.
    pub async fn traffic(&self) -> Result<(), Failed> {
        let calls = async {
            for id in 0..10 {
                self.save((id, format!("user {id}, seen"))).await?;
                self.users.find(&id).await?;
            }
            let order = format!("order-{:x}", rand_like());
            self.order(&order, 1).await?;
            for path in ["/catalogue/pears", "/catalogue/books"] {
                let request = Request::get(path).header("host", "shop.example");
                let response = self.gateway.handle(request.body(Body::empty())?).await;
                response.into_body().collect().await.map_err(|_| "a response broke off")?;
            }
            Ok(())
        };
        calls.instrument(info_span!("traffic")).await
    }

    async fn somebody_writes_behind_its_back(&self) -> Result<(), Failed> {
        self.users.drained().await;
        self.users.modern().plant((500, "somebody else".to_owned()));
        self.users.find(&500).await?;
        self.users.drained().await;
        Ok(())
    }

    /// The breaker is opened by hand, as by a service that fails; what is written meanwhile is repaired.
    async fn modern_is_away(&self) -> Result<(), Failed> {
        self.users.modern().set_away(true);
        self.save((1, "while modern was away".to_owned())).await?;
        self.users.drained().await;
        self.breaker.force_open();
        self.save((2, "while the breaker was open".to_owned())).await?;
        self.users.modern().set_away(false);
        self.breaker.reset();
        self.users.drained().await;
        Ok(())
    }
}

/// A number that no other order has.
fn rand_like() -> u128 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap_or_default().as_nanos()
}
