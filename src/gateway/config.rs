use std::num::NonZeroU32;
use std::time::Duration;

use super::Limits;
use crate::route::IpRange;

/// The limits of a [`Gateway`](super::Gateway).
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::gateway::{GatewayConfig, Limits};
///
/// let config = GatewayConfig::default()
///     .with_limits(Limits::default().with_body_max(1024 * 1024))
///     // A monolith that is given time, and writes that are, too ...
///     .with_legacy_deadline(Duration::from_secs(60))
///     .with_write_deadline(Duration::from_secs(10))
///     // ... bodies that may pause ...
///     .with_body_idle(Duration::from_secs(10))
///     .with_upload_idle(Duration::from_secs(5))
///     .with_upload_deadline(Duration::from_secs(60))
///     // ... and so much of all at once.
///     .with_in_flight_max(4_096.try_into()?)
///     .with_streams_max(256.try_into()?)
///     .with_responses_max(8_192.try_into()?)
///     .with_replayable_max(16 * 1024)
///     // Behind a proxy that ends TLS, and for developers who want to see it.
///     .with_trusted(["10.0.0.0/8".parse()?])
///     .with_https()
///     .with_served_by();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    pub(super) limits: Limits,
    pub(super) legacy_deadline: Duration,
    pub(super) write_deadline: Duration,
    pub(super) body_idle: Duration,
    pub(super) upload_idle: Duration,
    pub(super) upload_deadline: Duration,
    pub(super) in_flight_max: NonZeroU32,
    pub(super) streams_max: NonZeroU32,
    pub(super) responses_max: NonZeroU32,
    pub(super) replayable_max: usize,
    pub(super) trusted: Vec<IpRange>,
    pub(super) scheme: &'static str,
    pub(super) tells_side: bool,
}

const fn u32_of(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("a default limit is not zero")
}

impl Default for GatewayConfig {
    /// The default [`Limits`]; 30 s for the head of a legacy response, 5 s at least for that of a write; 30 s
    /// between two pieces of a response, 10 s between two of a request, which comes within 5 minutes; 16,384
    /// requests in flight, 1,024 with bodies that still come, 65,536 until their responses have ended; safe requests with bodies of up to 64 KiB
    /// may fall back; nobody is trusted, the scheme is `http`, and no response says who has answered.
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            legacy_deadline: Duration::from_secs(30),
            write_deadline: Duration::from_secs(5),
            body_idle: Duration::from_secs(30),
            upload_idle: Duration::from_secs(10),
            upload_deadline: Duration::from_secs(300),
            in_flight_max: u32_of(16_384),
            streams_max: u32_of(1_024),
            responses_max: u32_of(65_536),
            replayable_max: 64 * 1024,
            trusted: Vec::new(),
            scheme: "http",
            tells_side: false,
        }
    }
}

impl GatewayConfig {
    /// How large a request may be.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How long legacy may take until the head of its response is there. The rule's deadline is for modern, in
    /// whose place legacy can answer; in legacy's place nobody can.
    #[must_use]
    pub const fn with_legacy_deadline(mut self, deadline: Duration) -> Self {
        self.legacy_deadline = deadline;
        self
    }

    /// How long modern may take at least until the head of its response to a request is there that is not safe:
    /// nobody stands in for it, and giving up early leaves doubt.
    #[must_use]
    pub const fn with_write_deadline(mut self, deadline: Duration) -> Self {
        self.write_deadline = deadline;
        self
    }

    /// How long a response may pause while somebody waits for more of it; then it is cut off. The deadline of a
    /// rule ends with the head.
    #[must_use]
    pub const fn with_body_idle(mut self, idle: Duration) -> Self {
        self.body_idle = idle;
        self
    }

    /// How long a request's body may pause; then it is answered 408.
    #[must_use]
    pub const fn with_upload_idle(mut self, idle: Duration) -> Self {
        self.upload_idle = idle;
        self
    }

    /// How long a request's body may take in all; then it is answered 408.
    #[must_use]
    pub const fn with_upload_deadline(mut self, deadline: Duration) -> Self {
        self.upload_deadline = deadline;
        self
    }

    /// How many requests wait for the head of their response at once; more are answered 503. One that is answered
    /// by several counts once.
    #[must_use]
    pub const fn with_in_flight_max(mut self, count: NonZeroU32) -> Self {
        self.in_flight_max = count;
        self
    }

    /// How many requests have bodies that still come; more are answered 503. They take no place of a side's
    /// bulkhead, so that slow senders starve nobody else.
    ///
    /// Each other they do: so many clients that send drop by drop, each for as long as
    /// [`with_upload_deadline`](Self::with_upload_deadline) lets it, hold all places for requests with bodies. A
    /// gateway knows no clients; bound the connections of each in the server in front.
    #[must_use]
    pub const fn with_streams_max(mut self, count: NonZeroU32) -> Self {
        self.streams_max = count;
        self
    }

    /// How many requests are under way until their responses have ended, with those that still wait for one; more
    /// are answered 503. A response that comes from a side as its client reads it holds a connection to that side,
    /// for as long as the client likes.
    #[must_use]
    pub const fn with_responses_max(mut self, count: NonZeroU32) -> Self {
        self.responses_max = count;
        self
    }

    /// How many bytes the body of a safe request may have so that it can be sent twice, and fall back. Such bodies
    /// are rare, and collected before they are sent. So are those that find a side's breaker half open; of larger
    /// ones it is sent three at once then, and more are answered 503.
    #[must_use]
    pub const fn with_replayable_max(mut self, bytes: usize) -> Self {
        self.replayable_max = bytes;
        self
    }

    /// The proxies in front whose word on clients counts: from one of them, `X-Forwarded-For` is read and added
    /// to; from everybody else it is replaced.
    #[must_use]
    pub fn with_trusted(mut self, ranges: impl IntoIterator<Item = IpRange>) -> Self {
        self.trusted = ranges.into_iter().collect();
        self
    }

    /// Clients come by TLS: `X-Forwarded-Proto` says `https`.
    #[must_use]
    pub const fn with_https(mut self) -> Self {
        self.scheme = "https";
        self
    }

    /// Responses say in `Strangler-Served-By` which side has answered.
    #[must_use]
    pub const fn with_served_by(mut self) -> Self {
        self.tells_side = true;
        self
    }
}
