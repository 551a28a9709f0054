use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use storefront::Failed;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    Fair,
    /// What is sent to the far end takes so long, so that each round trip does.
    Slow(Duration),
    /// Nothing comes through, and nobody is told. What was sent comes later.
    Silent,
    /// Connections break, and no new one is had.
    Cut,
}

/// A line of TCP on loopback, to be put between two parties.
#[derive(Debug)]
pub(crate) struct Line {
    port: u16,
    weather: watch::Sender<Weather>,
    trips: Arc<AtomicUsize>,
}

impl Line {
    /// A line to `far`, a host with its port.
    pub(crate) async fn to(far: String) -> Result<Self, Failed> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (port, weather) = (listener.local_addr()?.port(), watch::Sender::new(Weather::Fair));
        let (seen, trips) = (weather.subscribe(), Arc::<AtomicUsize>::default());
        let counted = trips.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carried(near, far.clone(), seen.clone(), counted.clone()));
            }
        });
        Ok(Self { port, weather, trips })
    }

    /// Where it begins.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// How often something was sent to the far end.
    pub(crate) fn trips(&self) -> usize {
        self.trips.load(Ordering::Relaxed)
    }

    pub(crate) fn turn(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

/// `url` by way of a line.
pub(crate) fn through(url: &str, line: &Line) -> String {
    let far = address(url);
    url.replacen(&far, &format!("127.0.0.1:{}", line.port()), 1)
}

/// Host and port of a URL that has both.
pub(crate) fn address(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    host.rsplit('@').next().unwrap_or_default().to_owned()
}

/// Whatever breaks, ends it: both ends see that.
async fn carried(
    near: TcpStream,
    far: String,
    mut weather: watch::Receiver<Weather>,
    trips: Arc<AtomicUsize>,
) {
    if *weather.borrow_and_update() == Weather::Cut {
        let _ = near.set_zero_linger();
        return;
    }
    let Ok(far) = TcpStream::connect(far).await else { return };
    // A connection that is dropped so, is reset.
    let _ = (near.set_zero_linger(), far.set_zero_linger());
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let (near, far) = (near.into_split(), far.into_split());
    let (there, back) = (weather.clone(), weather.clone());
    let both = async {
        tokio::join!(pumped(near.0, far.1, there, Some(&trips)), pumped(far.0, near.1, back, None))
    };
    tokio::select! {
        _ = both => {}
        _ = weather.wait_for(|weather| *weather == Weather::Cut) => {}
    }
}

async fn pumped(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
    trips: Option<&AtomicUsize>,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut buffer).await?;
        let seen = weather.wait_for(|weather| *weather != Weather::Silent).await;
        let seen = *seen.map_err(io::Error::other)?;
        if count == 0 {
            return to.shutdown().await;
        }
        let Some(trips) = trips else {
            to.write_all(&buffer[..count]).await?;
            continue;
        };
        trips.fetch_add(1, Ordering::Relaxed);
        if let Weather::Slow(delay) = seen {
            // The timer of the runtime would round it up to the next millisecond.
            tokio::task::spawn_blocking(move || std::thread::sleep(delay)).await?;
        }
        to.write_all(&buffer[..count]).await?;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_secs(5);
    const LATER: Duration = Duration::from_millis(100);

    /// A line to somebody who says again what is said.
    async fn echo() -> Line {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let far = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        Line::to(far).await.unwrap()
    }

    async fn said(stream: &mut TcpStream) -> io::Result<()> {
        stream.write_all(b"x").await?;
        stream.read_exact(&mut [0]).await.map(drop)
    }

    #[tokio::test]
    async fn what_is_silent_comes_later_and_what_is_cut_never() {
        let line = echo().await;
        let mut stream = TcpStream::connect(("127.0.0.1", line.port())).await.unwrap();
        timeout(SOON, said(&mut stream)).await.unwrap().unwrap();
        line.turn(Weather::Silent);
        stream.write_all(b"y").await.unwrap();
        assert!(timeout(LATER, stream.read_exact(&mut [0])).await.is_err());
        line.turn(Weather::Fair);
        timeout(SOON, stream.read_exact(&mut [0])).await.unwrap().unwrap();
        line.turn(Weather::Cut);
        let broken = timeout(SOON, async { while said(&mut stream).await.is_ok() {} });
        broken.await.unwrap();
        let mut other = TcpStream::connect(("127.0.0.1", line.port())).await.unwrap();
        assert!(timeout(SOON, said(&mut other)).await.unwrap().is_err());
    }

    #[tokio::test]
    async fn a_slow_line_takes_its_time() {
        let line = echo().await;
        line.turn(Weather::Slow(LATER));
        let mut stream = TcpStream::connect(("127.0.0.1", line.port())).await.unwrap();
        let began = std::time::Instant::now();
        said(&mut stream).await.unwrap();
        assert!(began.elapsed() >= LATER);
        assert_eq!(line.trips(), 1);
    }

    #[tokio::test]
    async fn a_url_is_led_through_it() {
        let line = echo().await;
        let port = line.port();
        let led = through("amqp://ann:secret@10.0.0.1:5672/%2f", &line);
        assert_eq!(led, format!("amqp://ann:secret@127.0.0.1:{port}/%2f"));
        assert_eq!(through("http://127.0.0.1:80", &line), format!("http://127.0.0.1:{port}"));
    }
}
