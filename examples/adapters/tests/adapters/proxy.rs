//! A link to a server that can be cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How the link treats what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Link {
    /// Everything arrives.
    Whole,
    /// Requests arrive; at the answer the connection breaks.
    CutAtAnswer,
    /// Requests arrive; answers do not.
    Silent,
}

pub(crate) struct Proxy {
    address: SocketAddr,
    /// The link; and how many answers arrive before it is so, times `ANSWER`.
    link: Arc<AtomicU32>,
}

const ANSWER: u32 = 1 << 8;

impl Proxy {
    /// Before the server of a URL.
    pub(crate) async fn before(url: &str) -> Self {
        let authority = url.split("://").nth(1).and_then(|rest| rest.split('/').next());
        let authority = authority.expect("a URL has an authority");
        let server = authority.rsplit('@').next().unwrap_or(authority).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let link = Arc::new(AtomicU32::new(Link::Whole as u32));
        let state = Arc::clone(&link);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.expect("the server is there");
                tokio::spawn(forward(client, server, Arc::clone(&state)));
            }
        });
        Self { address, link }
    }

    pub(crate) fn set(&self, link: Link) {
        self.set_after(0, link);
    }

    /// The same, once so many answers have arrived.
    pub(crate) fn set_after(&self, answers: u32, link: Link) {
        self.link.store(answers * ANSWER + link as u32, Ordering::SeqCst);
    }

    /// The URL, by way of the link.
    pub(crate) fn of(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once("://").expect("a URL has a scheme");
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        let at = if user.is_empty() { "" } else { "@" };
        format!("{scheme}://{user}{at}{}{path}", self.address)
    }
}

async fn forward(mut client: TcpStream, mut server: TcpStream, link: Arc<AtomicU32>) {
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let arrived = tokio::select! {
            read = client.read(&mut asked) => match read {
                Ok(count @ 1..) => server.write_all(&asked[..count]).await,
                _ => return,
            },
            read = server.read(&mut answered) => match read {
                Ok(count @ 1..) => match link.load(Ordering::SeqCst) {
                    now if now == Link::CutAtAnswer as u32 => return,
                    now if now == Link::Silent as u32 => Ok(()),
                    now => {
                        if now >= ANSWER {
                            link.fetch_sub(ANSWER, Ordering::SeqCst);
                        }
                        client.write_all(&answered[..count]).await
                    }
                },
                _ => return,
            },
        };
        if arrived.is_err() {
            return;
        }
    }
}
