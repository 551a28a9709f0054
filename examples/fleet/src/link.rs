use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How the link treats what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Everything arrives.
    Fair,
    /// Connections break, and new ones too.
    Refusing,
    /// Nothing arrives now; what was sent arrives when the weather is fair again,
    /// whether or not anybody still waits for it.
    Hanging,
    /// Requests arrive; where the answer should come the connection breaks.
    Deaf,
}

/// The way to the state service, which can be taken away. The stores are reached
/// by other ways.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    weather: Arc<watch::Sender<Weather>>,
    accepting: JoinHandle<()>,
}

impl Link {
    /// A link to the server of a URL.
    ///
    /// # Errors
    ///
    /// When no port is free.
    pub async fn to(url: &str) -> io::Result<Self> {
        let (_, authority, _) = parts(url);
        let server = authority.rsplit('@').next().unwrap_or(authority);
        let server =
            if server.contains(':') { server.to_owned() } else { format!("{server}:5432") };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (weather, _) = watch::channel(Weather::Fair);
        let weather = Arc::new(weather);
        let accepting = tokio::spawn(accept(listener, server, Arc::clone(&weather)));
        Ok(Self { address, weather, accepting })
    }

    /// `url`, by way of the link.
    #[must_use]
    pub fn of(&self, url: &str) -> String {
        let (scheme, authority, rest) = parts(url);
        let user = authority.rsplit_once('@').map(|(user, _)| format!("{user}@"));
        format!("{scheme}://{}{}{rest}", user.unwrap_or_default(), self.address)
    }

    /// What comes is treated so from now on.
    pub fn turn(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Scheme, authority, and the rest of a URL.
fn parts(url: &str) -> (&str, &str, &str) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    (scheme, authority, path)
}

async fn accept(listener: TcpListener, server: String, weather: Arc<watch::Sender<Weather>>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let (server, weather) = (server.clone(), weather.subscribe());
        tokio::spawn(async move {
            let is_open = *weather.borrow() != Weather::Refusing;
            // A client that is let in to a server that is not there is cut off.
            if is_open && let Ok(server) = TcpStream::connect(&server).await {
                forward(client, server, weather).await;
            }
        });
    }
}

/// Until either end closes, or the weather breaks the connection.
async fn forward(client: TcpStream, server: TcpStream, weather: watch::Receiver<Weather>) {
    let mut broken = weather.clone();
    let (client, server) = (client.into_split(), server.into_split());
    tokio::select! {
        _ = broken.wait_for(|weather| *weather == Weather::Refusing) => {}
        () = carry(client.0, server.1, weather.clone(), false) => {}
        () = carry(server.0, client.1, weather, true) => {}
    }
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut weather: watch::Receiver<Weather>,
    is_answer: bool,
) {
    let mut bytes = vec![0; 1 << 14];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if weather.wait_for(|weather| *weather != Weather::Hanging).await.is_err() {
            return;
        }
        if is_answer && *weather.borrow() == Weather::Deaf {
            return;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

impl fmt::Display for Weather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fair => "there",
            Self::Refusing => "refusing",
            Self::Hanging => "hanging",
            Self::Deaf => "deaf",
        })
    }
}
