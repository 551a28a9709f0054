//! The primitives as layers of [tower](https://docs.rs/tower) (feature `tower`).
//!
//! Each primitive gives a layer of itself, which asks of a service that it can be
//! cloned, as axum does. The service's own error comes back as
//! [`CallError::Failed`](super::CallError::Failed). Layers that make a call again clone
//! its request, and wait before each try until the service is ready; readiness before
//! the first try is the caller's affair, as in tower.
//!
//! ```
//! use std::time::Duration;
//! use strangler_fig::error::StoreError;
//! use strangler_fig::resilience::{Deadline, Judgement, Policy};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let prices = async |article: u32| Ok::<_, StoreError>(article * 3);
//! let mut prices = ServiceBuilder::new()
//!     .layer(Policy::standard("prices").layer())
//!     .service(service_fn(prices));
//! assert_eq!(prices.ready().await?.call(14).await?, 42);
//!
//! // Errors of others, and failures that come as an `Ok`, are judged by a closure.
//! let page = async |path: &'static str| Ok::<_, std::io::Error>(if path == "/" { 200 } else { 404 });
//! let judge = |answer: &Result<u16, std::io::Error>| match answer {
//!     Ok(500..) | Err(_) => Judgement::failed().retryable(),
//!     Ok(400..) => Judgement::refused(),
//!     Ok(_) => Judgement::success(),
//! };
//! let mut page = ServiceBuilder::new()
//!     .layer(Deadline::after(Duration::from_secs(1)).layer())
//!     .layer(Policy::standard("pages").layer_judged(judge))
//!     .service(service_fn(page));
//! assert_eq!(page.ready().await?.call("/").await?, 200);
//! # Ok(())
//! # }
//! ```

mod fallback;
mod judge;
mod once;
mod repeated;

pub use fallback::{FallbackLayer, FallbackService};
pub use judge::{ByError, Judge};
pub use once::{OnceLayer, OnceService};
pub use repeated::{RepeatedLayer, RepeatedService};
