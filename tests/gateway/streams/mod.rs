//! Bodies that come as they are sent, both ways.

mod bounded;
mod breakers;
mod cut;
mod passed;
mod times;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::{Body, BodyError, Request, Response};
use tokio::sync::mpsc;

use crate::support::{Side, request};

type Piece = Result<Frame<Bytes>, BodyError>;

/// A body whose pieces a test sends.
struct Pipe {
    pieces: mpsc::Receiver<Piece>,
    hint: SizeHint,
}

impl HttpBody for Pipe {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Piece>> {
        self.pieces.poll_recv(context)
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

fn pipe() -> (mpsc::Sender<Piece>, Body) {
    let (sender, pieces) = mpsc::channel(1);
    (sender, Body::stream(Pipe { pieces, hint: SizeHint::default() }))
}

fn pipe_of(length: u64) -> (mpsc::Sender<Piece>, Body) {
    let (sender, pieces) = mpsc::channel(1);
    (sender, Body::stream(Pipe { pieces, hint: SizeHint::with_exact(length) }))
}

/// One that says no more of its length than this.
fn pipe_up_to(length: u64) -> (mpsc::Sender<Piece>, Body) {
    let (sender, pieces) = mpsc::channel(1);
    let mut hint = SizeHint::default();
    hint.set_upper(length);
    (sender, Body::stream(Pipe { pieces, hint }))
}

#[expect(clippy::unnecessary_wraps, reason = "a piece is what a body has come to")]
fn data(text: &'static str) -> Piece {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

fn upload(body: Body) -> Request {
    request("POST", "/").body(body).unwrap()
}

/// Reads a request to its end, and says what came of that.
fn reader() -> Arc<Side> {
    Side::does(|request: Request| async {
        match request.into_body().collect().await {
            Ok(body) => Ok(Response::new(Body::full(body.to_bytes()))),
            Err(error) => Err(StoreError::unknown(error)),
        }
    })
}
