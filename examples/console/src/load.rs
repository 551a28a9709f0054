//! Callers who read and write airports, so many a second.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::repository::Repository;
use tokio::time::sleep;

use crate::airport::Airport;
use crate::airports::Airports;

/// How long a caller waits between two calls.
const PAUSE: Duration = Duration::from_millis(8);

/// Reads twice as often as it writes, until its task is dropped. What fails is told by the board.
pub async fn call(service: Arc<dyn Airports>, airports: Arc<[Airport]>, mut rng: Rng) {
    let mut number = 0_u64;
    loop {
        let airport = &airports[rng.usize(..airports.len())];
        if rng.u8(..3) < 2 {
            let _ = service.find(&airport.icao).await;
        } else {
            number += 1;
            let name = format!("{} {number}", airport.name);
            let _ = service.save(Airport { name, ..airport.clone() }).await;
        }
        sleep(PAUSE.mul_f64(0.5 + rng.f64())).await;
    }
}
