//! What an answer says of whoever gave it, and whether another may stand in for it. Pure.

use std::time::Duration;

use http::header::{HeaderMap, RETRY_AFTER, TRANSFER_ENCODING};
use http::{Method, StatusCode};
use http_body::Body as _;

use super::hop::{content_length, tells_length};
use super::{Fault, Limits, Response};
use crate::error::StoreError;
use crate::resilience::{CallError, Judged, Judgement, Refused, TimedOut};

/// What comes of sending a request to one side.
pub(crate) type Sent = Result<Response, CallError<StoreError>>;

/// What is to be made of an answer: 500, 502, 503 and 504 are failures, every other status is an answer.
pub(super) fn judge(answer: &Result<Response, StoreError>) -> Judgement {
    match answer {
        Ok(response) => judge_status(response.status(), response.headers()),
        Err(error) => error.judgement(),
    }
}

fn judge_status(status: StatusCode, headers: &HeaderMap) -> Judgement {
    match status.as_u16() {
        500 => Judgement::failed(),
        502..=504 => match retry_after(headers) {
            Some(pause) => Judgement::failed().with_retry_after(pause),
            None => Judgement::failed().retryable(),
        },
        400.. => Judgement::refused(),
        _ => Judgement::success(),
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

/// Why the other side answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FallbackReason {
    /// It could not be reached.
    Refused,
    /// It did not answer in time.
    Late,
    /// It broke off, or sent what is no response.
    Broken,
    /// It answered that it had failed.
    Failed,
    /// Its breaker is open.
    Open,
    /// Too much is under way to it.
    Full,
}

impl FallbackReason {
    /// Why another is to answer instead; none if this is an answer.
    pub(super) fn of(sent: &Sent) -> Option<Self> {
        match sent {
            Ok(response) => {
                matches!(response.status().as_u16(), 500 | 502..=504).then_some(Self::Failed)
            }
            Err(CallError::Refused(Refused::Open { .. })) => Some(Self::Open),
            Err(CallError::Refused(Refused::Full { .. })) => Some(Self::Full),
            Err(CallError::TimedOut(_)) => Some(Self::Late),
            Err(CallError::Failed(error)) if is_late(error) => Some(Self::Late),
            Err(CallError::Failed(error)) if error.kind().is_definite() => Some(Self::Refused),
            Err(CallError::Failed(_)) => Some(Self::Broken),
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Late => "late",
            Self::Broken => "broken",
            Self::Failed => "failed",
            Self::Open => "open",
            Self::Full => "full",
        }
    }
}

fn is_late(error: &StoreError) -> bool {
    error.downcast_ref::<TimedOut>().is_some()
}

/// What a caller is told who gets no response.
pub(super) fn fault_of(error: &CallError<StoreError>, safe: bool) -> Fault {
    match error {
        CallError::Refused(_) => Fault::NotDone,
        CallError::TimedOut(_) => Fault::Late,
        CallError::Failed(error) if is_late(error) => Fault::Late,
        // Nothing was done: whoever wrote may write again.
        CallError::Failed(error) if error.kind().is_definite() && !safe => Fault::NotDone,
        CallError::Failed(_) => Fault::NoAnswer,
    }
}

/// A response that can be read in more than one way, or in none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the response is malformed")]
pub(super) struct MalformedResponse;

/// Whether a response is one, and can be read in one way only.
pub(super) fn vet_response(
    response: &Response,
    method: &Method,
    limits: &Limits,
) -> Result<(), MalformedResponse> {
    let (status, headers) = (response.status(), response.headers());
    if status.is_informational() || headers.len() > limits.headers_max {
        return Err(MalformedResponse);
    }
    let (mut bytes, mut framed) = (0, false);
    for (name, value) in headers {
        bytes += name.as_str().len() + value.len();
        framed |= matches!(name.as_str(), "content-length" | "transfer-encoding");
    }
    if bytes > limits.header_bytes_max {
        return Err(MalformedResponse);
    }
    if framed { vet_framing(response, method) } else { Ok(()) }
}

fn vet_framing(response: &Response, method: &Method) -> Result<(), MalformedResponse> {
    let headers = response.headers();
    let length = content_length(headers).map_err(|_| MalformedResponse)?;
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    if let Some(encoding) = encodings.next() {
        let is_chunked = encoding.as_bytes().eq_ignore_ascii_case(b"chunked");
        if !is_chunked || encodings.next().is_some() || length.is_some() {
            return Err(MalformedResponse);
        }
    }
    let exact = response.body().size_hint().exact();
    match (length, exact) {
        (Some(said), Some(is)) if said != is && !tells_length(method, response.status()) => {
            Err(MalformedResponse)
        }
        _ => Ok(()),
    }
}
