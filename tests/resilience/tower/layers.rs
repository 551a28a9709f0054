//! Each layer over a service of statuses.

use strangler_fig::phase::Share;
use strangler_fig::resilience::{
    BreakerState, CallError, Deadline, Fallback, Policy, Refused, Retry, RetryBudget,
};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{Answer, Broken, Statuses, by_status};
use crate::breaker::{breaker, config};
use crate::bulkhead::bulkhead;
use crate::support::{Fault, Script, fails, is_given_up, is_refused, ms, pauses, takes};

/// A request that cannot be made twice.
struct Upload;

#[tokio::test(start_paused = true)]
async fn a_retry_makes_a_call_again_by_its_status() {
    let statuses = Statuses::new(0, [503, 429, 200]);
    let retry = Retry::new(pauses([10, 10]));
    let service = retry.layer_judged(by_status).layer(statuses.clone());
    assert_eq!(service.oneshot("/").await, Ok(200));
    assert_eq!(statuses.calls(), [0, 10, 510]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_answers_the_last_status_when_none_is_better() {
    for (status, count) in [(503, 3), (500, 1), (404, 1)] {
        let statuses = Statuses::new(0, [status]);
        let retry = Retry::new(pauses([10, 10]));
        let service = retry.layer_judged(by_status).layer(statuses.clone());
        assert_eq!(service.oneshot("/").await, Ok(status));
        assert_eq!(statuses.calls().len(), count, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_makes_each_try_with_the_same_request() {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = seen.clone();
    let service = service_fn(move |request: String| {
        kept.lock().unwrap().push(request);
        std::future::ready(Answer::Ok(503))
    });
    let service = Retry::new(pauses([1, 1])).layer_judged(by_status).layer(service);
    service.oneshot("Ada".to_owned()).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["Ada", "Ada", "Ada"]);
}

#[tokio::test(start_paused = true)]
async fn clones_of_a_service_share_its_budget() {
    let statuses = Statuses::new(0, [503]);
    let budget = RetryBudget::new(Share::NONE).with_reserve(3);
    let retry = Retry::new(pauses([1, 1])).with_budget(budget);
    let service = retry.layer_judged(by_status).layer(statuses.clone());
    for _ in 0..5 {
        service.clone().oneshot("/").await.unwrap();
    }
    assert_eq!(statuses.calls().len(), 5 + 3);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_opens_by_statuses_and_then_makes_no_call() {
    let (breaker, statuses) = (breaker(config()), Statuses::new(0, [200, 500, 404, 500, 200]));
    let mut service = breaker.layer_judged(by_status).layer(statuses.clone());
    for status in [200, 500, 404, 500] {
        assert_eq!(service.ready().await.unwrap().call("/").await, Ok(status));
    }
    assert_eq!(breaker.state(), BreakerState::Open);
    assert!(is_refused(&service.clone().oneshot("/").await));
    assert_eq!(statuses.calls().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn errors_that_speak_for_themselves_need_no_judge() {
    let script = std::sync::Arc::new(Script::new([fails(Fault::Busy), takes(0)]));
    let played = script.clone();
    let service = service_fn(move |()| {
        let script = played.clone();
        async move { script.play().await }
    });
    let policy = Policy::new("prices").with_retry(Retry::new(pauses([10])));
    assert_eq!(policy.layer().layer(service).oneshot(()).await, Ok(1));
    assert_eq!(script.calls(), [0, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_bulkhead_lets_so_many_through_at_once() {
    let statuses = Statuses::new(10, [200]);
    let layer = bulkhead(2).with_queue(2, ms(1_000)).layer();
    let service = layer.layer(statuses.clone());
    let calls = (0..5).map(|_| service.clone().oneshot("/"));
    let answers = futures::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| is_refused(answer)).count(), 1);
    assert_eq!(statuses.calls(), [0, 0, 10, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_drops_a_call_that_takes_longer() {
    let statuses = Statuses::new(1_000, [200]);
    let service = Deadline::after(ms(50)).layer().layer(statuses.clone());
    assert!(is_given_up(&service.oneshot("/").await));
    assert_eq!(statuses.elapsed(), 50);
}

#[tokio::test(start_paused = true)]
async fn who_makes_a_call_once_asks_for_no_request_that_can_be_cloned() {
    let takes_it = || service_fn(async |_: Upload| Answer::Ok(201));
    let breaker = breaker(config()).layer_judged(by_status);
    assert_eq!(breaker.layer(takes_it()).oneshot(Upload).await, Ok(201));
    assert_eq!(bulkhead(1).layer().layer(takes_it()).oneshot(Upload).await, Ok(201));
    let soon = Deadline::after(ms(50)).layer();
    assert_eq!(soon.layer(takes_it()).oneshot(Upload).await, Ok(201));
}

#[tokio::test(start_paused = true)]
async fn a_fallback_answers_for_a_failure_and_not_for_a_no_or_a_doubt() {
    let of = async |fallback: Fallback, status: u16| {
        let other = async |_: &str| Ok(299);
        let layer = fallback.layer_judged(by_status, other);
        layer.layer(Statuses::new(0, [status])).oneshot("/").await
    };
    for (status, write, read) in
        [(200, 200, 200), (404, 404, 404), (503, 299, 299), (500, 500, 299)]
    {
        assert_eq!(of(Fallback::default(), status).await, Ok(write));
        assert_eq!(of(Fallback::without_effect(), status).await, Ok(read));
    }
}

#[tokio::test(start_paused = true)]
async fn a_fallback_is_asked_with_the_same_request() {
    let broken = service_fn(async |_: u32| Err::<u32, _>(Broken));
    let judge = |_: &Result<u32, Broken>| strangler_fig::resilience::Judgement::failed();
    let layer = Fallback::without_effect().layer_judged(judge, async |number| Ok(number + 1));
    assert_eq!(layer.layer(broken).oneshot(7).await, Ok(8));
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_all_of_them_by_status() {
    let statuses = Statuses::new(0, [503, 404, 500, 500, 500, 200]);
    let policy = Policy::new("pages")
        .with_retry(Retry::new(pauses([10, 10])))
        .with_breaker(breaker(config()))
        .with_bulkhead(bulkhead(1))
        .with_try_deadline(ms(100));
    let mut service = policy.layer_judged(by_status).layer(statuses.clone());
    for status in [404, 500, 500] {
        assert_eq!(service.ready().await.unwrap().call("/").await, Ok(status));
    }
    let refused = service.ready().await.unwrap().call("/").await.unwrap_err();
    let open = Refused::Open { breaker: "modern", retry_after: Some(ms(100)) };
    assert_eq!(refused, CallError::Refused(open));
    assert_eq!(statuses.calls(), [0, 10, 10, 10], "503, then 404; 500 twice");
}
