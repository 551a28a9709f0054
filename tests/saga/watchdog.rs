//! Paused time stands still while a task spins: this tells.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// The seconds of the machine's clock, which goes on whatever the test's does.
fn seconds() -> watch::Receiver<u64> {
    static SECONDS: OnceLock<watch::Receiver<u64>> = OnceLock::new();
    let ticking = || {
        let (told, seconds) = watch::channel(0);
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_secs(1));
                told.send_modify(|count| *count += 1);
            }
        });
        seconds
    };
    SECONDS.get_or_init(ticking).clone()
}

/// Resolves once the test's clock has stood still for seconds of the machine's: something spins.
async fn stalled() {
    let mut seconds = seconds();
    loop {
        let before = Instant::now();
        for _ in 0..3 {
            seconds.changed().await.unwrap();
        }
        if Instant::now() == before {
            return;
        }
    }
}

/// What a future answers, if nothing spins.
pub(crate) async fn unless_stalled<T>(future: impl Future<Output = T>) -> T {
    tokio::select! { biased;
        answer = future => answer,
        () = stalled() => panic!("something spins, and the clock stands still"),
    }
}
