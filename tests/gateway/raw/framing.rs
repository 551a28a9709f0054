//! Where a request ends: one in is one out, or none.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::net::{Server, exchange, front, rest, statuses};

struct World {
    legacy: Server,
    modern: Server,
    front: std::net::SocketAddr,
}

async fn world() -> World {
    let (legacy, modern) = (Server::start("legacy").await, Server::start("modern").await);
    let front = front(legacy.address, modern.address).await;
    World { legacy, modern, front }
}

const GET: &str = "GET /smuggled HTTP/1.1\r\nHost: shop.example\r\n\r\n";

fn post(headers: &str, body: &str) -> String {
    format!("POST /orders HTTP/1.1\r\nHost: shop.example\r\n{headers}\r\n\r\n{body}")
}

/// It is answered with one of these and nothing else, and no side has read anything.
async fn refused(bytes: impl AsRef<[u8]>, allowed: &[u16]) {
    let world = world().await;
    let back = exchange(world.front, &bytes).await;
    let text = String::from_utf8_lossy(bytes.as_ref()).into_owned();
    let statuses = statuses(&back);
    assert!(statuses.len() == 1 && allowed.contains(&statuses[0]), "{text:?}: {back:?}");
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(world.legacy.is_untouched(), "{text:?}: {:?}", world.legacy.read());
    assert!(world.modern.is_untouched(), "{text:?}: {:?}", world.modern.read());
}

#[tokio::test]
async fn content_length_and_transfer_encoding_reach_nobody_together() {
    let world = world().await;
    for headers in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 100\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding:\tchunked\r\nContent-Length: 5",
    ] {
        let back = exchange(world.front, post(headers, &format!("0\r\n\r\n{GET}"))).await;
        assert!(!back.contains("smuggled"), "{headers:?}: {back:?}");
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    for read in world.modern.read().into_iter().chain(world.legacy.read()) {
        assert_eq!(read.target, "/orders", "nothing was smuggled");
        let both = ["content-length", "transfer-encoding"];
        assert!(!both.iter().all(|name| read.headers.contains_key(*name)), "{read:?}");
        assert_eq!(read.body.as_deref(), Some(""));
    }
}

#[tokio::test]
async fn a_content_length_is_one_number() {
    for headers in [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 5",
        "Content-Length: 5, 6",
        "Content-Length: +5",
        "Content-Length: -5",
        "Content-Length: 5 5",
        "Content-Length: 0x5",
        "Content-Length: 5.0",
        "Content-Length: ",
        "Content-Length: 18446744073709551616",
        "Content-Length: \u{0665}",
    ] {
        refused(post(headers, "12345"), &[400]).await;
    }
    // Twice the same reads as once by whoever reads it, or is refused; it is never passed on twice.
    let world = world().await;
    let twice = post("Content-Length: 5\r\nContent-Length: 5", "12345");
    let back = exchange(world.front, twice).await;
    match statuses(&back)[..] {
        [400] => assert!(world.modern.is_untouched()),
        _ => assert_eq!(world.modern.only().headers.get_all("content-length").iter().count(), 1),
    }
}

#[tokio::test]
async fn only_chunked_once_is_a_transfer_encoding() {
    for coding in [
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: \u{b}chunked",
        "Transfer-Encoding:",
    ] {
        refused(post(coding, &format!("0\r\n\r\n{GET}")), &[400, 501]).await;
    }
    let old = post("Transfer-Encoding: chunked", "0\r\n\r\n").replace("HTTP/1.1", "HTTP/1.0");
    let world = world().await;
    exchange(world.front, old).await;
    assert!(world.modern.is_untouched() && world.legacy.is_untouched());
}

#[tokio::test]
async fn a_bare_lf_never_splits_a_request() {
    for bytes in [
        "GET /one HTTP/1.1\nHost: shop.example\n\n".to_owned(),
        "GET /one HTTP/1.1\r\nHost: shop.example\n\r\n".to_owned(),
        format!("GET /one HTTP/1.1\r\nHost: shop.example\r\nX-A: b\n\n{GET}"),
        format!("GET /one HTTP/1.1\r\nHost: shop.example\r\nX-A: b\n\r\n{GET}"),
    ] {
        let world = world().await;
        let back = exchange(world.front, &bytes).await;
        let (said, read) = (statuses(&back), world.modern.read());
        // What it read as one request, it sent on as one, line ends and all made anew.
        let answered = said.iter().filter(|status| **status == 200).count();
        assert_eq!(answered, read.len(), "{bytes:?}: {back:?}");
        let one = ["/one", "/smuggled"];
        assert!(read.iter().map(|it| it.target.as_str()).eq(one.into_iter().take(answered)));
        assert!(read.iter().all(|it| it.headers.get("x-a").is_none_or(|value| value == "b")));
    }
    // In a chunk's size line it is none.
    for chunks in ["5\n12345\r\n0\r\n\r\n", "5\r\n12345\n0\r\n\r\n", "5;a\nb\r\n12345\r\n0\r\n\r\n"]
    {
        let world = world().await;
        let back = exchange(world.front, post("Transfer-Encoding: chunked", chunks)).await;
        assert!(!statuses(&back).contains(&200), "{chunks:?}: {back:?}");
        assert!(world.modern.read().iter().all(|read| read.body.is_none()), "{chunks:?}");
    }
}

#[tokio::test]
async fn a_cut_body_is_never_whole_upstream() {
    for (headers, body) in [
        ("Content-Length: 10", "12345"),
        ("Transfer-Encoding: chunked", "5\r\n12345\r\n"),
        ("Transfer-Encoding: chunked", "5\r\n123"),
        ("Transfer-Encoding: chunked", "5\r\n12345\r\n0\r\n"),
        ("Transfer-Encoding: chunked", "5\r\n12345\r\n0\r\nX-Half"),
    ] {
        let world = world().await;
        let mut stream = TcpStream::connect(world.front).await.unwrap();
        stream.write_all(post(headers, body).as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(stream);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(world.modern.read().iter().all(|read| read.body.is_none()), "{headers} {body:?}");
        assert!(world.legacy.is_untouched(), "and nobody else is asked");
    }
}

#[tokio::test]
async fn a_chunk_that_is_none_never_makes_a_body() {
    for chunks in [
        "x\r\n12345\r\n0\r\n\r\n",
        "-1\r\n12345\r\n0\r\n\r\n",
        "0x5\r\n12345\r\n0\r\n\r\n",
        "5 5\r\n12345\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n12345\r\n0\r\n\r\n",
        "5\r\n123456\r\n0\r\n\r\n",
        "4\r\n12345\r\n0\r\n\r\n",
        "\r\n12345\r\n0\r\n\r\n",
    ] {
        let world = world().await;
        let back = exchange(world.front, post("Transfer-Encoding: chunked", chunks)).await;
        assert!(!statuses(&back).contains(&200), "{chunks:?}: {back:?}");
        assert!(world.modern.read().iter().all(|read| read.body.is_none()), "{chunks:?}");
        assert!(world.legacy.is_untouched());
    }
}

#[tokio::test]
async fn what_follows_a_request_is_the_next_request() {
    let world = world().await;
    let bytes = format!(
        "{}{GET}{}",
        post("Content-Length: 5", "12345"),
        post("Transfer-Encoding: chunked", "3\r\nabc\r\n0\r\n\r\n")
    );
    let back = exchange(world.front, bytes).await;
    assert_eq!(statuses(&back), [200, 200, 200], "{back:?}");
    let read = world.modern.read();
    let seen: Vec<_> =
        read.iter().map(|it| (it.target.as_str(), it.body.as_deref().unwrap())).collect();
    assert_eq!(seen, [("/orders", "12345"), ("/smuggled", ""), ("/orders", "abc")]);
    let at = ["modern /orders", "modern /smuggled"].map(|text| back.find(text).unwrap());
    assert!(at[0] < at[1], "in their order");
}

#[tokio::test]
async fn a_body_is_passed_on_before_it_is_whole_and_trailers_arrive() {
    let world = world().await;
    let mut stream = TcpStream::connect(world.front).await.unwrap();
    let head = post("Transfer-Encoding: chunked\r\nTrailer: x-sum", "3\r\nabc\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let end = "2\r\nde\r\n0\r\nX-Sum: 5\r\nStrangler-Stamp: forged\r\nContent-Length: 5\r\n\r\n";
    stream.write_all(end.as_bytes()).await.unwrap();
    assert_eq!(statuses(&rest(&mut stream).await), [200]);
    let read = world.modern.only();
    assert_eq!(read.body.as_deref(), Some("abcde"));
    let names: Vec<_> = read.trailers.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["x-sum"]);
}

#[tokio::test]
async fn a_body_that_is_not_there_has_no_length_and_that_is_said() {
    for (method, length) in [
        ("POST", Some("0")),
        ("PUT", Some("0")),
        ("PATCH", Some("0")),
        ("GET", None),
        ("HEAD", None),
        ("OPTIONS", None),
        ("DELETE", None),
    ] {
        for said in ["", "Content-Length: 0\r\n"] {
            let world = world().await;
            let head = format!("{method} /orders HTTP/1.1\r\nHost: shop.example\r\n{said}\r\n");
            assert_eq!(statuses(&exchange(world.front, head).await), [200]);
            let read = world.modern.only();
            let own = read.headers.get("content-length").map(|it| it.to_str().unwrap());
            assert_eq!(own, length, "{method} {said:?}");
        }
    }
    let world = world().await;
    exchange(world.front, post("Content-Length: 5", "12345")).await;
    assert_eq!(world.modern.only().headers["content-length"], "5");
}

#[tokio::test]
async fn limits_have_their_status() {
    refused(post("Content-Length: 999999999", ""), &[413]).await;
    let long = "x".repeat(9_000);
    refused(format!("GET /{long} HTTP/1.1\r\nHost: shop.example\r\n\r\n"), &[414]).await;
    refused(
        format!("GET / HTTP/1.1\r\nHost: shop.example\r\nX-Long: {}\r\n\r\n", "x".repeat(40_000)),
        &[431],
    )
    .await;
    let many: Vec<_> = (0..200).map(|at| format!("X-{at}: 1\r\n")).collect();
    let many = many.concat();
    refused(format!("GET / HTTP/1.1\r\nHost: shop.example\r\n{many}\r\n"), &[431]).await;
    refused(
        format!("GET / HTTP/1.1\r\nHost: shop.example\r\nX-Long: {}\r\n\r\n", "x".repeat(200_000)),
        &[431],
    )
    .await;
}
