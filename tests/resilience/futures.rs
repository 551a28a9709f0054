//! Which closures and futures may be guarded, and which guarded calls may be spawned.

use std::cell::Cell;
use std::future::ready;
use std::rc::Rc;

use futures::FutureExt;
use strangler_fig::resilience::{
    Bulkhead, CallError, CircuitBreaker, Deadline, Fallback, Judgement, Policy, Retry,
};

use crate::breaker::{breaker, config};
use crate::bulkhead::bulkhead;
use crate::support::{Fault, ms, pauses};

#[derive(Clone)]
struct All {
    retry: Retry,
    breaker: CircuitBreaker,
    bulkhead: Bulkhead,
    deadline: Deadline,
    policy: Policy,
}

fn all() -> All {
    All {
        retry: Retry::new(pauses([1, 1])),
        breaker: breaker(config()),
        bulkhead: bulkhead(4),
        deadline: Deadline::after(ms(100)),
        policy: Policy::standard("prices"),
    }
}

/// Borrows its argument, and itself while it waits: it is not `Unpin`.
async fn length(name: &str) -> Result<usize, Fault> {
    let own = name.to_owned();
    let part = own.as_str();
    tokio::task::yield_now().await;
    Ok(part.len())
}

#[tokio::test(start_paused = true)]
async fn a_call_may_borrow_what_its_caller_holds() {
    let (all, name) = (all(), "Ada".to_owned());
    let call = || length(&name);
    assert_eq!(all.retry.call(call).await, Ok(3));
    assert_eq!(all.breaker.call(call).await, Ok(3));
    assert_eq!(all.bulkhead.call(call).await, Ok(3));
    assert_eq!(all.deadline.call(call).await, Ok(3));
    assert_eq!(all.policy.call(call).await, Ok(3));
    assert_eq!(Fallback::default().call(call, call).await.map(|it| it.value), Ok(3));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_made_once_may_use_up_what_it_was_given() {
    let (all, name) = (all(), || Box::new("Ada".to_owned()));
    let uses = |name: Box<String>| move || ready(Ok::<_, Fault>(*name));
    assert!(all.breaker.call(uses(name())).await.is_ok());
    assert!(all.bulkhead.call(uses(name())).await.is_ok());
    assert!(all.deadline.call(uses(name())).await.is_ok());
    assert!(Fallback::default().call(uses(name()), uses(name())).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_made_again_may_change_what_it_holds() {
    let (all, mut made) = (all(), 0);
    let mut count = || {
        made += 1;
        ready(Err::<(), _>(Fault::Busy))
    };
    all.retry.call(&mut count).await.unwrap_err();
    all.policy.call(&mut count).await.unwrap_err();
    assert_eq!(made, 6);
}

#[tokio::test(start_paused = true)]
async fn a_call_may_be_boxed_or_an_async_closure_that_owns_something() {
    let (all, name) = (all(), "Ada".to_owned());
    assert_eq!(all.policy.call(|| length(&name).boxed()).await, Ok(3));
    assert_eq!(all.policy.call(|| length(&name).boxed_local()).await, Ok(3));
    assert_eq!(all.deadline.call(async move || length(&name).await).await, Ok(3));
}

#[tokio::test(start_paused = true)]
async fn a_call_of_one_thread_needs_no_other_bounds() {
    let (all, seen) = (all(), Rc::new(Cell::new(0)));
    let call = || {
        let seen = seen.clone();
        async move {
            tokio::task::yield_now().await;
            seen.set(seen.get() + 1);
            Ok::<_, Fault>(Rc::new(()))
        }
    };
    all.retry.call(call).await.unwrap();
    all.breaker.call(call).await.unwrap();
    all.bulkhead.call(call).await.unwrap();
    all.deadline.call(call).await.unwrap();
    all.policy.call(call).await.unwrap();
    assert_eq!(seen.get(), 5);
}

/// An answer and an error that can do nothing at all.
struct Plain;

#[tokio::test(start_paused = true)]
async fn answers_and_errors_need_no_traits_where_a_closure_judges() {
    let judge = |answer: &Result<Plain, Plain>| match answer {
        Ok(Plain) => Judgement::success(),
        Err(Plain) => Judgement::failed().retryable(),
    };
    let (all, plain) = (all(), || ready(Err::<Plain, _>(Plain)));
    assert!(all.retry.call_judged(judge, plain).await.is_err());
    assert!(all.breaker.call_judged(judge, plain).await.is_err());
    assert!(all.policy.call_judged(judge, plain).await.is_err());
    assert!(all.bulkhead.call(plain).await.is_err());
    assert!(all.deadline.call(plain).await.is_err());
    assert!(Fallback::default().call_judged(judge, plain, plain).await.is_err());
}

/// Spawns it, which asks that it is `Send`.
async fn spawned<F>(call: F) -> Result<usize, CallError<Fault>>
where
    F: Future<Output = Result<usize, CallError<Fault>>> + Send + 'static,
{
    tokio::spawn(call).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn calls_may_be_spawned_when_what_they_are_made_of_may() {
    let [one, two, three, four, five] = [(); 5].map(|()| all());
    let name = || "Ada".to_owned();
    let (first, second) = (name(), name());
    let retried = async move { one.retry.call(|| length(&first)).await };
    assert_eq!(spawned(retried).await, Ok(3));
    let whole = async move { two.policy.call(|| length(&second)).await };
    assert_eq!(spawned(whole).await, Ok(3));
    let kept = async move { three.breaker.call(|| length("Ada")).await };
    assert_eq!(spawned(kept).await, Ok(3));
    let placed = async move { four.bulkhead.call(|| length("Ada")).await };
    assert_eq!(spawned(placed).await, Ok(3));
    let timed = async move { five.deadline.call(|| length("Ada")).await };
    assert_eq!(spawned(timed).await, Ok(3));
    let stands_in = async || Fallback::default().call(|| length("Ada"), || length("Bo")).await;
    let answered = tokio::spawn(async move { stands_in().await });
    assert_eq!(answered.await.unwrap().map(|it| it.value), Ok(3));
}

#[tokio::test(start_paused = true)]
async fn permits_and_places_may_be_held_while_a_task_waits() {
    let all = all();
    let task = tokio::spawn(async move {
        let place = all.bulkhead.acquire().await.unwrap();
        let permit = all.breaker.acquire().unwrap();
        tokio::task::yield_now().await;
        permit.settle(strangler_fig::resilience::Health::Well);
        drop(place);
        all.bulkhead.under_way()
    });
    assert_eq!(task.await.unwrap(), 0);
}
