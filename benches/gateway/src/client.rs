//! A client of one connection, for what is looked at closely.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::backend::{COUNT, PAGE, page};
use crate::error::Failure;
use crate::serve;

/// How many users there are.
pub(crate) const USERS: u32 = 1_000;
/// How long an answer may take before there is none.
pub(crate) const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// Who has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The modern service.
    Modern,
    /// The legacy service.
    Legacy,
}

/// A connection that stays.
#[derive(Debug)]
pub(crate) struct Connection(TcpStream);

impl Connection {
    /// A new one.
    pub(crate) async fn to(port: u16) -> Result<Self, Failure> {
        let stream = timeout(ANSWERED_WITHIN, TcpStream::connect(("127.0.0.1", port))).await??;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// The side that has answered this user's request for the page; anything but its page
    /// is a failure.
    pub(crate) async fn side_of(&mut self, user: u32) -> Result<Side, Failure> {
        let body = self.get(PAGE, user).await?;
        match [Side::Modern, Side::Legacy].into_iter().find(|side| side.page() == body) {
            Some(side) => Ok(side),
            None => Err(Failure::new(format!("user {user} got {body:?}"))),
        }
    }

    /// The body of an answer of status 200.
    async fn get(&mut self, path: &str, user: u32) -> Result<String, Failure> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: shop\r\nx-user: user-{user}\r\n\r\n");
        self.0.write_all(request.as_bytes()).await?;
        timeout(ANSWERED_WITHIN, self.answer()).await?
    }

    async fn answer(&mut self) -> Result<String, Failure> {
        let mut read = Vec::with_capacity(1_024);
        loop {
            if self.0.read_buf(&mut read).await? == 0 {
                return Err(Failure::new("the connection ended before the answer did"));
            }
            let text = std::str::from_utf8(&read)?;
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = content_length(head);
            if !head.starts_with("HTTP/1.1 200 ") || length.is_none_or(|it| it < body.len()) {
                return Err(Failure::new(format!("answered with {text:?}")));
            }
            if length == Some(body.len()) {
                return Ok(body.to_owned());
            }
        }
    }
}

impl Side {
    fn page(self) -> String {
        page(match self {
            Self::Modern => "modern",
            Self::Legacy => "legacy",
        })
    }
}

fn content_length(head: &str) -> Option<usize> {
    let value = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    value?.trim().parse().ok()
}

/// Whom each user gets through a proxy; everybody asks twice, and gets the same.
pub(crate) fn sides(port: u16) -> Result<Vec<Side>, Failure> {
    serve::run(async {
        let mut connection = Connection::to(port).await?;
        let mut sides = Vec::new();
        for user in 1..=USERS {
            let side = connection.side_of(user).await?;
            if side != connection.side_of(user).await? {
                return Err(Failure::new(format!("user {user} got one side, then the other")));
            }
            sides.push(side);
        }
        Ok(sides)
    })
}

/// How many pages a service has answered.
pub(crate) fn count(port: u16) -> Result<u64, Failure> {
    let count = serve::run(async { Connection::to(port).await?.get(COUNT, 0).await })?;
    Ok(count.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_found_in_any_case() {
        assert_eq!(content_length("HTTP/1.1 200 OK\r\nContent-Length: 7"), Some(7));
        assert_eq!(content_length("HTTP/1.1 200 OK\r\nx-content-length: 7"), None);
    }
}
