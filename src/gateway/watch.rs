//! Bodies that are looked at as they pass: their length, their pauses, their end.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use tokio::time::{Instant, Sleep};

use super::BodyError;
use super::body::Kind;
use super::flight::Place;
use super::hop::clean_trailers;
use super::upload::Uploading;

/// What looks at a body.
#[derive(Default)]
pub(super) struct Watch {
    /// How many bytes it may have.
    most: Option<u64>,
    /// How many it has, by its head.
    exact: Option<u64>,
    /// How many have passed.
    passed: u64,
    idle: Option<Idle>,
    upload: Option<Uploading>,
    /// It is given back with its end.
    place: Option<Place>,
    /// Said again to whoever asks again: what was cut off never ends well.
    failed: Option<BodyError>,
}

impl Watch {
    pub(super) const fn limit(&mut self, most: u64) -> &mut Self {
        self.most = Some(most);
        self
    }

    /// It has so many bytes, or was cut off.
    pub(super) const fn exactly(&mut self, bytes: u64) -> &mut Self {
        self.exact = Some(bytes);
        self
    }

    /// Whoever waits for a frame waits so long, and until `end` for the last one.
    pub(super) fn idle(&mut self, after: Duration, end: Option<Instant>) -> &mut Self {
        self.idle = Some(Idle { after, end, began: None, sleep: None });
        self
    }

    pub(super) fn upload(&mut self, upload: Uploading) -> &mut Self {
        self.upload = Some(upload);
        self
    }

    /// Holds a place until the body has ended, or was given up.
    pub(super) fn place(&mut self, place: Place) -> &mut Self {
        self.place = Some(place);
        self
    }

    /// Whether a body that has ended has done so well.
    pub(super) fn is_content(&self) -> bool {
        self.failed.is_none() && self.is_whole()
    }

    fn is_whole(&self) -> bool {
        self.exact.is_none_or(|exact| self.passed == exact)
    }

    pub(super) fn poll(
        &mut self,
        kind: &mut Kind,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(error) = &self.failed {
            return Poll::Ready(Some(Err(error.clone())));
        }
        match kind.poll(context) {
            Poll::Pending => {
                if let Some(idle) = &mut self.idle {
                    if idle.poll(context).is_ready() {
                        let error = BodyError::Stalled(idle.after);
                        return self.fails(error);
                    }
                }
                if let Some(upload) = &self.upload {
                    upload.waits_for_client();
                }
                Poll::Pending
            }
            Poll::Ready(None) if !self.is_whole() => self.fails(BodyError::CutOff),
            Poll::Ready(None) => {
                self.ends();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => self.fails(error),
            Poll::Ready(Some(Ok(frame))) => self.passes(frame, kind),
        }
    }

    fn passes(
        &mut self,
        frame: Frame<Bytes>,
        kind: &Kind,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(idle) = &mut self.idle {
            idle.began = None;
        }
        let frame = match frame.into_data() {
            Ok(data) => {
                self.passed = self.passed.saturating_add(data.len() as u64);
                if let Some(most) = self.most.filter(|most| self.passed > *most) {
                    return self.fails(BodyError::TooLong(most));
                }
                if self.exact.is_some_and(|exact| self.passed > exact) {
                    return self.fails(BodyError::CutOff);
                }
                Frame::data(data)
            }
            Err(frame) => match frame.into_trailers() {
                Ok(mut trailers) => {
                    clean_trailers(&mut trailers);
                    Frame::trailers(trailers)
                }
                Err(unknown) => unknown,
            },
        };
        if let Some(upload) = &self.upload {
            upload.handed_over();
        }
        // A reader may look at `is_end_stream`, and ask no more.
        if kind.is_over() && self.is_whole() {
            self.ends();
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn ends(&mut self) {
        self.upload = None;
        self.place = None;
    }

    fn fails(&mut self, error: BodyError) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.failed = Some(error.clone());
        self.place = None;
        if let Some(upload) = self.upload.take() {
            upload.failed(error.clone());
        }
        Poll::Ready(Some(Err(error)))
    }
}

struct Idle {
    after: Duration,
    end: Option<Instant>,
    /// When the reader began to wait for the next frame.
    began: Option<Instant>,
    /// It is left as it stands by frames, and looked at again when it has run out: bodies of many frames set one
    /// timer.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Idle {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let began = *self.began.get_or_insert_with(Instant::now);
        let limit = match (began.checked_add(self.after), self.end) {
            (Some(idle), Some(end)) => idle.min(end),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => return Poll::Pending,
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(limit)));
        loop {
            std::task::ready!(sleep.as_mut().poll(context));
            if sleep.deadline() >= limit {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(limit);
        }
    }
}
