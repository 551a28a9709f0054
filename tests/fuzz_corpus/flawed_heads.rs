//! Flawed gateways, each with a mistake that somebody could make.

use http::HeaderValue;
use http::header::{CONNECTION, CONTENT_LENGTH, COOKIE, HOST};
use strangler_fig::gateway::{Limits, Request, vet};

use crate::corpus::found_out;
use crate::heads::check_with;

/// What it does right, if not named here.
fn without(kept: &[&str], request: &mut Request) {
    let options = request.headers().get_all(CONNECTION).iter().filter_map(|it| it.to_str().ok());
    let options: Vec<_> = options.flat_map(|it| it.split(',')).map(str::trim).collect();
    let named = options.iter().map(|it| it.to_ascii_lowercase());
    let named: Vec<_> = named.filter(|_| !kept.contains(&"connection")).collect();
    let foreign = [
        "client-ip",
        "connection",
        "content-length",
        "expect",
        "forwarded",
        "keep-alive",
        "te",
        "transfer-encoding",
        "true-client-ip",
        "upgrade",
        "x-canary",
        "x-canary-key",
        "x-client-ip",
        "x-host",
        "x-real-ip",
    ];
    let begins = ["strangler-", "proxy-", "x-original-", "x-rewrite-", "x-forwarded"];
    let is_foreign = |name: &str| {
        !kept.contains(&name) && foreign.contains(&name)
            || begins.iter().any(|beginning| name.starts_with(beginning))
            || named.iter().any(|one| one == name)
    };
    let foreign = request.headers().keys().filter(|name| is_foreign(name.as_str())).cloned();
    for name in foreign.collect::<Vec<_>>() {
        request.headers_mut().remove(name);
    }
    request.headers_mut().remove(CONNECTION);
    let cookies: Vec<_> = request.headers().get_all(COOKIE).iter().cloned().collect();
    if let (Some(first), true) = (cookies.first(), !kept.contains(&"cookie")) {
        request.headers_mut().insert(COOKIE, first.clone());
    }
}

/// What is let in is sent on after this was done with it.
fn flawed(change: impl Fn(&mut Request)) -> usize {
    flawed_in(&[], change)
}

fn keeps(names: &[&str]) -> usize {
    flawed_in(names, |_| {})
}

fn flawed_in(kept: &[&str], change: impl Fn(&mut Request)) -> usize {
    let sent = |mut request: Request| {
        vet(&request, &Limits::default()).ok()?;
        let path = request.uri().path_and_query().cloned();
        if let (Some(authority), None) = (request.uri().authority(), request.headers().get(HOST)) {
            let host = HeaderValue::from_str(authority.as_str()).ok()?;
            request.headers_mut().insert(HOST, host);
        }
        *request.uri_mut() = path?.into();
        without(kept, &mut request);
        request.headers_mut().insert("x-forwarded-for", HeaderValue::from_static("192.0.2.1"));
        change(&mut request);
        Some(request)
    };
    found_out("heads", |bytes| check_with(sent, bytes))
}

#[test]
fn a_sound_one_is_not_found_out() {
    assert_eq!(flawed(|_| {}), 0);
}

#[test]
fn one_that_keeps_the_length_is_found_out() {
    let keeps = |request: &mut Request| {
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("5"));
    };
    assert!(flawed(keeps) > 0);
}

#[test]
fn one_that_passes_a_mark_or_a_connection_on_is_found_out() {
    let marks = |request: &mut Request| {
        request.headers_mut().insert("strangler-stamp", HeaderValue::from_static("forged"));
    };
    let keeps = |request: &mut Request| {
        request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    };
    assert!(flawed(marks) > 0 && flawed(keeps) > 0);
}

#[test]
fn one_that_believes_strangers_or_loses_the_host_is_found_out() {
    let believes = |request: &mut Request| {
        request.headers_mut().insert("x-forwarded-for", HeaderValue::from_static("10.0.0.1"));
    };
    let loses = |request: &mut Request| drop(request.headers_mut().remove(HOST));
    assert!(flawed(believes) > 0 && flawed(loses) > 0);
}

#[test]
fn one_that_keeps_what_a_connection_names_or_a_stranger_says_is_found_out() {
    for name in ["connection", "forwarded", "true-client-ip", "x-canary", "x-canary-key", "cookie"]
    {
        assert!(keeps(&[name]) > 0, "{name}");
    }
}

#[test]
fn one_that_looks_at_nothing_is_found_out() {
    assert!(found_out("heads", |bytes| check_with(Some, bytes)) > 20);
}
