use std::future::Future;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use tower_layer::Layer;
use tower_service::Service;

use super::{ByError, Judge};
use crate::resilience::{Bulkhead, CallError, CircuitBreaker, Deadline};

mod sealed {
    use std::future::Future;

    use crate::resilience::CallError;

    /// A primitive that makes a call once. Only one that judges asks for a judge.
    pub trait Guard<T, E, J>: Clone + Send + Sync + 'static {
        fn guard<F, Fut>(
            &self,
            judge: J,
            call: F,
        ) -> impl Future<Output = Result<T, CallError<E>>> + Send
        where
            F: FnOnce() -> Fut + Send,
            Fut: Future<Output = Result<T, E>> + Send;
    }
}

use sealed::Guard;

macro_rules! guards {
    ($($primitive:ty, $judges:ident: $bound:path, |$this:ident, $judge:ident, $call:ident| $guarded:expr;)*) => {$(
        impl<T: Send, E: Send, $judges: $bound> Guard<T, E, $judges> for $primitive {
            fn guard<F, Fut>(
                &self,
                $judge: $judges,
                $call: F,
            ) -> impl Future<Output = Result<T, CallError<E>>> + Send
            where
                F: FnOnce() -> Fut + Send,
                Fut: Future<Output = Result<T, E>> + Send,
            {
                let $this = self;
                $guarded
            }
        }
    )*};
}

guards! {
    CircuitBreaker, J: Judge<T, E>, |breaker, judge, call| {
        breaker.call_judged(move |answer: &Result<T, E>| judge.judge(answer), call)
    };
    Bulkhead, J: Send, |bulkhead, _judge, call| bulkhead.call(call);
    Deadline, J: Send, |deadline, _judge, call| deadline.call(call);
}

/// A layer of a primitive that makes a call once.
#[derive(Debug, Clone, Copy)]
pub struct OnceLayer<P, J = ByError> {
    guard: P,
    judge: J,
}

/// A service behind a primitive that makes a call once.
#[derive(Debug, Clone, Copy)]
pub struct OnceService<S, P, J = ByError> {
    inner: S,
    guard: P,
    judge: J,
}

impl CircuitBreaker {
    /// A layer that refuses while the breaker is open (feature `tower`).
    #[must_use]
    pub fn layer(&self) -> OnceLayer<Self> {
        self.layer_judged(ByError)
    }

    /// The same, as `judge` says of each answer.
    #[must_use]
    pub fn layer_judged<J>(&self, judge: J) -> OnceLayer<Self, J> {
        OnceLayer { guard: self.clone(), judge }
    }
}

impl Bulkhead {
    /// A layer that lets so many calls through at once (feature `tower`).
    #[must_use]
    pub fn layer(&self) -> OnceLayer<Self> {
        OnceLayer { guard: self.clone(), judge: ByError }
    }
}

impl Deadline {
    /// A layer that drops a call which takes longer (feature `tower`).
    #[must_use]
    pub const fn layer(self) -> OnceLayer<Self> {
        OnceLayer { guard: self, judge: ByError }
    }
}

impl<S, P: Clone, J: Clone> Layer<S> for OnceLayer<P, J> {
    type Service = OnceService<S, P, J>;

    fn layer(&self, inner: S) -> Self::Service {
        OnceService { inner, guard: self.guard.clone(), judge: self.judge.clone() }
    }
}

impl<S, P, J, R> Service<R> for OnceService<S, P, J>
where
    S: Service<R> + Clone + Send + 'static,
    S::Response: Send + 'static,
    S::Error: Send + 'static,
    S::Future: Send,
    P: Guard<S::Response, S::Error, J>,
    J: Clone + Send + 'static,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = CallError<S::Error>;
    type Future = BoxFuture<'static, Result<S::Response, CallError<S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(CallError::Failed)
    }

    fn call(&mut self, request: R) -> Self::Future {
        // The clone may not be ready; what is ready now makes the call.
        let unready = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, unready);
        let (guard, judge) = (self.guard.clone(), self.judge.clone());
        async move { guard.guard(judge, move || ready.call(request)).await }.boxed()
    }
}
