//! Clients that hang on: they send heads and bodies, or read answers, a byte or a few
//! each second, and come back when they are turned away.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};

use crate::backend::{ECHO, HOLD, LARGE};
use crate::error::Failure;
use crate::serve;

/// What a client waits between two bytes, and before it comes back.
const BEAT: Duration = Duration::from_secs(1);
/// How many connect at once, ten times a second: what is measured is that they are there,
/// not that they come.
const AT_ONCE: usize = 100;
/// What a reader's system takes from the network by itself.
const WINDOW: u32 = 4_096;
/// What a reader reads with each beat.
const SIP: usize = 256;
/// How long a body says it will be.
const BODY_BYTES: u32 = 1_000_000;

/// How a client is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slow {
    Head,
    /// Of a request to this path, which says when the answer begins.
    Body(&'static str),
    Reader,
}

impl Slow {
    /// A third each. Of those who send bodies, one of four waits for an answer that waits
    /// for all of it: the gateway lets 1,024 do so.
    fn of(client: usize) -> Self {
        match (client % 3, client % 4) {
            (0, _) => Self::Head,
            (1, 0) => Self::Body(HOLD),
            (1, _) => Self::Body(ECHO),
            _ => Self::Reader,
        }
    }
}

/// How many of each hang on, and how often one was turned away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Hanging {
    pub(crate) heads: u32,
    pub(crate) bodies: u32,
    pub(crate) readers: u32,
    pub(crate) turned_away: u32,
}

impl Hanging {
    fn of(&mut self, slow: Slow) -> &mut u32 {
        match slow {
            Slow::Head => &mut self.heads,
            Slow::Body(_) => &mut self.bodies,
            Slow::Reader => &mut self.readers,
        }
    }

    /// All that hang on.
    pub(crate) fn all(&self) -> u32 {
        self.heads + self.bodies + self.readers
    }

    /// What [`run`] prints.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let values: Vec<u32> = line
            .strip_prefix("hanging ")?
            .split(' ')
            .map_while(|field| field.split_once('=')?.1.parse().ok())
            .collect();
        let [heads, bodies, readers, turned_away] = values[..] else { return None };
        Some(Self { heads, bodies, readers, turned_away })
    }
}

impl fmt::Display for Hanging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { heads, bodies, readers, turned_away } = self;
        write!(f, "hanging heads={heads} bodies={bodies} readers={readers} away={turned_away}")
    }
}

/// Hangs on until the process ends, and tells how many do with each beat. `user` is one
/// of legacy's: nobody would hold a body for a service that is dead.
pub(crate) fn run(port: &str, clients: &str, user: &str) -> Result<(), Failure> {
    let (port, clients): (u16, usize) = (port.parse()?, clients.parse()?);
    let user: u32 = user.parse()?;
    serve::run(LocalSet::new().run_until(async move {
        let hanging = Rc::new(RefCell::new(Hanging::default()));
        for client in 0..clients {
            let slow = Slow::of(client);
            // Users of both sides read.
            let user = if matches!(slow, Slow::Body(_)) {
                user
            } else {
                user + u32::from(client % 2 == 0)
            };
            tokio::task::spawn_local(come_back(port, slow, user, Rc::clone(&hanging)));
            if client % AT_ONCE == 0 {
                sleep(BEAT / 10).await;
            }
        }
        loop {
            println!("{}", hanging.borrow());
            sleep(BEAT).await;
        }
    }))
}

async fn come_back(port: u16, slow: Slow, user: u32, hanging: Rc<RefCell<Hanging>>) {
    loop {
        // However it ended, it is to come back.
        let _ = hang(port, slow, user, &hanging).await;
        hanging.borrow_mut().turned_away += 1;
        sleep(BEAT).await;
    }
}

/// One connection, until the other end has had enough of it.
async fn hang(port: u16, slow: Slow, user: u32, hanging: &RefCell<Hanging>) -> Result<(), Failure> {
    let socket = TcpSocket::new_v4()?;
    if slow == Slow::Reader {
        socket.set_recv_buffer_size(WINDOW)?;
    }
    let mut stream = socket.connect(([127, 0, 0, 1], port).into()).await?;
    stream.set_nodelay(true)?;
    let counted = Counted::one(slow, hanging);
    let who = format!("HTTP/1.1\r\nhost: shop\r\nx-user: user-{user}\r\n");
    let ended = match slow {
        Slow::Head => dribble(&mut stream, &format!("GET /page {who}x-long: ")).await,
        Slow::Body(path) => {
            let length = format!("content-length: {BODY_BYTES}\r\n\r\n");
            dribble(&mut stream, &format!("POST {path} {who}{length}")).await
        }
        Slow::Reader => sip(&mut stream, &format!("GET {LARGE} {who}\r\n")).await,
    };
    drop(counted);
    ended
}

/// Sends a beginning, and then a byte with each beat.
async fn dribble(stream: &mut TcpStream, beginning: &str) -> Result<(), Failure> {
    stream.write_all(beginning.as_bytes()).await?;
    let mut answer = [0; 256];
    loop {
        // A head of a response may come early: a body is echoed as it comes.
        let until = Instant::now() + BEAT;
        while let Ok(read) = tokio::time::timeout_at(until, stream.read(&mut answer)).await {
            let read = read?;
            if read == 0 || !answer.starts_with(b"HTTP/1.1 200") && answer.starts_with(b"HTTP") {
                return Ok(());
            }
        }
        stream.write_all(b"a").await?;
    }
}

/// Sends a request, and reads a little of the answer with each beat.
async fn sip(stream: &mut TcpStream, request: &str) -> Result<(), Failure> {
    stream.write_all(request.as_bytes()).await?;
    let mut answer = [0; SIP];
    while stream.read(&mut answer).await? > 0 {
        sleep(BEAT).await;
    }
    Ok(())
}

/// One that hangs on, while this is there.
struct Counted<'h>(Slow, &'h RefCell<Hanging>);

impl<'h> Counted<'h> {
    fn one(slow: Slow, hanging: &'h RefCell<Hanging>) -> Self {
        *hanging.borrow_mut().of(slow) += 1;
        Self(slow, hanging)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        *self.1.borrow_mut().of(self.0) -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_each_and_few_are_held() {
        let slow: Vec<_> = (0..9_999).map(Slow::of).collect();
        let count = |slow_as| slow.iter().filter(|it| **it == slow_as).count();
        assert_eq!([count(Slow::Head), count(Slow::Reader)], [3_333, 3_333]);
        assert!((800..850).contains(&count(Slow::Body(HOLD))));
    }

    #[test]
    fn what_is_printed_can_be_read() {
        let hanging = Hanging { heads: 1, bodies: 2, readers: 3, turned_away: 4 };
        assert_eq!(Hanging::read(&hanging.to_string()), Some(hanging));
        assert_eq!(Hanging::read("hanging heads=1"), None);
    }
}
