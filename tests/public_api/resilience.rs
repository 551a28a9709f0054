//! The resilience primitives.

use std::future::{Ready, pending, ready};
use std::time::Duration;

use strangler_fig::error::StoreError;
use strangler_fig::observe::{Event, Observer};
use strangler_fig::resilience::{
    Answered, BreakerConfig, BreakerState, Bulkhead, CallCounts, CallError, CallWindow,
    CircuitBreaker, Deadline, Delays, Exponential, Fallback, Health, Jitter, Judged, Judgement,
    Permit, Place, Policy, Refused, Retry, RetryBudget, Schedule, TimedOut,
};

use crate::{assert_error, assert_send, assert_shared, assert_value};

fn answers() -> Ready<Result<(), StoreError>> {
    ready(Ok(()))
}

#[test]
fn guarded_calls_are_send() {
    let retry = Retry::new(Exponential::default());
    let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
    let bulkhead = Bulkhead::new("modern", std::num::NonZeroU32::MIN);
    let soon = Deadline::after(Duration::from_secs(1));
    let (policy, fallback) = (Policy::standard("modern"), Fallback::default());
    assert_send(&retry.call(answers));
    assert_send(&retry.call_judged(|_: &Result<(), StoreError>| Judgement::success(), answers));
    assert_send(&breaker.call(answers));
    assert_send(&breaker.acquire());
    assert_send(&bulkhead.call(answers));
    assert_send(&bulkhead.acquire());
    assert_send(&soon.call(answers));
    assert_send(&policy.call(answers));
    assert_send(&policy.call(pending::<Result<(), StoreError>>));
    assert_send(&fallback.call(answers, answers));
}

#[test]
fn guards_may_be_shared_between_threads() {
    assert_shared::<(Retry, RetryBudget, Exponential, Delays)>();
    assert_shared::<(CircuitBreaker, BreakerConfig, Permit<'static>)>();
    assert_shared::<(Bulkhead, Place<'static>, Deadline, Fallback, Policy)>();
}

#[test]
fn their_errors_are_errors() {
    assert_error::<Refused>();
    assert_error::<TimedOut>();
    assert_error::<CallError<StoreError>>();
    assert_value::<(Refused, TimedOut, CallError<u32>)>();
}

#[test]
fn their_values_are_values() {
    assert_value::<(Health, Judgement, BreakerState, CallCounts, CallWindow, Jitter)>();
    assert_value::<(Deadline, Fallback, Answered<u32, u32>)>();
}

/// What users implement or name in bounds, and hear.
#[expect(dead_code, reason = "it is compiled, not run")]
fn contracts<E: Judged, S: Schedule, O: Observer>(_: E, schedule: S, observer: O) {
    let _ = Retry::new(schedule);
    let _ = Policy::new("modern").with_observer(std::sync::Arc::new(observer));
    let (breaker, policy) = ("modern", "modern");
    let (from, to) = (BreakerState::Closed.name(), BreakerState::Open.name());
    let _ = [
        Event::BreakerTurned { breaker, instance: 1, from, to, generation: 1 },
        Event::BreakerDropped { breaker, instance: 1 },
        Event::CallRefused { policy, reason: "open" },
        Event::CallRetried { policy, attempt: 1, pause: Duration::ZERO },
        Event::CallTimedOut { policy },
    ];
}

/// The primitives as layers of tower.
#[cfg(feature = "tower")]
#[test]
fn their_layers_are_where_they_are_said_to_be() {
    use strangler_fig::resilience::tower::{
        ByError, FallbackLayer, FallbackService, Judge, OnceLayer, OnceService, RepeatedLayer,
        RepeatedService,
    };
    use tower::service_fn;
    use tower::{Layer, Service};

    fn is_service<S: Service<u32, Error = E>, E>(_: &S) {}
    fn is_judge<J: Judge<u32, StoreError>>(_: J) {}
    let own = service_fn(async |number: u32| Ok::<_, StoreError>(number));
    let repeated: RepeatedLayer<Policy> = Policy::standard("modern").layer();
    let service: RepeatedService<_, Policy, ByError> = repeated.layer(own);
    is_service::<_, CallError<StoreError>>(&service);
    let once: OnceLayer<Deadline> = Deadline::after(Duration::from_secs(1)).layer();
    let service: OnceService<_, Deadline, ByError> = once.layer(own);
    is_service::<_, CallError<StoreError>>(&service);
    let other = async |number: u32| Ok(number);
    let fallback: FallbackLayer<_> = Fallback::default().layer(other);
    let service: FallbackService<_, _, ByError> = fallback.layer(own);
    is_service::<_, StoreError>(&service);
    is_judge(ByError);
}
