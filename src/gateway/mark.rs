//! The headers that are the gateway's own. What a client or a service sends under such a name is stripped.
//!
//! ```
//! use strangler_fig::gateway::mark;
//! assert!(mark::is_ours("strangler-anything") && !mark::is_ours("idempotency-key"));
//! ```

use http::HeaderName;

/// The stamp of a dual-written request, which services hand to `apply`.
pub const STAMP: HeaderName = HeaderName::from_static("strangler-stamp");
/// The id of what a dual-written request creates, where the gateway makes ids.
pub const ID: HeaderName = HeaderName::from_static("strangler-id");
/// `1` on a mirrored request: its answer is compared, and nobody gets it.
pub const MIRROR: HeaderName = HeaderName::from_static("strangler-mirror");
/// On a response, if that is wanted: the side that has answered.
pub const SERVED_BY: HeaderName = HeaderName::from_static("strangler-served-by");
/// On a joined response: the optional parts that are missing.
pub const PARTIAL: HeaderName = HeaderName::from_static("strangler-partial");
/// What tells one dual-written request from every other. A client may send it.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Whether a header, in lower case, is one that only a gateway may send.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    name.starts_with("strangler-")
}
