//! Where a request came from: what is believed of it, and what is passed on.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue};

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FROM_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const UNKNOWN: &[u8] = b"unknown";
/// The most bytes of an address.
const ADDRESS_MAX: usize = 45;

/// Who asks: the peer, or, if that is a trusted proxy, the last one in its list who is none. Nobody, if what it
/// says there cannot be read: then a client is not taken for its proxy.
pub(super) fn client(
    headers: &HeaderMap,
    peer: Option<IpAddr>,
    is_trusted: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let mut client = peer?;
    if !is_trusted(client) {
        return Some(client);
    }
    let values = headers.get_all(FOR).iter().rev().map(|value| value.to_str().unwrap_or_default());
    for hop in values.flat_map(|value| value.rsplit(',')) {
        client = read(hop.trim())?.to_canonical();
        if !is_trusted(client) {
            break;
        }
    }
    Some(client)
}

/// An address, with a port or without: some proxies write the one, some the other.
fn read(hop: &str) -> Option<IpAddr> {
    let parsed = hop.parse().or_else(|_| hop.parse().map(|address: SocketAddr| address.ip()));
    let bare = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    parsed.ok().or_else(bare)
}

/// Says who has sent a request, what host it is for, and how it came; what a proxy that is trusted has said of
/// that stays.
pub(super) fn tell(
    headers: &mut HeaderMap,
    peer: Option<IpAddr>,
    trusted: bool,
    scheme: &'static str,
) {
    match peer {
        Some(peer) => {
            let list = if trusted { extended(headers, peer) } else { of_address(peer) };
            headers.insert(FOR, list);
        }
        None => drop(headers.remove(FOR)),
    }
    let is_told = |headers: &HeaderMap, name| trusted && headers.get_all(name).iter().count() == 1;
    if !is_told(headers, FROM_HOST) {
        match headers.get(HOST).cloned() {
            Some(host) => drop(headers.insert(FROM_HOST, host)),
            None => drop(headers.remove(FROM_HOST)),
        }
    }
    if !is_told(headers, PROTO) {
        headers.insert(PROTO, HeaderValue::from_static(scheme));
    }
}

/// An address as text, in `room`.
fn spelled(address: IpAddr, room: &mut [u8; ADDRESS_MAX]) -> &[u8] {
    let mut rest = &mut room[..];
    let written = write!(rest, "{address}");
    let length = ADDRESS_MAX - rest.len();
    if written.is_ok() { &room[..length] } else { UNKNOWN }
}

/// An address as a value.
fn of_address(address: IpAddr) -> HeaderValue {
    let mut room = [0; ADDRESS_MAX];
    HeaderValue::from_bytes(spelled(address, &mut room)).expect("an address is text")
}

/// The list of a proxy, and the proxy itself: one allocation.
fn extended(headers: &HeaderMap, peer: IpAddr) -> HeaderValue {
    let mut room = [0; ADDRESS_MAX];
    let own = spelled(peer, &mut room);
    let text = |value: &'_ HeaderValue| value.to_str().map_or(UNKNOWN.len(), str::len);
    let length: usize = headers.get_all(FOR).iter().map(|value| text(value) + 2).sum();
    let mut list = Vec::with_capacity(length + own.len());
    for value in headers.get_all(FOR) {
        list.extend_from_slice(value.to_str().map_or(UNKNOWN, str::as_bytes));
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(own);
    HeaderValue::from_maybe_shared(Bytes::from(list)).expect("texts and commas are text")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[&'static str]) -> HeaderMap {
        list.iter().map(|value| (FOR, HeaderValue::from_static(value))).collect()
    }

    fn ours(address: IpAddr) -> bool {
        address.to_string().starts_with("10.")
    }

    fn seen(peer: &str, list: &[&'static str]) -> String {
        client(&headers(list), Some(peer.parse().unwrap()), ours).unwrap().to_string()
    }

    #[test]
    fn a_stranger_is_who_its_connection_says() {
        assert_eq!(seen("192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(client(&headers(&["10.0.0.1"]), None, ours), None);
    }

    #[test]
    fn every_address_has_room() {
        for address in [
            "255.255.255.255",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "::ffff:255.255.255.255",
            "::",
        ] {
            assert_eq!(of_address(address.parse().unwrap()), address);
        }
    }

    #[test]
    fn a_proxy_s_client_is_the_last_who_is_no_proxy() {
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, 192.0.2.9, 10.0.0.2"]), "192.0.2.9");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1", "192.0.2.9"]), "192.0.2.9");
        assert_eq!(seen("10.0.0.1", &["::ffff:10.0.0.2"]), "10.0.0.2");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn an_address_may_have_a_port() {
        for (hop, address) in [
            ("192.0.2.9:51234", "192.0.2.9"),
            ("[2001:db8::9]:51234", "2001:db8::9"),
            ("[2001:db8::9]", "2001:db8::9"),
            ("2001:db8::9", "2001:db8::9"),
            ("192.0.2.9:1, 10.0.0.2:2", "192.0.2.9"),
            ("[::ffff:192.0.2.9]:1", "192.0.2.9"),
        ] {
            assert_eq!(seen("10.0.0.1", &[hop]), address);
        }
    }

    #[test]
    fn what_cannot_be_read_is_nobody_and_not_the_proxy() {
        for hop in [
            "unknown",
            "_hidden",
            "",
            "192.0.2.9, junk, 10.0.0.3",
            "192.0.2.9:",
            "192.0.2.9:x",
            "192.0.2.9:99999",
            "[192.0.2.9]",
            "2001:db8::9]",
            "fe80::1%eth0",
            "\"192.0.2.9\"",
            "192.0.2.9,",
        ] {
            let peer = Some("10.0.0.1".parse().unwrap());
            assert_eq!(client(&headers(&[hop]), peer, ours), None, "{hop:?}");
        }
    }
}
