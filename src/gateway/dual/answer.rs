use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

use super::{RequestKeyError, RequestStatus, Trouble};
use crate::gateway::{Body, BodyError, Response};

/// What a caller is told in the place of a side's response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// The body is longer than may be written down.
    TooLong,
    /// The body did not come.
    Stalled,
    CutOff,
    /// The client makes ids, and has sent no key.
    NoKey,
    /// It has sent several, or one that cannot be.
    BadKey(RequestKeyError),
    /// Whose the key is, is not said, or not plainly.
    NoScope,
    /// Nothing was sent, and will not be.
    NotSent,
    /// This call has sent nothing; of others of its key it knows nothing.
    NotByThis,
    /// It is written down, may be done, and will be done or looked into.
    Unknown,
    /// Another call of the same key is under way.
    UnderWay,
    /// It is tried again, but not before so long.
    NotYet(Duration),
    /// It was done, and the answer to it is not to be had again.
    WasDone,
    /// The key was used for another request.
    OtherRequest,
    /// The key's request was refused with this status.
    WasRefused(u16),
    /// The key's request waits for an operator, or had one.
    WithOperator,
}

impl Told {
    pub(super) const fn of_body(error: Option<&BodyError>) -> Self {
        match error {
            Some(BodyError::TooLong(_)) => Self::TooLong,
            Some(BodyError::Stalled(_)) => Self::Stalled,
            Some(BodyError::CutOff) | None => Self::CutOff,
        }
    }

    /// The same, for a call whose key others may have used.
    pub(super) const fn of_key(self, is_clients: bool) -> Self {
        match self {
            Self::NotSent if is_clients => Self::NotByThis,
            told => told,
        }
    }

    /// What a second caller is told of a request that is not to be sent by it.
    pub(super) const fn of(status: RequestStatus) -> Self {
        match status {
            RequestStatus::Refused(status) => Self::WasRefused(status),
            RequestStatus::Parked(_) | RequestStatus::Resolved => Self::WithOperator,
            RequestStatus::Open
            | RequestStatus::HalfDone
            | RequestStatus::Done
            | RequestStatus::Withdrawn => Self::UnderWay,
        }
    }

    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Stalled => StatusCode::REQUEST_TIMEOUT,
            Self::CutOff | Self::NoKey | Self::BadKey(_) | Self::NoScope => StatusCode::BAD_REQUEST,
            Self::NotSent | Self::NotByThis => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unknown => StatusCode::GATEWAY_TIMEOUT,
            Self::OtherRequest => StatusCode::UNPROCESSABLE_ENTITY,
            Self::WasDone => StatusCode::OK,
            Self::UnderWay | Self::NotYet(_) | Self::WasRefused(_) | Self::WithOperator => {
                StatusCode::CONFLICT
            }
        }
    }

    fn text(self) -> String {
        let text = match self {
            Self::TooLong => "The body is too long to be written to both sides.",
            Self::Stalled => "The body did not come in time.",
            Self::CutOff => "The body was cut off.",
            Self::NoKey => "A request of this kind needs an Idempotency-Key.",
            Self::BadKey(error) => return format!("The header does not fit: {error}."),
            Self::NoScope => "It is not said, or not plainly, whose the Idempotency-Key is.",
            Self::NotSent => "The request was not sent anywhere, and has changed nothing.",
            Self::NotByThis => {
                "This call has sent nothing; another of its Idempotency-Key may have."
            }
            Self::Unknown => {
                "The request may have been done, or may be done yet; ask again with its key."
            }
            Self::UnderWay => "A request with this Idempotency-Key is under way.",
            Self::NotYet(_) => {
                "The request with this Idempotency-Key is not done yet, and tried again later."
            }
            Self::WasDone => {
                "The request with this Idempotency-Key was done; its answer is not kept."
            }
            Self::OtherRequest => "This Idempotency-Key was used for another request.",
            Self::WasRefused(status) => {
                return format!("The request with this Idempotency-Key was refused with {status}.");
            }
            Self::WithOperator => "The request with this Idempotency-Key waits for an operator.",
        };
        text.to_owned()
    }

    /// When it makes sense to ask again.
    fn retry_after(self) -> Option<HeaderValue> {
        match self {
            Self::NotYet(wait) => {
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                Some(HeaderValue::from(seconds.max(1)))
            }
            Self::UnderWay | Self::NotSent | Self::NotByThis => Some(HeaderValue::from_static("1")),
            Self::Unknown => Some(HeaderValue::from_static("5")),
            _ => None,
        }
    }

    /// The response that says so; as every one of the gateway's own, no cache may keep it.
    pub(super) fn response(self) -> Response {
        let mut response = Response::new(Body::full(self.text()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, seconds);
        }
        response
    }
}

/// How a send has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done(u16),
    Refused(u16),
    /// After it may have been sent before: that one may have been done.
    RefusedAgain(u16),
    /// Surely nothing has changed.
    NotDone(Trouble),
    Doubt(Trouble),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::dual::ParkReason;

    #[test]
    fn only_what_was_surely_not_sent_is_a_503() {
        assert_eq!(Told::NotSent.status(), 503);
        let own = Told::NotSent.of_key(true);
        assert_eq!((own, Told::NotSent.of_key(false)), (Told::NotByThis, Told::NotSent));
        assert!(own.status() == 503 && own.text().contains("another of its Idempotency-Key may"));
        assert_eq!(Told::Unknown.status(), 504);
        for told in [Told::UnderWay, Told::WasRefused(422), Told::WithOperator] {
            assert_eq!(told.status(), 409);
        }
        assert_eq!(
            (Told::OtherRequest.status(), Told::TooLong.status()),
            (StatusCode::UNPROCESSABLE_ENTITY, StatusCode::PAYLOAD_TOO_LARGE,)
        );
    }

    #[test]
    fn a_second_caller_is_told_where_the_first_request_stands() {
        assert_eq!(Told::of(RequestStatus::Refused(404)), Told::WasRefused(404));
        assert_eq!(Told::of(RequestStatus::Parked(ParkReason::Attempts)), Told::WithOperator);
        assert_eq!(Told::of(RequestStatus::HalfDone), Told::UnderWay);
    }

    #[test]
    fn what_may_pass_says_when() {
        let when = |told: Told| told.response().headers().contains_key(RETRY_AFTER);
        let wait = Told::NotYet(Duration::from_millis(1_500)).response();
        assert_eq!(wait.headers()[RETRY_AFTER], "2");
        assert!(when(Told::UnderWay) && when(Told::Unknown) && when(Told::NotSent));
        assert!(!when(Told::WasRefused(400)) && !when(Told::OtherRequest));
    }
}
