use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;

use super::watch::Watch;

/// The body of a request or a response: bytes that are there, or that come.
///
/// ```
/// use http_body_util::BodyExt;
/// use strangler_fig::gateway::Body;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let body = Body::full("two pears");
/// let again = body.try_clone().expect("its bytes are there");
/// assert_eq!(body.collect().await?.to_bytes(), again.collect().await?.to_bytes());
/// # Ok(())
/// # }
/// ```
pub struct Body {
    kind: Kind,
    watch: Option<Box<Watch>>,
}

pub(super) enum Kind {
    /// Nothing once it was read.
    Full(Bytes),
    Stream(UnsyncBoxBody<Bytes, BodyError>),
}

/// Why a body has no end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// Its sender went away, sent what is no body, or panicked.
    #[error("the body was cut off")]
    CutOff,
    /// It is longer than is allowed.
    #[error("the body is longer than {0} bytes")]
    TooLong(u64),
    /// Nothing came for too long.
    #[error("nothing of the body came for {0:?}")]
    Stalled(std::time::Duration),
}

impl Body {
    const fn of(kind: Kind) -> Self {
        Self { kind, watch: None }
    }

    /// No bytes.
    #[must_use]
    pub const fn empty() -> Self {
        Self::of(Kind::Full(Bytes::new()))
    }

    /// These bytes.
    #[must_use]
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self::of(Kind::Full(bytes.into()))
    }

    /// What another body brings; its errors mean that it was cut off. One that has ended is empty, and one that
    /// is a `Body` already is passed on as it is.
    #[must_use]
    pub fn from_http<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
    {
        if body.is_end_stream() {
            return Self::empty();
        }
        let mut body = Some(body);
        if let Some(own) = (&mut body as &mut dyn Any).downcast_mut::<Option<Self>>() {
            let own = own.take().unwrap_or_default();
            // One that another gateway watches goes on being watched by that, within what is watched here.
            return if own.watch.is_none() { own } else { Self::stream(own) };
        }
        match body {
            Some(body) => {
                Self::of(Kind::Stream(body.map_err(|_| BodyError::CutOff).boxed_unsync()))
            }
            None => Self::empty(),
        }
    }

    /// What another body of this crate's errors brings.
    #[must_use]
    pub fn stream<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes, Error = BodyError> + Send + 'static,
    {
        Self::of(Kind::Stream(body.boxed_unsync()))
    }

    /// The same once more, if its bytes are there.
    #[must_use]
    pub fn try_clone(&self) -> Option<Self> {
        match &self.kind {
            Kind::Full(bytes) if self.watch.is_none() => Some(Self::full(bytes.clone())),
            _ => None,
        }
    }

    /// Whether its bytes are still to come.
    pub(crate) const fn is_stream(&self) -> bool {
        matches!(self.kind, Kind::Stream(_))
    }

    /// Has what is still to come be as long as its head says, if that says it: less or more of it was cut off.
    pub(super) fn keep_to(&mut self, length: Option<u64>) {
        if let Some(length) = length.filter(|_| self.is_stream()) {
            self.watch().exactly(length);
        }
    }

    /// What looks at it as it passes.
    pub(super) fn watch(&mut self) -> &mut Watch {
        self.watch.get_or_insert_default()
    }
}

impl Kind {
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self {
            Self::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Stream(body) => {
                let poll = || Pin::new(body).poll_frame(context);
                catch_unwind(AssertUnwindSafe(poll)).unwrap_or_else(|_panic| {
                    *self = Self::Stream(Broken.boxed_unsync());
                    Poll::Ready(Some(Err(BodyError::CutOff)))
                })
            }
        }
    }

    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Full(bytes) => bytes.is_empty(),
            Self::Stream(body) => body.is_end_stream(),
        }
    }
}

/// What is left of a body that has panicked.
struct Broken;

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(Some(Err(BodyError::CutOff)))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Self { kind, watch } = &mut *self;
        match watch {
            None => kind.poll(context),
            Some(watch) => watch.poll(kind, context),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.kind.is_over() && self.watch.as_ref().is_none_or(|watch| watch.is_content())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(body) => body.size_hint(),
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::full(bytes)
    }
}

/// Its length only: what is in it is nobody else's affair.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.size_hint().exact() {
            Some(length) => write!(f, "Body({length} bytes)"),
            None => write!(f, "Body(a stream)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_that_another_gateway_watches_goes_on_being_watched_by_it() {
        let mut inner = Body::stream(Body::full("two pears"));
        inner.watch().limit(4);
        let outer = Body::from_http(inner);
        assert!(outer.watch.is_none(), "what is watched here is watched besides");
        assert_eq!(outer.collect().await.unwrap_err(), BodyError::TooLong(4));
        let plain = Body::from_http(Body::full("two pears"));
        assert!(plain.try_clone().is_some(), "and its bytes are there");
    }
}
