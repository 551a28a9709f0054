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

/// Publishes wave by wave: `prepare` makes a message ready or refuses it, and `send` sends what is ready, all at once, and
/// answers for each. A key of which one has failed is left out of later waves, and answered `Unavailable`.
///
/// ```
/// use strangler_fig::error::StoreError;
/// use strangler_fig::event::{EventEnvelope, EventId, EventPayload, Message, publish_in_waves};
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
/// let prepare = |message: &Message| Ok(message.event.id.clone());
/// let send = |ready: Vec<EventId>| async move {
///     assert_eq!(ready.len(), 1);
///     ready.iter().map(|_| Err(StoreError::rejected("no such topic"))).collect()
/// };
/// let answers = publish_in_waves(&messages, prepare, send).await;
/// assert!(answers.iter().all(Result::is_err));
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
///
/// As that of [`EventPublisher`](super::EventPublisher).
pub async fn publish_in_waves<'a, T, F>(
    messages: &'a [Message],
    prepare: impl Fn(&'a Message) -> Result<T, StoreError> + Send + Sync,
    send: impl Fn(Vec<T>) -> F + Send + Sync,
) -> Vec<Result<(), StoreError>>
where
    T: Send,
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
        let mut ready = Vec::with_capacity(wave.len());
        let refused: Vec<_> = wave
            .iter()
            .map(|at| prepare(&messages[*at]).map(|message| ready.push(message)))
            .collect();
        let told = if ready.is_empty() { Vec::new() } else { send(ready).await };
        let mut told = told.into_iter();
        for (at, refused) in wave.into_iter().zip(refused) {
            let silent = || Err(StoreError::unknown("no answer came"));
            let answer = refused.and_then(|()| told.next().unwrap_or_else(silent));
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
    use crate::error::StoreErrorKind::{self, Rejected, Unavailable, Unknown};
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

    fn key(message: &Message) -> String {
        message.event.key.to_string()
    }

    fn kinds(answers: &[Result<(), StoreError>]) -> Vec<Option<StoreErrorKind>> {
        answers.iter().map(|it| it.as_ref().err().map(StoreError::kind)).collect()
    }

    #[tokio::test]
    async fn behind_a_failure_its_key_waits_and_no_other() {
        let messages = ["a", "b", "a", "b", "a"].map(message);
        let calls = Mutex::new(Vec::new());
        let answers = publish_in_waves(
            &messages,
            |it| Ok(key(it)),
            |wave| {
                calls.lock().unwrap().push(wave.clone());
                let answer =
                    |key| if key == "a" { Err(StoreError::rejected("no")) } else { Ok(()) };
                std::future::ready(wave.into_iter().map(answer).collect())
            },
        )
        .await;
        assert_eq!(*calls.lock().unwrap(), [vec!["a", "b"], vec!["b"]]);
        let (no, behind) = (Some(Rejected), Some(Unavailable));
        assert_eq!(kinds(&answers), [no, None, behind, None, behind]);
    }

    #[tokio::test]
    async fn what_is_not_ready_is_answered_alone_and_in_its_place() {
        let messages = ["a", "b", "c", "b", "d"].map(message);
        let prepare = |message: &Message| match key(message).as_str() {
            "b" => Err(StoreError::rejected("too large")),
            key => Ok(key.to_owned()),
        };
        let answers = publish_in_waves(&messages, prepare, |wave| {
            assert_eq!(wave, ["a", "c", "d"]);
            std::future::ready(vec![Ok(()), Err(StoreError::unavailable("away"))])
        })
        .await;
        let away = Some(Unavailable);
        assert_eq!(kinds(&answers), [None, Some(Rejected), away, away, Some(Unknown)]);
    }

    #[tokio::test]
    async fn what_was_not_answered_is_unknown() {
        let messages = ["a", "b", "b"].map(message);
        let answers =
            publish_in_waves(&messages, |it| Ok(key(it)), |_| std::future::ready(vec![Ok(())]))
                .await;
        assert_eq!(kinds(&answers), [None, Some(Unknown), Some(Unavailable)]);
    }

    #[tokio::test]
    async fn where_nothing_is_ready_nothing_is_sent() {
        let send = |_: Vec<String>| -> std::future::Ready<_> { panic!("nothing is there") };
        assert!(publish_in_waves(&[], |it| Ok(key(it)), send).await.is_empty());
        let refuse = |_: &Message| Err(StoreError::rejected("too large"));
        let answers = publish_in_waves(&["a", "a"].map(message), refuse, send).await;
        assert_eq!(kinds(&answers), [Some(Rejected), Some(Unavailable)]);
    }
}
