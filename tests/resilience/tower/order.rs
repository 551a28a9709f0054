//! Layers in the order of a `ServiceBuilder`: the first is the outermost.

use strangler_fig::resilience::{CallError, Deadline, Fallback, Judged, Judgement, Policy, Retry};
use tower::util::BoxCloneService;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use super::{Broken, Statuses, by_status};
use crate::breaker::{breaker, config};
use crate::bulkhead::bulkhead;
use crate::support::{is_given_up, ms, pauses};

/// A judge of layers around layers: errors of a guard speak for themselves.
fn by_status_or_guard(answer: &Result<u16, CallError<Broken>>) -> Judgement {
    match answer {
        Ok(status) => by_status(&Ok(*status)),
        Err(CallError::Failed(broken)) => by_status(&Err(*broken)),
        Err(CallError::Refused(refused)) => refused.judgement(),
        Err(_) => Judgement::failed().retryable(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_outside_of_a_retry_is_for_all_tries() {
    let statuses = Statuses::new(60, [503]);
    let mut service = ServiceBuilder::new()
        .layer(Deadline::after(ms(100)).layer())
        .layer(Retry::new(pauses([1, 1])).layer_judged(by_status))
        .service(statuses.clone());
    let answer = service.ready().await.unwrap().call("/").await.map_err(CallError::flatten);
    assert!(is_given_up(&answer));
    assert_eq!((statuses.calls(), statuses.elapsed()), (vec![0, 61], 100));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_inside_of_a_retry_is_for_each_try() {
    let statuses = Statuses::new(60, [503]);
    let mut service = ServiceBuilder::new()
        .layer(Retry::new(pauses([1, 1])).layer_judged(by_status_or_guard))
        .layer(Deadline::after(ms(50)).layer())
        .service(statuses.clone());
    let answer = service.ready().await.unwrap().call("/").await.map_err(CallError::flatten);
    assert!(is_given_up(&answer));
    assert_eq!((statuses.calls(), statuses.elapsed()), (vec![0, 51, 102], 152));
}

#[tokio::test(start_paused = true)]
async fn a_retry_over_a_breaker_tells_the_status_that_opened_it() {
    let statuses = Statuses::new(0, [503]);
    let mut service = ServiceBuilder::new()
        .layer(Retry::new(pauses([1; 9])).layer_judged(by_status_or_guard))
        .layer(breaker(config()).layer_judged(by_status))
        .service(statuses.clone());
    assert_eq!(service.ready().await.unwrap().call("/").await, Ok(503));
    assert_eq!(statuses.calls().len(), 4, "the fifth try was refused");
}

#[tokio::test(start_paused = true)]
async fn a_fallback_around_a_policy_answers_where_it_refuses() {
    let breaker = breaker(config());
    breaker.force_open();
    let statuses = Statuses::new(0, [200]);
    let policy = Policy::new("pages").with_breaker(breaker);
    let cached = async |_: &str| Ok(299);
    let mut service = ServiceBuilder::new()
        .layer(Fallback::default().layer_judged(by_status_or_guard, cached))
        .layer(policy.layer_judged(by_status))
        .service(statuses.clone());
    assert_eq!(service.ready().await.unwrap().call("/").await, Ok(299));
    assert_eq!(statuses.calls(), []);
}

#[tokio::test(start_paused = true)]
async fn a_service_behind_layers_may_be_boxed_and_cloned() {
    let service = ServiceBuilder::new()
        .layer(Fallback::default().layer_judged(by_status_or_guard, async |_: &str| Ok(299)))
        .layer(Policy::standard("pages").layer_judged(by_status))
        .service(Statuses::new(5, [503, 200]));
    let service: BoxCloneService<&str, u16, CallError<Broken>> = service.boxed_clone();
    let tasks = [(); 3].map(|()| tokio::spawn(service.clone().oneshot("/")));
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(200));
    }
}

/// Spawns a call by way of this layer.
async fn spawned<L>(layer: L) -> bool
where
    L: Layer<Statuses>,
    L::Service: Service<&'static str, Response = u16, Future: Send> + Send + 'static,
    <L::Service as Service<&'static str>>::Error: Send,
{
    let call = layer.layer(Statuses::new(5, [200])).oneshot("/");
    matches!(tokio::spawn(call).await.unwrap(), Ok(200))
}

#[tokio::test(start_paused = true)]
async fn calls_by_way_of_every_layer_may_be_spawned() {
    assert!(spawned(Retry::new(pauses([1])).layer_judged(by_status)).await);
    assert!(spawned(Policy::standard("pages").layer_judged(by_status)).await);
    assert!(spawned(breaker(config()).layer_judged(by_status)).await);
    assert!(spawned(bulkhead(1).layer()).await);
    assert!(spawned(Deadline::after(ms(50)).layer()).await);
    let other = async |_: &'static str| Ok(299);
    assert!(spawned(Fallback::default().layer_judged(by_status, other)).await);
}
