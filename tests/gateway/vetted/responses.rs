//! What a response may be.

use strangler_fig::error::StoreError;
use strangler_fig::gateway::{Body, Fault, Request};

use super::answer;
use crate::support::{Side, gateway, get, request, response, whole};

#[tokio::test]
async fn a_101_is_no_answer() {
    for status in [100, 101, 103, 199] {
        let modern = Side::does(move |_| async move { Ok(response(status, "")) });
        let gateway = gateway(&Side::says("legacy"), &modern);
        let write = request("POST", "/").body(Body::empty()).unwrap();
        assert_eq!(gateway.handle(write).await.status(), 502);
        assert_eq!(whole(gateway.handle(get("/")).await).await.1, "legacy");
    }
}

#[tokio::test]
async fn a_malformed_response_is_a_502() {
    const MALFORMED: &[&[(&str, &str)]] = &[
        &[("content-length", "6"), ("content-length", "6")],
        &[("content-length", "6, 6")],
        &[("content-length", "+6")],
        &[("content-length", "7")],
        &[("content-length", "6"), ("transfer-encoding", "chunked")],
        &[("transfer-encoding", "gzip, chunked")],
        &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
    ];
    for headers in MALFORMED {
        let modern = Side::does(move |_| async move { Ok(answer(headers, Body::full("secret"))) });
        let gateway = gateway(&Side::fails(|| StoreError::unknown("reset")), &modern);
        let (status, text) = whole(gateway.handle(get("/")).await).await;
        assert_eq!((status, text), (502, Fault::NoAnswer.to_string()), "{headers:?}");
    }
    let huge = Side::does(|_| async {
        let mut response = answer(&[], Body::full("secret"));
        response.headers_mut().insert("x-huge", "x".repeat(64 * 1024).parse().unwrap());
        Ok(response)
    });
    assert_eq!(gateway(&huge, &huge).handle(get("/")).await.status(), 502);
    let well =
        Side::does(|_| async { Ok(answer(&[("content-length", "6")], Body::full("secret"))) });
    let response = gateway(&well, &well).handle(get("/")).await;
    assert_eq!(
        (response.status().as_u16(), response.headers().len()),
        (200, 0),
        "it is framed anew"
    );
}

#[tokio::test]
async fn a_length_stays_where_there_is_no_body() {
    let modern = Side::does(|request: Request| async move {
        let mut response = answer(&[("content-length", "1234")], Body::empty());
        if request.method() == http::Method::GET {
            *response.status_mut() = http::StatusCode::NOT_MODIFIED;
        }
        Ok(response)
    });
    let gateway = gateway(&Side::says("legacy"), &modern);
    for method in ["HEAD", "GET"] {
        let response = gateway.handle(request(method, "/").body(Body::empty()).unwrap()).await;
        assert_eq!(response.headers()["content-length"], "1234");
    }
}

/// Transports differ in what they make of one, and who reads on takes it for the next response.
#[tokio::test]
async fn a_body_where_none_may_be_goes_no_further() {
    for (method, status, length) in [
        ("HEAD", 200, Some("6")),
        ("GET", 204, None),
        ("POST", 204, None),
        ("GET", 205, None),
        ("GET", 304, None),
    ] {
        for is_stream in [false, true] {
            let modern = Side::does(move |_| async move {
                let full = Body::full("secret");
                let body = if is_stream { Body::stream(full) } else { full };
                Ok(http::Response::builder().status(status).body(body).unwrap())
            });
            let gateway = gateway(&Side::says("legacy"), &modern);
            let asked = request(method, "/").body(Body::empty()).unwrap();
            let response = gateway.handle(asked).await;
            let said = response.headers().get("content-length").map(|it| it.to_str().unwrap());
            assert_eq!(said, length, "{method} {status}");
            assert_eq!(whole(response).await, (status, String::new()), "{method} {status}");
        }
    }
    // Nor does one of the gateway's own.
    let gateway = gateway(&Side::says("legacy"), &Side::says("modern"));
    let refused = gateway.handle(request("HEAD", "//").body(Body::empty()).unwrap()).await;
    assert_eq!(whole(refused).await, (400, String::new()));
}
