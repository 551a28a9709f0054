use std::future::{Future, poll_fn};
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use tower_layer::Layer;
use tower_service::Service;

use super::{ByError, Judge};
use crate::resilience::{CallError, Policy, Retry};

mod sealed {
    use std::future::Future;

    use super::Judge;
    use crate::resilience::CallError;

    /// A primitive that may make a call again.
    pub trait Guard: Clone + Send + Sync + 'static {
        fn guard<T, E, J, F, Fut>(
            &self,
            judge: J,
            call: F,
        ) -> impl Future<Output = Result<T, CallError<E>>> + Send
        where
            T: Send,
            E: Send,
            J: Judge<T, E>,
            F: FnMut() -> Fut + Send,
            Fut: Future<Output = Result<T, E>> + Send;
    }
}

use sealed::Guard;

macro_rules! guards {
    ($($primitive:ty)*) => {$(
        impl Guard for $primitive {
            fn guard<T, E, J, F, Fut>(
                &self,
                judge: J,
                call: F,
            ) -> impl Future<Output = Result<T, CallError<E>>> + Send
            where
                T: Send,
                E: Send,
                J: Judge<T, E>,
                F: FnMut() -> Fut + Send,
                Fut: Future<Output = Result<T, E>> + Send,
            {
                self.call_judged(move |answer: &Result<T, E>| judge.judge(answer), call)
            }
        }

        impl $primitive {
            /// A layer of it, over a service and requests that can be cloned (feature
            /// `tower`).
            #[must_use]
            pub fn layer(&self) -> RepeatedLayer<Self> {
                self.layer_judged(ByError)
            }

            /// The same, as `judge` says of each answer.
            #[must_use]
            pub fn layer_judged<J>(&self, judge: J) -> RepeatedLayer<Self, J> {
                RepeatedLayer { guard: self.clone(), judge }
            }
        }
    )*};
}

guards! { Retry Policy }

/// A layer of a primitive that may make a call again.
#[derive(Debug, Clone)]
pub struct RepeatedLayer<P, J = ByError> {
    guard: P,
    judge: J,
}

/// A service behind a primitive that may make a call again.
#[derive(Debug, Clone)]
pub struct RepeatedService<S, P, J = ByError> {
    inner: S,
    guard: P,
    judge: J,
}

impl<S, P: Clone, J: Clone> Layer<S> for RepeatedLayer<P, J> {
    type Service = RepeatedService<S, P, J>;

    fn layer(&self, inner: S) -> Self::Service {
        RepeatedService { inner, guard: self.guard.clone(), judge: self.judge.clone() }
    }
}

impl<S, P, J, R> Service<R> for RepeatedService<S, P, J>
where
    S: Service<R> + Clone + Send + 'static,
    S::Response: Send + 'static,
    S::Error: Send + 'static,
    S::Future: Send,
    P: Guard,
    J: Judge<S::Response, S::Error>,
    R: Clone + Send + 'static,
{
    type Response = S::Response;
    type Error = CallError<S::Error>;
    type Future = BoxFuture<'static, Result<S::Response, CallError<S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(CallError::Failed)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let unready = self.inner.clone();
        let mut ready = Some(std::mem::replace(&mut self.inner, unready.clone()));
        let (guard, judge) = (self.guard.clone(), self.judge.clone());
        let tried = move || {
            let (service, is_ready) = match ready.take() {
                Some(first) => (first, true),
                None => (unready.clone(), false),
            };
            attempt(service, is_ready, request.clone())
        };
        async move { guard.guard(judge, tried).await }.boxed()
    }
}

/// The first try is made by what is ready; a later one waits until it is.
async fn attempt<S: Service<R>, R>(
    mut service: S,
    is_ready: bool,
    request: R,
) -> Result<S::Response, S::Error> {
    if !is_ready {
        poll_fn(|cx| service.poll_ready(cx)).await?;
    }
    service.call(request).await
}
