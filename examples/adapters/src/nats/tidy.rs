//! What every subscription has settled is removed from the stream, by whoever receives.
//!
//! The stream does not do so by itself. One that keeps messages for as long as somebody is interested (`Interest`) drops
//! what is published while a consumer is not there, and 2.9 of the server has removed, when it was started after it was
//! killed, messages that a slow consumer had not been given yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_nats::jetstream::context::ConsumerInfoErrorKind;
use async_nats::jetstream::stream::Stream;
use futures::TryStreamExt;
use strangler_fig::error::StoreError;
use tokio::time::{sleep, timeout};

use super::births::Birth;
use super::consumers::{durable_name, subject};
use super::error::{asked, purged};
use super::event_bus::{NatsBus, later};
use super::subscription::Shared;

/// A subject, and the first message that a subscription to it still wants.
type Wanted = (String, u64);

/// Tidies now and then, if something was settled, until the receiver is gone.
pub(super) async fn tidying(bus: NatsBus, shared: Arc<Shared>) {
    loop {
        sleep(bus.config.tidy_every).await;
        if shared.is_closed() {
            return;
        }
        if !shared.has_settled() {
            continue;
        }
        let tidied = timeout(bus.config.deadline * 2, tidy(&bus)).await;
        if let Ok(Err(error)) = tidied {
            tracing::debug!(%error, "what is settled is removed later");
        }
    }
}

/// Asks first how many messages there are: who subscribes later than that begins behind them.
async fn tidy(bus: &NatsBus) -> Result<(), StoreError> {
    let stream = bus.context.get_stream(&bus.config.prefix).await.map_err(asked)?;
    let last = stream.cached_info().state.last_sequence;
    let births = bus.births.all(later(bus.config.deadline)).await?;
    let mut wanted = Vec::with_capacity(births.len());
    for birth in births {
        let subject = subject(&bus.config.prefix, &birth.topic, birth.partition);
        wanted.push((subject, first_wanted(&stream, &birth).await?));
    }
    let subjects = stream.info_with_subjects(format!("{}.>", bus.config.prefix)).await;
    let subjects: Vec<_> = subjects.map_err(asked)?.try_collect().await.map_err(asked)?;
    for (subject, first) in spent(subjects.into_iter().map(|(subject, _)| subject), &wanted, last) {
        stream.purge().filter(subject).sequence(first).await.map_err(purged)?;
    }
    Ok(())
}

/// The first message that a part was not yet given, or has not settled.
async fn first_wanted<I>(stream: &Stream<I>, birth: &Birth) -> Result<u64, StoreError> {
    let name = durable_name(&birth.name, &birth.topic, birth.partition);
    match stream.consumer_info(&name).await {
        Ok(info) => Ok(info.ack_floor.stream_sequence.saturating_add(1).max(birth.first)),
        Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => Ok(birth.first),
        Err(error) => Err(asked(error)),
    }
}

/// The subjects of which something may go, and the message before which it may. The newest message of the stream stays: a
/// server that starts on an empty stream may have forgotten its number.
fn spent(
    subjects: impl IntoIterator<Item = String>,
    wanted: &[Wanted],
    last: u64,
) -> Vec<(String, u64)> {
    let mut firsts = BTreeMap::<&str, u64>::new();
    for (subject, first) in wanted {
        firsts.entry(subject).and_modify(|it| *it = (*it).min(*first)).or_insert(*first);
    }
    let first = |subject: &str| firsts.get(subject).copied().unwrap_or(u64::MAX).min(last);
    let subjects = subjects.into_iter().map(|subject| (first(&subject), subject));
    subjects.filter(|(first, _)| *first > 1).map(|(first, subject)| (subject, first)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_slowest_has_settled_may_go_and_the_newest_message_stays() {
        let subjects = ["fig.0.pears", "fig.1.pears", "fig.0.plums", "fig.0.figs"];
        let wanted =
            [("fig.0.pears", 7), ("fig.0.pears", 5), ("fig.1.pears", 31), ("fig.0.figs", 1)];
        let wanted = wanted.map(|(subject, first)| (subject.to_owned(), first));
        let spent = spent(subjects.map(str::to_owned), &wanted, 30);
        let nobody_wants = ("fig.0.plums".to_owned(), 30);
        assert_eq!(
            spent,
            [("fig.0.pears".to_owned(), 5), ("fig.1.pears".to_owned(), 30), nobody_wants]
        );
    }

    #[test]
    fn of_an_empty_stream_nothing_goes() {
        assert_eq!(spent(["fig.0.pears".to_owned()], &[], 0), []);
    }
}
