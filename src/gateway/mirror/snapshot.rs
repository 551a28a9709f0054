use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::gateway::{Body, Response};

/// A response that was kept whole, to be compared.
///
/// ```
/// use strangler_fig::gateway::Snapshot;
///
/// let gone = Snapshot::of(404, "no such order");
/// assert_eq!((gone.status.as_u16(), gone.body.len()), (404, 13));
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, whole, without trailers. What is longer than a mirror keeps is never compared.
    pub body: Bytes,
}

/// Why a response is not there whole.
#[derive(Debug)]
pub(super) enum Unread {
    TooLong,
    CutOff,
}

impl Snapshot {
    /// A response without headers. A status that is none counts as 500.
    #[must_use]
    pub fn of(status: u16, body: impl Into<Bytes>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, headers: HeaderMap::new(), body: body.into() }
    }

    /// Reads a response to its end.
    pub(super) async fn read(response: Response, body_max: usize) -> Result<Self, Unread> {
        let (head, body) = response.into_parts();
        let (status, headers) = (head.status, head.headers);
        match Limited::<Body>::new(body, body_max).collect().await {
            Ok(body) => Ok(Self { status, headers, body: body.to_bytes() }),
            Err(error) if error.is::<LengthLimitError>() => Err(Unread::TooLong),
            Err(_) => Err(Unread::CutOff),
        }
    }
}

/// Its length only: what is in it is nobody else's affair.
impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshot({}, {} bytes)", self.status, self.body.len())
    }
}
