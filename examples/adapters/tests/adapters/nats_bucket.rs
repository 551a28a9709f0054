//! A bucket for one test.

use std::thread;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::stream::Config;
use async_nats::{Client, ConnectOptions};
use strangler_fig::resilience::{Exponential, Judgement, Retry};

pub(crate) fn server_url() -> String {
    std::env::var("NATS_URL").unwrap_or_else(|_| "nats://127.0.0.1:4222".to_owned())
}

/// A server of version 2.9 fails to make a stream at the very moment at which it takes
/// away the folder of the last one.
pub(crate) fn patient() -> Retry {
    Retry::new(Exponential::default().with_count(5))
}

/// A client that is soon back when its connection breaks.
pub(crate) async fn connect(url: &str) -> Client {
    let options = ConnectOptions::new()
        .ignore_discovered_servers()
        .reconnect_delay_callback(|_| Duration::from_millis(20));
    match options.connect(url).await {
        Ok(client) => client,
        Err(error) => panic!(
            "no NATS at {url} ({error}): run `make servers`, or set NATS_URL to another with \
             JetStream"
        ),
    }
}

/// A bucket with a name of its own; dropped with it.
pub(crate) struct Bucket {
    pub(crate) name: String,
    /// A connection beside the adapter's.
    pub(crate) context: Context,
}

impl Bucket {
    /// A name that no bucket has yet.
    pub(crate) async fn unmade() -> Self {
        let name = format!("strangler_fig_{:016x}", fastrand::u64(..));
        Self { name, context: async_nats::jetstream::new(connect(&server_url()).await) }
    }

    /// A bucket as others might make it.
    pub(crate) async fn with(made: impl FnOnce(Config) -> Config) -> Self {
        let bucket = Self::unmade().await;
        let config = Config {
            name: format!("KV_{}", bucket.name),
            subjects: vec![format!("$KV.{}.>", bucket.name)],
            max_messages_per_subject: 1,
            discard: async_nats::jetstream::stream::DiscardPolicy::New,
            ..Config::default()
        };
        let config = made(config);
        let judge = |answer: &Result<_, _>| match answer {
            Ok(_) => Judgement::success(),
            Err(_) => Judgement::failed().retryable(),
        };
        let create = || bucket.context.create_stream(config.clone());
        patient().call_judged(judge, create).await.expect("a bucket can be made");
        bucket
    }

    /// Writes what any client may write.
    pub(crate) async fn write(&self, key: &str, text: &str) {
        let subject = format!("$KV.{}.{key}", self.name);
        let sent = self.context.publish(subject, text.to_owned().into()).await.expect("it is sent");
        sent.await.expect("it can be written");
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let stream = format!("KV_{}", self.name);
        let dropped = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let context = async_nats::jetstream::new(connect(&server_url()).await);
                context.delete_stream(stream).await.map(drop)
            })
        });
        let is_dropped = matches!(dropped.join(), Ok(Ok(())));
        assert!(is_dropped || thread::panicking(), "a bucket was left behind");
    }
}
