use tokio::signal::unix::{SignalKind, signal};

use crate::Outcome;

/// Resolves once somebody asks the command to end, by Ctrl-C or as a supervisor does.
pub(crate) async fn asked_to_end() {
    let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    let [Ok(mut interrupted), Ok(mut terminated)] = signals else {
        // Nobody can tell it; it goes on.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
}

/// What this comes to, unless somebody asks the command to end before.
pub(crate) async fn unless_asked_to_end<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    tokio::select! {
        done = work => done,
        () = asked_to_end() => Err("interrupted".into()),
    }
}
