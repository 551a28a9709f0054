use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::telemetry::Telemetry;
use super::trace::traced;
use crate::Failed;

/// How long balancers have to notice that a service is not ready any more.
const NOTICE: Duration = Duration::from_millis(200);
/// How long requests that are under way may take to their end.
const DRAIN: Duration = Duration::from_secs(10);

/// Whether a service wants requests. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From now on.
    pub fn ready(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn over(&self) {
        self.0.store(false, Ordering::Release);
    }

    fn status(&self) -> StatusCode {
        if self.0.load(Ordering::Acquire) {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// Serves `routes`, beside `/healthz`, `/readyz` and `/metrics`, until the process is asked to end; then says that it is not ready,
/// and lets what is under way come to its end, within bounds.
///
/// # Errors
///
/// The address cannot be listened on.
pub async fn serve(
    address: SocketAddr,
    routes: Router,
    readiness: Readiness,
    telemetry: &Telemetry,
) -> Result<(), Failed> {
    serve_until(address, routes, readiness, telemetry, CancellationToken::new()).await
}

/// The same; `stop`, too, asks it to end.
///
/// # Errors
///
/// As [`serve`].
pub async fn serve_until(
    address: SocketAddr,
    routes: Router,
    readiness: Readiness,
    telemetry: &Telemetry,
    stop: CancellationToken,
) -> Result<(), Failed> {
    let listener =
        TcpListener::bind(address).await.map_err(|error| format!("LISTEN {address}: {error}"))?;
    info!(address = %listener.local_addr()?, "listens");
    let (asked, scraped) = (readiness.clone(), telemetry.clone());
    let app = routes
        .layer(middleware::from_fn(traced))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(move || std::future::ready(asked.status())))
        .route("/metrics", get(move || std::future::ready(scraped.scraped())));
    let (over, ending) = tokio::sync::oneshot::channel::<()>();
    let served = axum::serve(listener, app).with_graceful_shutdown(async move {
        let _ = ending.await;
    });
    let mut served = tokio::spawn(async move { served.await });
    readiness.ready();
    tokio::select! {
        ended = &mut served => return Ok(ended??),
        asked = interrupted() => asked?,
        () = stop.cancelled() => {}
    }
    info!("ends");
    readiness.over();
    tokio::time::sleep(NOTICE).await;
    drop(over);
    if let Ok(ended) = tokio::time::timeout(DRAIN, &mut served).await {
        return Ok(ended??);
    }
    warn!(after = ?DRAIN, "requests are cut off");
    served.abort();
    Ok(())
}

/// Ctrl-C, or what a supervisor sends.
///
/// # Errors
///
/// Nobody can tell.
pub async fn interrupted() -> Result<(), Failed> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        asked = tokio::signal::ctrl_c() => Ok(asked?),
        _ = terminated.recv() => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Web;

    #[tokio::test]
    async fn who_is_asked_to_end_says_so_and_finishes_what_is_under_way() {
        let telemetry = Telemetry::install("test").unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let slow = || async {
            tokio::time::sleep(NOTICE * 3).await;
            "done"
        };
        let (routes, stop) = (Router::new().route("/slow", get(slow)), CancellationToken::new());
        let ends = stop.clone();
        let served = tokio::spawn(async move {
            serve_until(address, routes, Readiness::default(), &telemetry, ends).await
        });
        let (web, at) = (Web::default(), format!("http://{address}"));
        while web.get(&format!("{at}/readyz")).await.status != Some(200) {
            tokio::time::sleep(NOTICE / 20).await;
        }
        let under_way = format!("{at}/slow");
        let (slow, ready) = tokio::join!(web.get(&under_way), async {
            tokio::time::sleep(NOTICE / 4).await;
            stop.cancel();
            tokio::time::sleep(NOTICE / 4).await;
            web.get(&format!("{at}/readyz")).await
        });
        assert_eq!((slow.status, ready.status), (Some(200), Some(503)));
        served.await.unwrap().unwrap();
    }
}
