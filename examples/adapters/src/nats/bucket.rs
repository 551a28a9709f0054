//! A key-value bucket, by the requests that its leader answers.

use std::fmt;

use async_nats::jetstream::context::{GetStreamError, GetStreamErrorKind};
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, LastRawMessageErrorKind, StorageType, Stream,
};
use async_nats::jetstream::{Context, ErrorCode};
use async_nats::{Client, HeaderMap, HeaderValue, header};
use futures::{StreamExt, TryStreamExt, stream};
use strangler_fig::error::StoreError;
use tokio::time::{Instant, timeout_at};

use super::Durability;
use super::error::{asked, published, purged};
use crate::effect::Effect;

/// What is stored under a key.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its place in the stream; larger than that of whatever it replaced.
    pub(super) sequence: u64,
    pub(super) text: String,
}

/// A bucket that was found fit.
#[derive(Clone)]
pub(super) struct Bucket {
    context: Context,
    stream: Stream,
    prefix: String,
    is_replicated: bool,
}

impl Bucket {
    /// How many values are asked for at once.
    const READS_MAX: usize = 16;

    /// The bucket `name`, which is made if there is none.
    ///
    /// # Errors
    ///
    /// `Rejected` if it is not fit: the message names the setting.
    /// `Unavailable`.
    pub(super) async fn open(
        client: Client,
        name: &str,
        durability: Durability,
        until: Instant,
    ) -> Result<Self, StoreError> {
        let version = client.server_info().version;
        let context = async_nats::jetstream::new(client);
        let opened = timeout_at(until, async {
            match context.get_stream(format!("KV_{name}")).await {
                Ok(stream) => Ok(stream),
                Err(error) if is_missing(&error) => {
                    context.create_stream(config(name, durability)).await.map_err(asked)
                }
                Err(error) => Err(asked(error)),
            }
        });
        let stream = opened.await.map_err(|_| Effect::None.timed_out())??;
        let found = &stream.cached_info().config;
        durability.check(found, &version)?;
        let is_replicated = found.num_replicas > 1;
        Ok(Self { context, stream, prefix: format!("$KV.{name}."), is_replicated })
    }

    /// Makes sure that the reads to come are not answered by a leader that was
    /// cut off: such a one answers for some seconds yet, but nobody follows it,
    /// so that it cannot acknowledge anything.
    pub(super) async fn is_led(&self, until: Instant) -> Result<(), StoreError> {
        if self.is_replicated {
            let written = self.put("led", "", None, until).await;
            written.map_err(|error| Effect::None.of(error))?;
        }
        Ok(())
    }

    /// The newest value of `key`.
    pub(super) async fn entry(
        &self,
        key: &str,
        until: Instant,
    ) -> Result<Option<Entry>, StoreError> {
        let subject = self.subject(key);
        let asking = self.stream.get_last_raw_message_by_subject(&subject);
        match timeout_at(until, asking).await.map_err(|_| Effect::None.timed_out())? {
            Ok(found) => {
                let text = String::from_utf8(found.payload.into()).map_err(StoreError::rejected)?;
                Ok(Some(Entry { sequence: found.sequence, text }))
            }
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(asked(error)),
        }
    }

    /// Stores `text` and answers its place; if `expected` is said, only behind
    /// that one (0: behind none), else it is a conflict.
    pub(super) async fn put(
        &self,
        key: &str,
        text: &str,
        expected: Option<u64>,
        until: Instant,
    ) -> Result<u64, StoreError> {
        let mut headers = HeaderMap::new();
        if let Some(expected) = expected {
            let expected = HeaderValue::from(expected);
            headers.insert(header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expected);
        }
        let storing = async {
            let text = text.to_owned().into();
            self.context.publish_with_headers(self.subject(key), headers, text).await?.await
        };
        let stored = timeout_at(until, storing).await.map_err(|_| Effect::Possible.timed_out())?;
        Ok(stored.map_err(published)?.sequence)
    }

    /// Removes what stands at `sequence`; not what has replaced it.
    pub(super) async fn remove(
        &self,
        key: &str,
        sequence: u64,
        until: Instant,
    ) -> Result<(), StoreError> {
        let purge = self.stream.purge().filter(self.subject(key)).sequence(sequence + 1);
        let removing = timeout_at(until, purge.into_future());
        removing.await.map_err(|_| Effect::Possible.timed_out())?.map(drop).map_err(purged)
    }

    /// The values of all keys that `filter` fits, with their keys.
    ///
    /// The leader lists what it has: a consumer may run on a replica that is
    /// behind. What was replaced since the listing is shown as it is now.
    pub(super) async fn entries(
        &self,
        filter: &str,
        until: Instant,
    ) -> Result<Vec<(String, Entry)>, StoreError> {
        let listing = async {
            let listed = self.stream.info_with_subjects(self.subject(filter)).await?;
            listed.try_collect::<Vec<_>>().await
        };
        let listed = timeout_at(until, listing).await.map_err(|_| Effect::None.timed_out())?;
        let keys = listed.map_err(asked)?.into_iter();
        let keys = keys.filter_map(|(subject, _)| Some(subject.strip_prefix(&self.prefix)?.into()));
        let reads: Vec<_> = keys.map(|key| self.keyed(key, until)).collect();
        let found = stream::iter(reads).buffered(Self::READS_MAX).try_collect::<Vec<_>>();
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn keyed(
        &self,
        key: String,
        until: Instant,
    ) -> Result<Option<(String, Entry)>, StoreError> {
        Ok(self.entry(&key, until).await?.map(|entry| (key, entry)))
    }

    fn subject(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

fn is_missing(error: &GetStreamError) -> bool {
    matches!(error.kind(), GetStreamErrorKind::JetStream(error)
        if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

/// A bucket as `nats kv add` makes it, but for direct reads.
fn config(name: &str, durability: Durability) -> Config {
    Config {
        name: format!("KV_{name}"),
        subjects: vec![format!("$KV.{name}.>")],
        max_messages_per_subject: 1,
        max_bytes: -1,
        max_messages: -1,
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: durability.replicas(),
        allow_rollup: true,
        deny_delete: true,
        allow_direct: false,
        ..Config::default()
    }
}
