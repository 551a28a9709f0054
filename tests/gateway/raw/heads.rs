//! What a head is made of.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::net::{Server, exchange, front, rest, statuses};

async fn refused(bytes: impl AsRef<[u8]>, allowed: &[u16]) {
    let (legacy, modern) = (Server::start("legacy").await, Server::start("modern").await);
    let front = front(legacy.address, modern.address).await;
    let back = exchange(front, &bytes).await;
    let text = String::from_utf8_lossy(bytes.as_ref()).into_owned();
    assert!(matches!(statuses(&back)[..], [one] if allowed.contains(&one)), "{text:?}: {back:?}");
    assert!(legacy.is_untouched() && modern.is_untouched(), "{text:?}");
    let body = back.split("\r\n\r\n").nth(1).unwrap_or_default();
    assert!(!body.contains("evil"), "no answer repeats what was sent");
}

fn get(headers: &str) -> String {
    format!("GET /orders HTTP/1.1\r\nHost: shop.example\r\n{headers}\r\n\r\n")
}

#[tokio::test]
async fn no_control_reaches_an_upstream() {
    for byte in ["\r", "\0", "\u{1}", "\u{8}", "\u{b}", "\u{1f}", "\u{7f}"] {
        refused(get(&format!("X-A: b{byte}c")), &[400]).await;
        refused(get(&format!("X-A: b{byte}")), &[400]).await;
        refused(get(&format!("X{byte}A: b")), &[400]).await;
        refused(format!("GET /or{byte}ders HTTP/1.1\r\nHost: shop.example\r\n\r\n"), &[400]).await;
        refused(format!("G{byte}T / HTTP/1.1\r\nHost: shop.example\r\n\r\n"), &[400]).await;
    }
}

#[tokio::test]
async fn a_folded_header_is_refused() {
    refused(get("X-A: b\r\n c"), &[400]).await;
    refused(get("X-A: b\r\n\tTransfer-Encoding: chunked"), &[400]).await;
    refused("GET / HTTP/1.1\r\n Host: evil\r\nHost: shop.example\r\n\r\n", &[400]).await;
}

#[tokio::test]
async fn a_space_before_the_colon_is_refused() {
    refused(get("X-A : b"), &[400]).await;
    refused(get("Transfer-Encoding : chunked"), &[400]).await;
    refused(get("Content-Length\t: 5"), &[400]).await;
    refused(get(": b"), &[400]).await;
    refused(get("X(A): b"), &[400]).await;
    refused(get("no colon"), &[400]).await;
    refused(get("\u{e9}: b"), &[400]).await;
}

#[tokio::test]
async fn a_request_has_one_host() {
    for hosts in [
        "",
        "Host: a\r\nHost: b\r\n",
        "Host: a\r\nHost: a\r\n",
        "Host: \r\n",
        "Host: a b\r\n",
        "Host: evil@shop\r\n",
    ] {
        refused(format!("GET / HTTP/1.1\r\n{hosts}\r\n"), &[400]).await;
    }
    refused("GET / HTTP/1.0\r\n\r\n", &[400]).await;
}

#[tokio::test]
async fn an_absolute_target_chooses_nothing() {
    refused("GET http://evil/ HTTP/1.1\r\nHost: shop.example\r\n\r\n", &[400]).await;
    refused("GET ftp://shop.example/ HTTP/1.1\r\nHost: shop.example\r\n\r\n", &[400]).await;
    let (legacy, modern) = (Server::start("legacy").await, Server::start("modern").await);
    let front = front(legacy.address, modern.address).await;
    let own =
        "GET http://shop.example/x HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n";
    assert_eq!(statuses(&exchange(front, own).await), [200]);
    let read = modern.only();
    assert_eq!(
        (read.target.as_str(), read.headers["host"].to_str().unwrap()),
        ("/x", "shop.example")
    );
    assert_eq!(read.method, "GET");
}

#[tokio::test]
async fn connect_and_trace_are_refused() {
    refused("CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n", &[405]).await;
    refused("TRACE / HTTP/1.1\r\nHost: shop.example\r\n\r\n", &[405]).await;
    refused("GET * HTTP/1.1\r\nHost: shop.example\r\n\r\n", &[400]).await;
    refused("GET shop.example:80 HTTP/1.1\r\nHost: shop.example:80\r\n\r\n", &[400]).await;
    refused("GET orders HTTP/1.1\r\nHost: shop.example\r\n\r\n", &[400]).await;
    refused("GET /%2e%2e/admin HTTP/1.1\r\nHost: shop.example\r\n\r\n", &[400]).await;
    refused("GET /a/..;/admin HTTP/1.1\r\nHost: shop.example\r\n\r\n", &[400]).await;
}

#[tokio::test]
async fn what_is_asked_of_a_server_as_a_whole_is_passed_on_as_that() {
    let (legacy, modern) = (Server::start("legacy").await, Server::start("modern").await);
    let front = front(legacy.address, modern.address).await;
    let asked = "OPTIONS * HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n";
    assert_eq!(statuses(&exchange(front, asked).await), [200]);
    let read = legacy.only();
    assert_eq!((read.method.as_str(), read.target.as_str()), ("OPTIONS", "*"));
}

/// Whoever asks by HTTP/1.0 is answered by it: no chunks, and an end.
#[tokio::test]
async fn an_old_client_is_answered_in_its_own_way() {
    let modern = super::net::says(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nmodern\r\n0\r\n\r\n",
    )
    .await;
    let front = front(modern, modern).await;
    let back = exchange(front, "GET / HTTP/1.0\r\nHost: shop.example\r\n\r\n").await;
    assert!(back.ends_with("\r\n\r\nmodern") && !back.contains("chunked"), "{back:?}");
}

#[tokio::test]
async fn a_line_that_is_none_is_refused() {
    for line in [
        "GET /",
        "GET / HTTP/2.0",
        "GET / HTTP/1.2",
        "GET  / HTTP/1.1",
        "/ GET HTTP/1.1",
        "GET / HTTP/1.1 x",
        "G@T / HTTP/1.1",
        "GET / http/1.1",
    ] {
        refused(format!("{line}\r\nHost: shop.example\r\n\r\n"), &[400, 505]).await;
    }
    // What speaks another protocol is told so, or cut off.
    let (legacy, modern) = (Server::start("legacy").await, Server::start("modern").await);
    let front = front(legacy.address, modern.address).await;
    for bytes in
        [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], b"\x16\x03\x01\x00\xa5\x01", b"\0\0\0\0"]
    {
        assert!(!statuses(&exchange(front, bytes).await).contains(&200));
    }
    assert!(legacy.is_untouched() && modern.is_untouched());
}

#[tokio::test]
async fn an_upgrade_is_not_passed_on() {
    let (legacy, modern) = (Server::start("legacy").await, Server::start("modern").await);
    let front = front(legacy.address, modern.address).await;
    let upgrade = get(
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
    );
    assert_eq!(statuses(&exchange(front, upgrade).await), [200]);
    let headers = modern.only().headers;
    for name in ["connection", "upgrade", "http2-settings"] {
        assert!(!headers.contains_key(name), "{headers:?}");
    }
}

#[tokio::test]
async fn who_expects_100_continue_is_told_to() {
    let (legacy, modern) = (Server::start("legacy").await, Server::start("modern").await);
    let front = front(legacy.address, modern.address).await;
    let mut stream = TcpStream::connect(front).await.unwrap();
    let head = "POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(statuses(&rest(&mut stream).await), [100]);
    stream.write_all(b"ab").await.unwrap();
    assert_eq!(statuses(&rest(&mut stream).await), [200]);
    let read = modern.only();
    assert_eq!((read.body.as_deref(), read.headers.contains_key("expect")), (Some("ab"), false));
}

#[tokio::test]
async fn slow_heads_end() {
    let (legacy, modern) = (Server::start("legacy").await, Server::start("modern").await);
    let front = front(legacy.address, modern.address).await;
    let mut stream = TcpStream::connect(front).await.unwrap();
    let began = Instant::now();
    for byte in get("X-A: b").bytes() {
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(began.elapsed() < Duration::from_secs(5), "the connection was ended");
    assert!(!statuses(&rest(&mut stream).await).contains(&200));
    assert!(legacy.is_untouched() && modern.is_untouched());
}

#[tokio::test]
async fn the_address_is_that_of_the_connection() {
    let (legacy, modern) = (Server::start("legacy").await, Server::start("modern").await);
    let front = front(legacy.address, modern.address).await;
    exchange(front, get("X-Forwarded-For: 10.0.0.1\r\nConnection: close")).await;
    assert_eq!(modern.only().headers["x-forwarded-for"], "127.0.0.1");
}
