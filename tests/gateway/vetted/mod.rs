//! What a head may be, whatever transport made it: nothing else reaches a side, and each refusal has its status.

mod framing;
mod hops;
mod limits;
mod origin;
mod responses;
mod targets;

use http::{HeaderName, HeaderValue};
use strangler_fig::gateway::{Body, Fault, Limits, Request, Response, vet};

use crate::support::{Side, get, told, whole};

fn vetted(request: &Request) -> Result<(), Fault> {
    vet(request, &Limits::default())
}

/// A request with these headers and no others but its host.
fn with(headers: &[(&str, &str)]) -> Request {
    let mut request = get("/orders");
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    request
}

/// A response with these headers.
fn answer(headers: &'static [(&'static str, &'static str)], body: Body) -> Response {
    let mut response = Response::new(body);
    for (name, value) in headers {
        response.headers_mut().append(*name, HeaderValue::from_static(value));
    }
    response
}

/// It is refused with this, and no side sees it.
async fn refused(request: Request, fault: Fault) {
    let what = format!("{request:?}");
    let (legacy, modern) = (Side::says("legacy"), Side::says("modern"));
    let (gateway, told) = told(&legacy, &modern);
    let response = gateway.handle(request).await;
    assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    let (status, text) = whole(response).await;
    assert_eq!((status, text), (fault.status().as_u16(), fault.to_string()), "{what}");
    assert_eq!((legacy.count(), modern.count()), (0, 0), "{what}");
    assert_eq!(told.refusals(), [fault.name()]);
}
