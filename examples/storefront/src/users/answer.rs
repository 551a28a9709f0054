use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use strangler_fig::error::{StoreError, StoreErrorKind};
use tracing::warn;

/// Why a request is not answered as it was meant. Statuses say what callers must know of a write:
///
/// | status | `error` | what became of it |
/// |---|---|---|
/// | 400 | `malformed` | nothing was done |
/// | 404 | `missing` | there is no such user |
/// | 409 | `conflict` | nothing was done |
/// | 410 | `moved` | nothing was done: ask the user service |
/// | 422 | `rejected` | nothing was done, and never will be |
/// | 500 | `unknown` | it may have been done: read, or write again |
/// | 503 | `unavailable` | nothing was done; again, later |
#[derive(Debug)]
pub enum Answer {
    /// It makes no sense.
    Malformed(&'static str),
    /// There is none.
    Missing,
    /// This service answers for no users any more.
    Moved,
    /// What the stores, or the migration, say.
    Store(StoreError),
}

impl From<StoreError> for Answer {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Answer {
    const fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed"),
            Self::Missing => (StatusCode::NOT_FOUND, "missing"),
            Self::Moved => (StatusCode::GONE, "moved"),
            Self::Store(error) => match error.kind() {
                StoreErrorKind::Rejected => (StatusCode::UNPROCESSABLE_ENTITY, "rejected"),
                StoreErrorKind::Conflict => (StatusCode::CONFLICT, "conflict"),
                StoreErrorKind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
                _ => (StatusCode::INTERNAL_SERVER_ERROR, "unknown"),
            },
        }
    }

    /// What people are told: nothing of what is stored, and nothing of where.
    const fn message(&self) -> &'static str {
        match self {
            Self::Malformed(why) => why,
            Self::Missing => "there is no such user",
            Self::Moved => "users are answered by their own service",
            Self::Store(error) => match error.kind() {
                StoreErrorKind::Rejected => "it is refused as it is",
                StoreErrorKind::Conflict => "somebody else was first",
                StoreErrorKind::Unavailable => "nothing was done: try again",
                _ => "it may have been done: read it, or try again",
            },
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let (status, error) = self.status();
        if let Self::Store(why) = &self {
            warn!(status = status.as_u16(), why = why.with_causes(), "a request is not answered");
        }
        let body = Json(json!({ "error": error, "message": self.message() }));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            (status, [(RETRY_AFTER, "1")], body).into_response()
        } else {
            (status, body).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(kind: StoreErrorKind) -> u16 {
        let answer = Answer::from(StoreError::new(kind, "a secret of the store"));
        answer.into_response().status().as_u16()
    }

    #[test]
    fn a_status_says_whether_a_write_may_have_been_done() {
        assert_eq!(status(StoreErrorKind::Rejected), 422);
        assert_eq!(status(StoreErrorKind::Conflict), 409);
        assert_eq!(status(StoreErrorKind::Unavailable), 503, "as the gateway says it");
        assert_eq!(status(StoreErrorKind::Unknown), 500, "which is the only doubt");
    }

    #[test]
    fn a_failure_tells_nothing_of_the_store() {
        let answer = Answer::from(StoreError::unavailable("a secret of the store"));
        assert!(!answer.message().contains("secret"));
    }
}
