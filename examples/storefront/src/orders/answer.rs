use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use strangler_fig::error::{StoreError, StoreErrorKind};
use tracing::warn;

/// Why a request is not answered as it was meant. As users' statuses do, `503` says that nothing was done, and `500` that nobody
/// knows.
#[derive(Debug)]
pub enum Answer {
    /// It makes no sense: `400`.
    Wrong(String),
    /// It is not there: `404`.
    Missing,
    /// It is there, and is another: `409`.
    Other,
    /// Nothing was done, and it may be asked again: `503`.
    Later(StoreError),
    /// It may have been done: `500`. Asked again it is done once.
    Doubt(StoreError),
}

impl From<StoreError> for Answer {
    fn from(error: StoreError) -> Self {
        match error.kind() {
            StoreErrorKind::Rejected => Self::Wrong("the database refuses it".to_owned()),
            StoreErrorKind::Unavailable | StoreErrorKind::Conflict => Self::Later(error),
            _ => Self::Doubt(error),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let (status, why) = match self {
            Self::Wrong(why) => (StatusCode::BAD_REQUEST, why),
            Self::Missing => (StatusCode::NOT_FOUND, "there is none".to_owned()),
            Self::Other => (StatusCode::CONFLICT, "it is another one".to_owned()),
            Self::Later(error) => {
                warn!(error = error.with_causes(), "a request is to come again");
                let body = Json(json!({ "error": "not now" }));
                return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], body)
                    .into_response();
            }
            Self::Doubt(error) => {
                warn!(error = error.with_causes(), "nobody knows whether a request was done");
                (StatusCode::INTERNAL_SERVER_ERROR, "it may have been done: ask again".to_owned())
            }
        };
        (status, Json(json!({ "error": why }))).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_done_is_not_said_to_be_undone() {
        let answered = |error: StoreError| {
            let answer = Answer::from(error).into_response();
            (answer.status().as_u16(), answer.headers().contains_key(RETRY_AFTER))
        };
        assert_eq!(answered(StoreError::unknown("cut off")), (500, false));
        assert_eq!(answered(StoreError::unavailable("away")), (503, true));
        assert_eq!(answered(StoreError::conflict("another was first")), (503, true));
        assert_eq!(answered(StoreError::rejected("too long")), (400, false));
    }
}
