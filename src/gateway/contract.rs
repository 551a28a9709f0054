use std::fmt;

use async_trait::async_trait;

use super::Body;
use crate::error::StoreError;

/// A request on its way through the gateway.
pub type Request = http::Request<Body>;

/// A response on its way back.
pub type Response = http::Response<Body>;

/// One side: a monolith or a service, behind whatever transport leads there.
///
/// ```
/// # use http_body_util::BodyExt;
/// # use strangler_fig::error::StoreError;
/// # use strangler_fig::gateway::{Body, Request, Response, Upstream};
/// #
/// /// A side that is a closed shop.
/// #[derive(Debug)]
/// struct Closed;
///
/// #[strangler_fig::async_trait]
/// impl Upstream for Closed {
///     async fn send(&self, _: Request) -> Result<Response, StoreError> {
///         Ok(Response::new(Body::full("closed")))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let response = Closed.send(Request::new(Body::empty())).await?;
/// assert_eq!(response.into_body().collect().await?.to_bytes(), "closed");
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. `Ok` is a response whose head has arrived, whatever its status says.
/// 2. `Unavailable` and `Rejected`: surely nothing of the request was sent. In doubt it is `Unknown`.
/// 3. It goes to one place, which nothing in the request can change: of its URI, only path and query count.
/// 4. Bodies are passed on as they come, both ways, and framed anew by the transport; one that is known to be
///    empty, of a method that has bodies, has a length of 0, or some servers answer 411. What ends with an error
///    was cut off, and must not end well on the other side.
/// 5. No redirect is followed, nothing is sent a second time, and nothing is decompressed.
///
/// # Cancel safety
///
/// A dropped call gives its connection up; the request may have had its effect.
#[async_trait]
pub trait Upstream: fmt::Debug + Send + Sync + 'static {
    /// Sends a request, and waits for the head of the response.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Rejected`: it was not sent; `Unknown`: it may have been.
    async fn send(&self, request: Request) -> Result<Response, StoreError>;
}
