use std::collections::{HashMap, HashSet};

use super::{EventKey, Message};
use crate::error::StoreError;

/// The indices of messages in waves: no key twice in one, every key's in their order, as few waves as the most frequent
/// key has messages.
///
/// ```
/// use strangler_fig::event::{EventKey, waves};
///
/// let keys = ["a", "b", "a", "c", "a"].map(|key| key.parse::<EventKey>().expect("it is a key"));
/// assert_eq!(waves(&keys), [vec![0, 1, 3], vec![2], vec![4]]);
/// ```
#[must_use]
pub fn waves<'a>(keys: impl IntoIterator<Item = &'a EventKey>) -> Vec<Vec<usize>> {
    let mut seen = HashMap::<&EventKey, usize>::new();
    let mut waves = Vec::<Vec<usize>>::new();
    for (at, key) in keys.into_iter().enumerate() {
        let wave = seen.entry(key).and_modify(|wave| *wave += 1).or_insert(0);
        match waves.get_mut(*wave) {
            Some(wave) => wave.push(at),
            None => waves.push(vec![at]),
        }
    }
    waves
}

/// Publishes wave by wave by `send`, which answers for each message it is given, by its index; a key of which one has
/// failed is left out of later waves, and answered `Unavailable`.
///
/// ```
/// use strangler_fig::error::StoreError;
/// use strangler_fig::event::{EventEnvelope, EventPayload, publish_in_waves};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let [source, kind, key, topic] = ["/shop", "order.created", "order-4711", "orders"];
/// let event = |id: &str| {
///     Ok::<_, strangler_fig::event::TextError>(EventEnvelope::new(
///         id.parse()?,
///         source.parse()?,
///         kind.parse()?,
///         key.parse()?,
///         EventPayload::default(),
///     ))
/// };
/// let messages = [event("1")?.to(topic.parse()?), event("2")?.to(topic.parse()?)];
///
/// // A bus that takes nothing is asked once: the second message waits for the first.
/// let send = |wave: Vec<usize>| async move {
///     assert_eq!(wave, [0]);
///     wave.iter().map(|_| Err(StoreError::rejected("no such topic"))).collect()
/// };
/// let answers = publish_in_waves(&messages, send).await;
/// assert!(answers.iter().all(Result::is_err));
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
///
/// As that of [`EventPublisher`](super::EventPublisher).
pub async fn publish_in_waves<S, F>(messages: &[Message], send: S) -> Vec<Result<(), StoreError>>
where
    S: Fn(Vec<usize>) -> F + Send + Sync,
    F: Future<Output = Vec<Result<(), StoreError>>> + Send,
{
    let behind = || Err(StoreError::unavailable("a message before it, of its key, was not taken"));
    let mut answers: Vec<_> = messages.iter().map(|_| behind()).collect();
    let mut stuck = HashSet::<&EventKey>::new();
    for mut wave in waves(messages.iter().map(|message| &message.event.key)) {
        wave.retain(|at| !stuck.contains(&messages[*at].event.key));
        if wave.is_empty() {
            break; // Whoever is in a later wave was in this one.
        }
        let mut told = send(wave.clone()).await.into_iter();
        for at in wave {
            let answer = told.next().unwrap_or_else(|| Err(StoreError::unknown("no answer came")));
            if answer.is_err() {
                stuck.insert(&messages[at].event.key);
            }
            answers[at] = answer;
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::error::StoreErrorKind::{Unavailable, Unknown};
    use crate::event::{EventEnvelope, EventPayload};

    fn message(key: &str) -> Message {
        let [id, source, event_type, topic] = ["1", "/s", "t", "topic"];
        EventEnvelope::new(
            id.parse().unwrap(),
            source.parse().unwrap(),
            event_type.parse().unwrap(),
            key.parse().unwrap(),
            EventPayload::default(),
        )
        .to(topic.parse().unwrap())
    }

    #[tokio::test]
    async fn behind_a_failure_its_key_waits_and_no_other() {
        let messages = ["a", "b", "a", "b", "a"].map(message);
        let calls = Mutex::new(Vec::new());
        let answers = publish_in_waves(&messages, |wave| {
            calls.lock().unwrap().push(wave.clone());
            let answer = |at| if at == 0 { Err(StoreError::rejected("no")) } else { Ok(()) };
            std::future::ready(wave.into_iter().map(answer).collect())
        })
        .await;
        assert_eq!(*calls.lock().unwrap(), [vec![0, 1], vec![3]]);
        assert_eq!(
            answers.iter().map(Result::is_ok).collect::<Vec<_>>(),
            [false, true, false, true, false]
        );
    }

    #[tokio::test]
    async fn what_was_not_answered_is_unknown() {
        let messages = ["a", "b", "b"].map(message);
        let answers = publish_in_waves(&messages, |_| std::future::ready(vec![Ok(())])).await;
        let kinds: Vec<_> =
            answers.iter().map(|it| it.as_ref().err().map(StoreError::kind)).collect();
        assert_eq!(kinds, [None, Some(Unknown), Some(Unavailable)]);
    }

    #[tokio::test]
    async fn an_empty_call_sends_nothing() {
        let send = |_| -> std::future::Ready<_> { panic!("nothing is there") };
        assert!(publish_in_waves(&[], send).await.is_empty());
    }
}
