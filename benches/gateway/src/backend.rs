//! A service: a small page, a large one, and whatever is posted to it.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;

use crate::error::Failure;
use crate::serve;

/// The page that everybody asks for; its service's name begins it.
pub(crate) const PAGE: &str = "/page";
/// One that slow readers ask for.
pub(crate) const LARGE: &str = "/large";
/// Where what is posted comes back while it comes.
pub(crate) const ECHO: &str = "/echo";
/// Where it comes back when all of it is there.
pub(crate) const HOLD: &str = "/hold";
/// How many pages were answered since the start.
pub(crate) const COUNT: &str = "/count";
/// How long the large page is.
const LARGE_BYTES: usize = 256 * 1_024;

/// What is answered: bytes that are there, or those that were sent.
type Answer = Response<Either<Full<Bytes>, Incoming>>;

/// The body of a service's page: 200 bytes.
pub(crate) fn page(name: &str) -> String {
    let mut page = format!("{name} says hello. ");
    while page.len() < 200 {
        page.push_str("And fills its page. ");
    }
    page.truncate(200);
    page
}

/// Serves until the process ends.
pub(crate) fn run(name: &str, port: &str) -> Result<(), Failure> {
    let (port, service) = (port.parse()?, Arc::new(Pages::of(name)));
    serve::run(serve::serve(port, |_| {
        let service = Arc::clone(&service);
        service_fn(move |request| {
            let service = Arc::clone(&service);
            async move { Ok::<_, Infallible>(service.answer(request).await) }
        })
    }))
}

struct Pages {
    page: Bytes,
    large: Bytes,
    answered: AtomicU64,
}

impl Pages {
    fn of(name: &str) -> Self {
        let large = page(name).repeat(LARGE_BYTES / 200).into();
        Self { page: page(name).into(), large, answered: AtomicU64::new(0) }
    }

    async fn answer(&self, request: Request<Incoming>) -> Answer {
        match (request.method(), request.uri().path()) {
            (&Method::GET, PAGE) => {
                self.answered.fetch_add(1, Ordering::Relaxed);
                whole(self.page.clone())
            }
            (&Method::GET, LARGE) => whole(self.large.clone()),
            (&Method::GET, COUNT) => {
                whole(self.answered.load(Ordering::Relaxed).to_string().into())
            }
            (&Method::POST, HOLD) => match request.into_body().collect().await {
                Ok(body) => whole(body.to_bytes()),
                // Nobody is there to be told.
                Err(_) => whole(Bytes::new()),
            },
            (&Method::POST, ECHO) => Response::new(Either::Right(request.into_body())),
            _ => {
                let mut nothing = whole(Bytes::new());
                *nothing.status_mut() = StatusCode::NOT_FOUND;
                nothing
            }
        }
    }
}

fn whole(bytes: Bytes) -> Answer {
    Response::new(Either::Left(Full::new(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_begins_with_the_name_of_its_service() {
        assert!(page("modern").starts_with("modern ") && page("modern").len() == 200);
    }
}
