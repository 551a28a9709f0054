use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{EventPublisher, Message};
use strangler_fig::memory::InMemoryBus;

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is taken.
    Taken,
    /// It is taken, and twice.
    Twice,
    /// It is taken, and comes this much later.
    Late(Duration),
    /// It is taken, and nobody knows.
    Unheard,
    /// It is not taken, and nobody knows.
    Vanishes,
    /// It is said to be taken, and never comes: as if whoever took it in had lost it.
    Lost,
    /// It is surely not taken.
    NotTaken,
    /// It is not taken, and never will be.
    Refused,
}

type Rule = Box<dyn FnMut(&Message) -> Fate + Send>;

/// A bus, and what happens to messages on their way there.
#[derive(Clone)]
pub(crate) struct Weather {
    bus: InMemoryBus,
    rule: Arc<Mutex<Rule>>,
    sent: Arc<Mutex<Vec<Message>>>,
}

impl Weather {
    pub(crate) fn over(bus: &InMemoryBus) -> Self {
        let rule: Rule = Box::new(|_| Fate::Taken);
        Self { bus: bus.clone(), rule: Arc::new(Mutex::new(rule)), sent: Arc::default() }
    }

    /// From now on messages fare so.
    pub(crate) fn turns(&self, rule: impl FnMut(&Message) -> Fate + Send + 'static) {
        *self.rule.lock().unwrap() = Box::new(rule);
    }

    /// What was published to that topic, however it fared.
    pub(crate) fn sent(&self, topic: &str) -> Vec<Message> {
        let sent = self.sent.lock().unwrap();
        sent.iter().filter(|message| message.topic.as_str() == topic).cloned().collect()
    }

    /// Which commands, or replies, were published to that topic.
    pub(crate) fn types(&self, topic: &str) -> Vec<String> {
        self.sent(topic).iter().map(|message| message.event.event_type.to_string()).collect()
    }
}

impl fmt::Debug for Weather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Weather")
    }
}

#[async_trait]
impl EventPublisher for Weather {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), StoreError>> {
        let mut answers = Vec::new();
        for message in messages {
            self.sent.lock().unwrap().push(message.clone());
            let fate = (self.rule.lock().unwrap())(message);
            let one = std::slice::from_ref(message);
            if matches!(fate, Fate::Taken | Fate::Twice | Fate::Unheard) {
                answers.extend(self.bus.publish(one).await);
            }
            match fate {
                Fate::Taken => {}
                Fate::Twice => drop(self.bus.publish(one).await),
                Fate::Late(delay) => {
                    let (bus, message) = (self.bus.clone(), message.clone());
                    tokio::spawn(async move {
                        tokio::time::sleep(delay).await;
                        bus.publish(&[message]).await
                    });
                    answers.push(Ok(()));
                }
                Fate::Unheard => {
                    answers.pop();
                    answers.push(Err(StoreError::unknown("no answer")));
                }
                Fate::Vanishes => answers.push(Err(StoreError::unknown("no answer"))),
                Fate::Lost => answers.push(Ok(())),
                Fate::NotTaken => answers.push(Err(StoreError::unavailable("no connection"))),
                Fate::Refused => answers.push(Err(StoreError::rejected("no such topic"))),
            }
        }
        answers
    }
}
