use http::StatusCode;
use http::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};

use super::{Body, BodyError, Response};

/// Why a gateway answers a request by itself.
///
/// ```
/// use strangler_fig::gateway::Fault;
///
/// assert_eq!(Fault::BodyTooLong.status(), 413);
/// assert_eq!(Fault::BodyTooLong.name(), "body_too_long");
/// assert_eq!(Fault::BodyTooLong.to_string(), "the body is too long");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A method that is for proxies only: 405, and `Allow` names those that are not.
    #[error("this method is not for a gateway")]
    Method,
    /// A version of HTTP that is not spoken: 505.
    #[error("this version of HTTP is not spoken here")]
    Version,
    /// No path, or something beside it: 400.
    #[error("the request target is malformed")]
    Target,
    /// A path that can be read in more than one way: 400.
    #[error("the path can be read in more than one way")]
    PathNotPlain,
    /// Path and query are too long: 414.
    #[error("the request target is too long")]
    TargetTooLong,
    /// Not one host, or not one everybody reads alike: 400.
    #[error("a request is for one host")]
    Host,
    /// Too many headers, or too large ones: 431.
    #[error("the headers are too large")]
    HeadersTooLarge,
    /// A header that others may read as another one: 400.
    #[error("the name of a header has an underscore")]
    Underscore,
    /// A length that is not one number, or not that of the body: 400.
    #[error("the content length is malformed")]
    ContentLength,
    /// A transfer encoding that is not `chunked`, once: 400.
    #[error("the transfer encoding is malformed")]
    TransferEncoding,
    /// A transfer coding that is not known: 501.
    #[error("this transfer encoding is not known here")]
    TransferCoding,
    /// A connection option that would take a header away which matters: 400.
    #[error("the connection header names what must stay")]
    Connection,
    /// Something is expected that nobody here can do: 417.
    #[error("this expectation cannot be met")]
    Expectation,
    /// An idempotency key that is empty, too long, doubled or not plain: 400.
    #[error("the idempotency key is malformed")]
    IdempotencyKey,
    /// The body is longer than is allowed: 413.
    #[error("the body is too long")]
    BodyTooLong,
    /// Nothing of the body came for too long: 408.
    #[error("the body did not come in time")]
    BodyStalled,
    /// The body has no end: 400.
    #[error("the body was cut off")]
    BodyCutOff,
    /// Too much is under way: 503. Nothing was done.
    #[error("too much is under way; nothing was done")]
    Busy,
    /// Nobody may answer this now: 503. Nothing was done.
    #[error("this cannot be answered now; nothing was done")]
    NoSide,
    /// The table asks for what this gateway was not built with: 503. Nothing was done.
    #[error("the gateway is not equipped for this; nothing was done")]
    NotEquipped,
    /// The migration kept moving while this was read: 503.
    #[error("this could not be settled; nothing was done")]
    Unsettled,
    /// The side refused, or could not be reached: 503. Nothing was done.
    #[error("the service could not be reached; nothing was done")]
    NotDone,
    /// The side broke off, or sent what is no response: 502. It may have had its effect.
    #[error("the service gave no answer; the request may have had its effect")]
    NoAnswer,
    /// No side has answered in time: 504. It may have had its effect.
    #[error("the service did not answer in time; the request may have had its effect")]
    Late,
    /// The migration moved while this was written: 504. It may have had its effect.
    #[error("nobody knows whether the request will have its effect")]
    Unknown,
}

impl Fault {
    /// What it is answered with.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TransferCoding => StatusCode::NOT_IMPLEMENTED,
            Self::Expectation => StatusCode::EXPECTATION_FAILED,
            Self::BodyTooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyStalled => StatusCode::REQUEST_TIMEOUT,
            Self::Target
            | Self::PathNotPlain
            | Self::Host
            | Self::Underscore
            | Self::ContentLength
            | Self::TransferEncoding
            | Self::Connection
            | Self::IdempotencyKey
            | Self::BodyCutOff => StatusCode::BAD_REQUEST,
            Self::Busy | Self::NoSide | Self::NotEquipped | Self::Unsettled | Self::NotDone => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::NoAnswer => StatusCode::BAD_GATEWAY,
            Self::Late | Self::Unknown => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// A stable name, fit for a label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Version => "version",
            Self::Target => "target",
            Self::PathNotPlain => "path_not_plain",
            Self::TargetTooLong => "target_too_long",
            Self::Host => "host",
            Self::HeadersTooLarge => "headers_too_large",
            Self::Underscore => "underscore",
            Self::ContentLength => "content_length",
            Self::TransferEncoding => "transfer_encoding",
            Self::TransferCoding => "transfer_coding",
            Self::Connection => "connection",
            Self::Expectation => "expectation",
            Self::IdempotencyKey => "idempotency_key",
            Self::BodyTooLong => "body_too_long",
            Self::BodyStalled => "body_stalled",
            Self::BodyCutOff => "body_cut_off",
            Self::Busy => "busy",
            Self::NoSide => "no_side",
            Self::NotEquipped => "not_equipped",
            Self::Unsettled => "unsettled",
            Self::NotDone => "not_done",
            Self::NoAnswer => "no_answer",
            Self::Late => "late",
            Self::Unknown => "unknown",
        }
    }

    /// Whether something of the request may have reached a side.
    pub(super) const fn was_sent(self) -> bool {
        matches!(self, Self::NoAnswer | Self::Late | Self::Unknown)
    }

    /// Whether it lies with who has sent the request. Then the connection is ended with it: what follows on it
    /// may be the rest of the request to others, and the next one to us.
    const fn ends_connection(self) -> bool {
        let status = self.status().as_u16();
        !matches!(status, 502..=504)
    }

    /// The response that says so: one plain sentence, and nothing of what was sent. No cache may keep it: what one
    /// client has done wrong is no answer to another.
    #[must_use]
    pub fn response(self) -> Response {
        let mut response = Response::new(Body::full(self.to_string()));
        *response.status_mut() = self.status();
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, plain);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.ends_connection() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if self == Self::Method {
            let others = HeaderValue::from_static("GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE");
            response.headers_mut().insert(ALLOW, others);
        }
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<BodyError> for Fault {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::CutOff => Self::BodyCutOff,
            BodyError::TooLong(_) => Self::BodyTooLong,
            BodyError::Stalled(_) => Self::BodyStalled,
        }
    }
}
