use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use strangler_fig::error::{StoreError, StoreErrorKind};
use tracing::warn;

/// Why a request is not answered as it was meant.
#[derive(Debug)]
pub enum Answer {
    /// It makes no sense: `400`.
    Wrong(String),
    /// It is not there: `404`.
    Missing,
    /// It is there, and is another: `409`.
    Other,
    /// It may be asked again: `503`.
    Later(StoreError),
}

impl From<StoreError> for Answer {
    fn from(error: StoreError) -> Self {
        match error.kind() {
            StoreErrorKind::Rejected => Self::Wrong("the database refuses it".to_owned()),
            _ => Self::Later(error),
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
                (StatusCode::SERVICE_UNAVAILABLE, "not now".to_owned())
            }
        };
        (status, Json(json!({ "error": why }))).into_response()
    }
}
