//! What servers send that is no response, or more than one.

use std::net::SocketAddr;

use super::net::{Server, exchange, front, says, statuses};

const GET: &str = "GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n";

/// What comes of a side that says these bytes, where the other says the same.
async fn of(bytes: &str) -> String {
    let address = says(bytes).await;
    exchange(front(address, address).await, GET).await
}

#[tokio::test]
async fn a_malformed_response_is_a_502() {
    let huge = format!("HTTP/1.1 200 OK\r\nX-Huge: {}\r\n\r\n", "x".repeat(1 << 20));
    let many: Vec<_> = (0..200).map(|at| format!("X-{at}: 1\r\n")).collect();
    let many = many.concat();
    let many = format!("HTTP/1.1 200 OK\r\n{many}Content-Length: 0\r\n\r\n");
    for bytes in [
        "secret\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\nsecret",
        "HTTP/9.9 200 OK\r\n\r\nsecret",
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Length: 7\r\n\r\nsecret",
        "HTTP/1.1 200 OK\r\nContent-Length: +6\r\n\r\nsecret",
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nsecret\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n6\r\nsecret\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX(A): secret\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-A: b\0secret\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-A: b\r\n secret\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nsecret",
        &huge,
        &many,
    ] {
        let back = of(bytes).await;
        let start: String = bytes.chars().take(90).collect();
        assert_eq!(statuses(&back), [502], "{start:?}: {back:?}");
        assert!(!back.contains("secret"), "{back:?}");
    }
}

#[tokio::test]
async fn where_one_answers_in_no_way_the_other_stands_in() {
    let modern = says("no response at all\r\n\r\n").await;
    let legacy = Server::start("legacy").await;
    let back = exchange(front(legacy.address, modern).await, GET).await;
    assert!(back.ends_with("legacy /\n"), "{back:?}");
}

#[tokio::test]
async fn interim_responses_are_not_passed_on() {
    let back = of("HTTP/1.1 103 Early Hints\r\nLink: secret\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    assert!(matches!(statuses(&back)[..], [200 | 502]) && !back.contains("secret"), "{back:?}");
}

#[tokio::test]
async fn what_follows_a_response_reaches_nobody() {
    let twice = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
    let address = says(twice).await;
    let front: SocketAddr = front(address, address).await;
    for _ in 0..20 {
        let back = exchange(front, GET).await;
        assert!(!back.contains("secret"), "{back:?}");
        assert_eq!(statuses(&back), [200]);
    }
}

#[tokio::test]
async fn a_response_that_is_cut_off_does_not_end_well() {
    // Its length says how much is missing, or its last chunk does not come.
    let address = says_once("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
    let back = exchange(front(address, address).await, GET).await;
    assert!(
        back.to_ascii_lowercase().contains("content-length: 10") && back.ends_with("half"),
        "{back:?}"
    );
    let address =
        says_once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n").await;
    let back = exchange(front(address, address).await, GET).await;
    assert!(!back.contains("\r\n0\r\n"), "{back:?}");
}

async fn says_once(bytes: &'static str) -> SocketAddr {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut room = [0; 4096];
            let _ = stream.read(&mut room).await;
            let _ = stream.write_all(bytes.as_bytes()).await;
        }
    });
    address
}

#[tokio::test]
async fn heads_are_answered_as_they_are() {
    let head = "HEAD / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n";
    let address = says("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: \"a\"\r\n\r\n").await;
    let back = exchange(front(address, address).await, head).await;
    assert_eq!(statuses(&back), [200]);
    assert!(back.contains("content-length: 1234") && back.ends_with("\r\n\r\n"), "{back:?}");
    let address = says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    let back = exchange(front(address, address).await, head).await;
    assert!(statuses(&back) == [200] && !back.contains("content-length"), "{back:?}");
    let address =
        says("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 1234\r\n\r\n").await;
    let back = exchange(front(address, address).await, GET).await;
    assert!(statuses(&back) == [304] && back.ends_with("\r\n\r\n"), "{back:?}");
}
