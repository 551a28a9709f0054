use std::future::Future;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use tower_layer::Layer;
use tower_service::Service;

use super::{ByError, Judge};
use crate::resilience::Fallback;

impl Fallback {
    /// A layer that asks `other` where the service has no answer (feature `tower`).
    ///
    /// ```
    /// use strangler_fig::error::StoreError;
    /// use strangler_fig::resilience::Fallback;
    /// use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), StoreError> {
    /// let down = async |_: u32| Err(StoreError::unavailable("connection refused"));
    /// let mut names = ServiceBuilder::new()
    ///     .layer(Fallback::default().layer(async |number: u32| Ok(format!("user {number}"))))
    ///     .service(service_fn(down));
    /// assert_eq!(names.ready().await?.call(7).await?, "user 7");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn layer<G>(self, other: G) -> FallbackLayer<G> {
        self.layer_judged(ByError, other)
    }

    /// The same, as `judge` says of each answer.
    #[must_use]
    pub const fn layer_judged<G, J>(self, judge: J, other: G) -> FallbackLayer<G, J> {
        FallbackLayer { fallback: self, judge, other }
    }
}

/// A layer of a [`Fallback`].
#[derive(Debug, Clone, Copy)]
pub struct FallbackLayer<G, J = ByError> {
    fallback: Fallback,
    judge: J,
    other: G,
}

/// A service that is stood in for.
#[derive(Debug, Clone, Copy)]
pub struct FallbackService<S, G, J = ByError> {
    inner: S,
    fallback: Fallback,
    judge: J,
    other: G,
}

impl<S, G: Clone, J: Clone> Layer<S> for FallbackLayer<G, J> {
    type Service = FallbackService<S, G, J>;

    fn layer(&self, inner: S) -> Self::Service {
        let (judge, other) = (self.judge.clone(), self.other.clone());
        FallbackService { inner, fallback: self.fallback, judge, other }
    }
}

impl<S, G, Gut, J, R> Service<R> for FallbackService<S, G, J>
where
    S: Service<R>,
    S::Response: Send + 'static,
    S::Error: Send + 'static,
    S::Future: Send + 'static,
    G: Fn(R) -> Gut + Clone + Send + 'static,
    Gut: Future<Output = Result<S::Response, S::Error>> + Send,
    J: Judge<S::Response, S::Error>,
    R: Clone + Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (fallback, judge, other) = (self.fallback, self.judge.clone(), self.other.clone());
        let own = self.inner.call(request.clone());
        let judge = move |answer: &Result<_, _>| judge.judge(answer);
        async move {
            let answered = fallback.call_judged(judge, || own, move || other(request)).await;
            answered.map(|answered| answered.value)
        }
        .boxed()
    }
}
