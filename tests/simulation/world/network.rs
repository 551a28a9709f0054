//! What is under way between processes and servers.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::flag::Flag;
use super::trace::Trace;
use super::weather::Weather;

/// What all links share.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) trace: Trace,
    weather: Mutex<Weather>,
    healed: Flag,
    under_way: Arc<AtomicUsize>,
}

impl Network {
    pub(crate) fn new(trace: Trace) -> Arc<Self> {
        Arc::new(Self {
            trace,
            weather: Mutex::new(Weather::Foul),
            healed: Flag::default(),
            under_way: Arc::default(),
        })
    }

    pub(crate) fn weather(&self) -> Weather {
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn turn(&self, weather: Weather) {
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner) = weather;
        self.trace.say(0, format_args!("the weather is {weather:?}"));
    }

    /// Carries something to its server, whatever becomes of who has sent it: after `delay`,
    /// or soon once all is healed.
    pub(crate) fn carry(
        self: &Arc<Self>,
        delay: Duration,
        effect: impl Future<Output = ()> + Send + 'static,
    ) {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let network = Arc::clone(self);
        tokio::spawn(async move {
            if timeout(delay, network.healed()).await.is_ok() {
                sleep(delay.min(Duration::from_millis(500))).await;
            }
            effect.await;
            network.under_way.fetch_sub(1, Ordering::SeqCst);
        });
    }

    /// From now on nothing hangs, and what is under way lands.
    pub(crate) fn heal(&self) {
        self.healed.set(true);
    }

    /// Lets calls hang again.
    pub(crate) fn unheal(&self) {
        self.healed.set(false);
    }

    pub(crate) async fn healed(&self) {
        self.healed.is(true).await;
    }

    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }
}
