//! Where a body ends, and what is expected of it.

use http::Version;
use strangler_fig::gateway::{Body, Fault};

use super::{refused, vetted, with};
use crate::support::{Side, gateway, request};

#[tokio::test]
async fn content_length_and_transfer_encoding_reach_nobody_together() {
    let both = [("content-length", "0"), ("transfer-encoding", "chunked")];
    refused(with(&both), Fault::ContentLength).await;
}

#[tokio::test]
async fn a_content_length_is_one_number() {
    let other = "18446744073709551616";
    for length in ["5, 5", "+5", "5 ", "-0", "", "0x5", "5.0", "five", other, "\t0"] {
        refused(with(&[("content-length", length)]), Fault::ContentLength).await;
    }
    for lengths in [["0", "0"], ["0", "5"]] {
        refused(with(&lengths.map(|it| ("content-length", it))), Fault::ContentLength).await;
    }
    // It is that of the body.
    let says = |length: &str| {
        request("POST", "/").header("content-length", length).body(Body::full("12345")).unwrap()
    };
    assert_eq!(vetted(&says("5")), Ok(()));
    let modern = Side::says("modern");
    assert_eq!(gateway(&Side::says("legacy"), &modern).handle(says("5")).await.status(), 200);
    assert_eq!(modern.only().header("content-length"), None, "whoever sends it on frames it anew");
    for length in ["4", "6", "0"] {
        refused(says(length), Fault::ContentLength).await;
    }
}

#[tokio::test]
async fn only_chunked_once_is_a_transfer_encoding() {
    assert_eq!(vetted(&with(&[("transfer-encoding", "Chunked")])), Ok(()));
    for coding in ["gzip", "identity", "xchunked", "deflate"] {
        refused(with(&[("transfer-encoding", coding)]), Fault::TransferCoding).await;
    }
    for coding in
        ["chunked, chunked", "gzip, chunked", "chunked;a=b", "", "\"chunked\"", "chunked,"]
    {
        refused(with(&[("transfer-encoding", coding)]), Fault::TransferEncoding).await;
    }
    refused(with(&[("transfer-encoding", "chunked"); 2]), Fault::TransferEncoding).await;
    for version in [Version::HTTP_10, Version::HTTP_2] {
        let mut request = with(&[("transfer-encoding", "chunked")]);
        *request.version_mut() = version;
        refused(request, Fault::TransferEncoding).await;
    }
}

#[tokio::test]
async fn only_100_continue_is_expected() {
    refused(with(&[("expect", "the unexpected")]), Fault::Expectation).await;
    refused(with(&[("expect", "100-continue"), ("expect", "200-ok")]), Fault::Expectation).await;
    let modern = Side::says("modern");
    let gateway = gateway(&Side::says("legacy"), &modern);
    assert_eq!(gateway.handle(with(&[("expect", "100-Continue")])).await.status(), 200);
    assert_eq!(modern.only().header("expect"), None, "the transport has answered it");
}
