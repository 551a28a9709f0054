use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::gateway::{Body, BodyError};

/// What is done when a body has ended: with its bytes, or with nothing if it was longer than the cap, was cut
/// off, or was given up by who read it.
type AtEnd = Box<dyn FnOnce(Option<Bytes>) + Send>;

/// A body that keeps what goes by. Nobody waits for it: frames are passed on as they come.
pub(super) struct Tee {
    body: Body,
    kept: Kept,
    length: usize,
    length_max: usize,
    /// Its length, where that is known from the start: who reads by length may never ask for the end.
    exact: Option<u64>,
    at_end: Option<AtEnd>,
}

impl Tee {
    pub(super) fn new(
        body: Body,
        length_max: usize,
        at_end: impl FnOnce(Option<Bytes>) + Send + 'static,
    ) -> Self {
        let exact = body.size_hint().exact();
        let at_end: Option<AtEnd> = Some(Box::new(at_end));
        Self { body, kept: Kept::default(), length: 0, length_max, exact, at_end }
    }

    fn keep(&mut self, data: &Bytes) {
        if self.at_end.is_none() {
            return;
        }
        self.length += data.len();
        if self.length > self.length_max {
            self.end(false);
        } else {
            self.kept.add(data, self.length_max);
        }
    }

    /// Once.
    fn end(&mut self, is_whole: bool) {
        let kept = std::mem::take(&mut self.kept);
        if let Some(at_end) = self.at_end.take() {
            at_end(is_whole.then(|| kept.0.into()));
        }
    }
}

/// What has gone by: a copy, for a frame may be a byte of a large buffer of its connection. It grows by doubling, and
/// never beyond the cap.
#[derive(Default)]
struct Kept(Vec<u8>);

impl Kept {
    /// `length_max` is not less than all that is added.
    fn add(&mut self, data: &[u8], length_max: usize) {
        let length = self.0.len() + data.len();
        if length > self.0.capacity() {
            let room = length.max(2 * self.0.capacity()).min(length_max);
            self.0.reserve_exact(room - self.0.len());
        }
        self.0.extend_from_slice(data);
    }
}

impl HttpBody for Tee {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.keep(data);
                }
                if self.body.is_end_stream() {
                    self.end(true);
                }
            }
            Some(Err(_)) => self.end(false),
            None => self.end(true),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        self.end(self.exact == Some(self.length as u64));
    }
}

impl fmt::Debug for Tee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tee").field("body", &self.body).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_takes_no_more_room_than_the_cap() {
        let mut kept = Kept::default();
        let mut grown = 0;
        for length in 1..=1_000 {
            let before = kept.0.capacity();
            kept.add(b"a", 1_000);
            grown += usize::from(kept.0.capacity() != before);
            assert!(kept.0.capacity() <= (2 * length).min(1_000), "of {length} bytes");
        }
        assert_eq!((kept.0.len(), grown), (1_000, 11), "and is not copied for each byte");
    }
}
