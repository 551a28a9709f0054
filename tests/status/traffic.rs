//! What goes through a gateway, what is copied, and what waits: as the page tells it.

use std::future::pending;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::backfill::{BackfillConfig, Backfiller};
use strangler_fig::error::StoreError;
use strangler_fig::gateway::{Body, Gateway, Request, Response, Upstream};
use strangler_fig::memory::InMemoryCheckpointStore;
use strangler_fig::observe::{Event, Observer};
use strangler_fig::phase::Side;
use strangler_fig::resilience::{BreakerConfig, CircuitBreaker, Policy};
use strangler_fig::route::{RouteTable, TableHandle};
use strangler_fig::worker::{PageSize, RateLimit};

use crate::support::{SECOND, World, parcel};

/// A service that answers, or is away.
#[derive(Debug)]
struct Service(bool);

#[strangler_fig::async_trait]
impl Upstream for Service {
    async fn send(&self, _: Request) -> Result<Response, StoreError> {
        if self.0 {
            Ok(Response::new(Body::full("here")))
        } else {
            Err(StoreError::unavailable("away"))
        }
    }
}

const TABLE: &str = r#"{ "format": "strangler-fig/route-table", "version": 1, "salt": "shop", "default": "legacy",
    "rules": [{ "name": "orders", "path": { "prefix": "/orders" }, "to": "modern", "fallback": true }] }"#;

async fn asks(gateway: &Gateway, target: &str) {
    let request = http::Request::builder().uri(target).header("host", "shop.example");
    let answer = gateway.handle(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn shares_and_fallbacks_of_a_gateway_are_told_by_reason_and_its_breaker_by_state() {
    let world = World::new().await;
    let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
    breaker.observe(&(world.observers.clone() as Arc<dyn Observer>));
    let tables = TableHandle::new(RouteTable::from_document(TABLE).unwrap());
    let gateway = Gateway::builder(tables, Arc::new(Service(true)), Arc::new(Service(false)))
        .with_policy(Side::Modern, Policy::new("modern").with_breaker(breaker.clone()))
        .with_observer(world.observers.clone())
        .build()
        .unwrap();
    world.picture().await.is_silent_about("Shares and fallbacks");
    for target in ["/orders/1", "/orders/2", "/orders/3", "/users"] {
        asks(&gateway, target).await;
    }
    let seen = world.picture().await;
    seen.says(&["requests legacy 25 %, modern 75 %", "modern fixed 3", "legacy no_rule 1"]);
    seen.says(&["answered by because requests legacy refused 3"]);
    assert_eq!(seen.at("/traffic/fallbacks/0/reason"), "refused");
    world.counts("strangler_route_fallbacks{side=\"legacy\",reason=\"refused\"}", 3.0);
    assert!(seen.html.contains("Requests to legacy and to modern"));

    breaker.force_open();
    asks(&gateway, "/orders/4").await;
    let seen = world.picture().await;
    seen.says(&["modern forced_open [bad] 1", "legacy breaker_open 1"]);
    assert_eq!(seen.at("/breakers/0/state"), "forced_open");
    breaker.reset();
    world.picture().await.says(&["modern closed [ok] 2"]);
}

#[tokio::test(start_paused = true)]
async fn breakers_of_one_name_do_not_hide_each_other_and_are_gone_once_they_are_dropped() {
    let world = World::new().await;
    let observer = world.observers.clone() as Arc<dyn Observer>;
    let [repositorys, gateways] = [(); 2].map(|()| {
        let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
        breaker.observe(&observer);
        breaker
    });
    repositorys.force_open();
    (0..3).for_each(|_| {
        gateways.force_open();
        gateways.reset();
    });
    world.picture().await.says(&["modern forced_open [bad] 1 modern closed [ok] 6"]);
    // As they are now: they are the same two.
    let status = world.picture().await.status;
    assert_eq!(status.with_breaker(&gateways).with_breaker(&repositorys).breakers.len(), 2);
    drop(repositorys);
    world.picture().await.is_silent_about("forced_open");
    drop(gateways);
    world.picture().await.is_silent_about("Circuit breakers");
    // A policy that is built anew has a breaker that has not turned yet.
    let rebuilt = CircuitBreaker::new("modern", BreakerConfig::default());
    rebuilt.observe(&observer);
    rebuilt.force_open();
    world.picture().await.says(&["modern forced_open [bad] 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_backfill_is_one_line_in_which_what_nobody_knows_is_unknown_and_nothing_is_above_all() {
    let world = World::new().await;
    (0..200).for_each(|id| world.users.legacy().inner().plant(parcel(id, "Bern")));
    let checkpoints = Arc::new(InMemoryCheckpointStore::default());
    let ten = NonZeroU64::new(10).unwrap();
    let config = BackfillConfig::default()
        .with_page_size(PageSize::fixed(10.try_into().unwrap()))
        .with_rate_limit(RateLimit::per_second(ten).with_burst(ten));
    let backfiller = |config| {
        let (checkpoints, queue) = (checkpoints.clone(), world.queue.clone());
        Backfiller::new(&world.users, checkpoints, queue, "parcels".parse().unwrap())
            .with_config(config)
    };
    let first = backfiller(config.clone());
    // What is seen of it shortly before it is stopped.
    let run = async |backfiller: &Backfiller<_, _>| {
        let seen = async {
            tokio::time::sleep(Duration::from_millis(4_500)).await;
            world.picture().await
        };
        let run = async { backfiller.run(tokio::time::sleep(SECOND * 5)).await.unwrap() };
        tokio::join!(run, seen).1
    };
    let line = run(&first).await.status.backfill.unwrap().line;
    assert!(line.contains(" records, ") && line.contains("/s, ETA unknown"), "{line}");

    let expecting = backfiller(config.clone().with_expected_records(200));
    let seen = run(&expecting).await;
    let backfill = seen.status.backfill.as_ref().unwrap();
    assert!(
        backfill.line.contains(" of about 200 records (") && backfill.line.contains("/s, ETA "),
        "{}",
        backfill.line
    );
    assert!(backfill.share().is_some_and(|share| share > 0.3 && share < 0.8), "{}", backfill.line);
    seen.says(&[&backfill.line.clone()]);

    // There are more than somebody said.
    let wrong = backfiller(config.with_expected_records(60));
    wrong.run(pending()).await.unwrap();
    let seen = world.picture().await;
    seen.says(&["200 of about 60 records (100%), done"]);
    assert_eq!(seen.status.backfill.as_ref().unwrap().share(), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn outbox_replication_and_alarms_are_told_with_their_age() {
    let world = World::new().await;
    let minute = Some(Duration::from_secs(61));
    for event in [
        Event::OutboxDepth { pending: 7, parked: 1, oldest: minute },
        Event::ReplicationLag { pending: Some(3), lag: minute },
        Event::OutsideWrite,
        Event::GuardAlarmed { cause: "errors" },
    ] {
        world.board.on_event(&event);
    }
    world.passes(SECOND * 30).await;
    let seen = world.picture().await;
    seen.says(&["outbox 7 messages, the oldest for 1 min 01 s", "given up 1 messages [bad]"]);
    seen.says(&["replication 1 min 01 s behind, changes waiting: 3"]);
    seen.says(&["outside_write: 1 in 1 min 00 s [look]", "guard_alarmed: 1 in 1 min 00 s [look]"]);
    world.passes(SECOND * 40).await;
    let seen = world.picture().await;
    seen.says(&["outbox 7 messages, the oldest for 1 min 01 s, as seen 1 min 10 s ago"]);
    seen.is_silent_about("outside_write");
}
