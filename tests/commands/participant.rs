//! A participant: barrier, effect and answer in one transaction.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::event::{
    CommandHandler, CommandParticipant, EventContext, EventEnvelope, EventHandler, EventId,
    EventPayload, EventSource, Extensions, FetchLimit, OutboxStore, ReceivedCommand, Reply,
    UnitOfWork,
};
use strangler_fig::memory::{InMemoryParticipant, InMemoryParticipantTransaction};
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::saga::{Direction, Payload};

/// What goes wrong, once each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The handler fails when it has done its work.
    Handler,
    /// It refuses when it has done its work.
    Refusal,
    /// The commit is refused.
    Commit,
    /// The commit is made, and its answer lost.
    Lost,
}

/// A database that commits as the next fault says.
#[derive(Debug, Clone, Default)]
struct Database {
    store: InMemoryParticipant,
    faults: Arc<Mutex<VecDeque<Fault>>>,
}

impl Database {
    fn meets(&self, fault: Fault) -> bool {
        let mut faults = self.faults.lock().unwrap();
        let is_next = faults.front() == Some(&fault);
        if is_next {
            faults.pop_front();
        }
        is_next
    }
}

#[async_trait]
impl UnitOfWork for Database {
    type Transaction = InMemoryParticipantTransaction;

    async fn begin(&self) -> Result<Self::Transaction, StoreError> {
        self.store.begin().await
    }

    async fn commit(&self, transaction: Self::Transaction) -> Result<(), StoreError> {
        if self.meets(Fault::Commit) {
            return Err(StoreError::unavailable("it is away"));
        }
        self.store.commit(transaction).await?;
        if self.meets(Fault::Lost) { Err(StoreError::unknown("no answer")) } else { Ok(()) }
    }
}

/// Keeps pieces for people, no more than ten at a time.
#[derive(Debug, Clone)]
struct Stock {
    database: Database,
    kept: Arc<Mutex<i64>>,
    asked: Arc<Mutex<u32>>,
}

#[async_trait]
impl CommandHandler<InMemoryParticipantTransaction> for Stock {
    async fn handle(
        &self,
        transaction: &mut InMemoryParticipantTransaction,
        command: &ReceivedCommand,
    ) -> Result<Reply, StoreError> {
        *self.asked.lock().unwrap() += 1;
        let pieces: i64 = command.input().map_err(StoreError::rejected)?;
        let is_kept = command.call().direction == Direction::Execute;
        if is_kept && pieces > 10 {
            return Ok(Reply::Refused("too many".to_owned()));
        }
        let kept = Arc::clone(&self.kept);
        let change = if is_kept { pieces } else { -pieces };
        transaction.on_commit(move || *kept.lock().unwrap() += change);
        if self.database.meets(Fault::Handler) {
            return Err(StoreError::unavailable("something else is away"));
        }
        if self.database.meets(Fault::Refusal) {
            return Ok(Reply::Refused("not any more".to_owned()));
        }
        Ok(if is_kept { Reply::Done(Payload::of(&pieces).unwrap()) } else { Reply::done() })
    }
}

type Participant = CommandParticipant<Database, InMemoryParticipant, InMemoryParticipant, Stock>;

struct Shop {
    database: Database,
    stock: Stock,
    participant: Participant,
}

impl Shop {
    fn new(faults: &[Fault]) -> Self {
        let database = Database::default();
        database.faults.lock().unwrap().extend(faults);
        let (kept, asked) = (Arc::default(), Arc::default());
        let stock = Stock { database: database.clone(), kept, asked };
        let [barrier, outbox] = [(); 2].map(|()| database.store.clone());
        let participant = CommandParticipant::new(database.clone(), barrier, outbox, stock.clone());
        Self { database, stock, participant }
    }

    async fn told(&self, event: &EventEnvelope) -> Result<(), StoreError> {
        let (topic, name) = ("stock.commands".parse().unwrap(), "stock".parse().unwrap());
        self.participant.handle(event, &EventContext::new(&topic, &name)).await
    }

    /// Pieces that are kept, and how often the handler was asked.
    fn books(&self) -> (i64, u32) {
        (*self.stock.kept.lock().unwrap(), *self.stock.asked.lock().unwrap())
    }

    /// What was answered, in its order.
    async fn answers(&self) -> Vec<EventEnvelope> {
        let outbox = self.database.store.outbox();
        let name = "relay".parse().unwrap();
        let relay = NodeId { name, incarnation: Incarnation::fixed(1) };
        let (lanes, minute) = (std::num::NonZeroU16::MAX, std::time::Duration::from_secs(60));
        let claims = outbox.claim(&relay, lanes, minute).await.unwrap().held;
        let most = std::num::NonZeroUsize::MAX;
        let rows = outbox.fetch(&claims, FetchLimit { rows: most, bytes: most }).await.unwrap();
        rows.into_iter().map(|row| row.message.unwrap().event).collect()
    }

    async fn replies(&self) -> Vec<Reply> {
        let answers = self.answers().await;
        answers.iter().map(|answer| Reply::from_event(answer).unwrap().1).collect()
    }
}

/// A command for one step of one saga, as another attempt each time.
fn command(direction: &str, pieces: i64) -> EventEnvelope {
    let payload = match direction {
        "execute" => EventPayload::json(&pieces),
        _ => EventPayload::json(&serde_json::json!({ "input": pieces, "output": null })),
    };
    let (source, name, key) = ("/sagas".parse(), "Keep".parse(), "order:1".parse());
    let mut event = EventEnvelope::new(
        EventId::random().unwrap(),
        source.unwrap(),
        name.unwrap(),
        key.unwrap(),
        payload.unwrap(),
    );
    for (name, value) in [
        ("correlationid", "order:1/keep"),
        ("replyto", "order.replies"),
        ("sagaid", "order:1"),
        ("sagastep", "keep"),
        ("sagadirection", direction),
        ("sagaepoch", "1"),
    ] {
        event.extensions.insert(name.parse().unwrap(), value).unwrap();
    }
    event
}

fn kept(pieces: i64) -> Reply {
    Reply::Done(Payload::of(&pieces).unwrap())
}

#[tokio::test]
async fn a_command_is_done_once_and_answered_each_time() {
    let shop = Shop::new(&[]);
    // What it says when it comes again counts no more.
    for pieces in [3, 3, 5] {
        shop.told(&command("execute", pieces)).await.unwrap();
    }
    assert_eq!(shop.books(), (3, 1));
    assert_eq!(shop.replies().await, [kept(3), kept(3), kept(3)]);
}

#[tokio::test]
async fn who_was_refused_once_is_refused_for_good() {
    let shop = Shop::new(&[]);
    for pieces in [11, 1] {
        shop.told(&command("execute", pieces)).await.unwrap();
    }
    assert_eq!(shop.books(), (0, 1));
    let no = Reply::Refused("too many".to_owned());
    assert_eq!(shop.replies().await, [no.clone(), no]);
}

#[tokio::test]
async fn a_handler_that_fails_has_done_nothing_and_said_nothing_and_is_asked_again() {
    let shop = Shop::new(&[Fault::Handler]);
    let failed = shop.told(&command("execute", 3)).await.unwrap_err();
    assert_eq!(failed.kind(), StoreErrorKind::Unavailable);
    assert_eq!((shop.books(), shop.replies().await), ((0, 1), vec![]));
    shop.told(&command("execute", 3)).await.unwrap();
    assert_eq!((shop.books(), shop.replies().await), ((3, 2), vec![kept(3)]));
}

#[tokio::test]
async fn nothing_is_done_where_the_commit_is_refused() {
    let shop = Shop::new(&[Fault::Commit]);
    shop.told(&command("execute", 3)).await.unwrap_err();
    assert_eq!((shop.books(), shop.replies().await), ((0, 1), vec![]));
    shop.told(&command("execute", 3)).await.unwrap();
    assert_eq!((shop.books(), shop.replies().await), ((3, 2), vec![kept(3)]));
}

#[tokio::test]
async fn a_commit_in_doubt_is_told_and_what_comes_again_is_not_done_again() {
    let shop = Shop::new(&[Fault::Lost]);
    let doubt = shop.told(&command("execute", 3)).await.unwrap_err();
    assert_eq!(doubt.kind(), StoreErrorKind::Unknown);
    shop.told(&command("execute", 3)).await.unwrap();
    assert_eq!((shop.books(), shop.replies().await), ((3, 1), vec![kept(3), kept(3)]));
}

#[tokio::test]
async fn what_was_done_is_undone_once_and_nothing_comes_after_it() {
    let shop = Shop::new(&[]);
    for direction in ["execute", "compensate", "compensate", "execute"] {
        shop.told(&command(direction, 3)).await.unwrap();
    }
    assert_eq!(shop.books(), (0, 2));
    let replies = shop.replies().await;
    assert_eq!(replies[..3], [kept(3), Reply::done(), Reply::done()]);
    assert_eq!(replies[3], kept(3), "it was done once, and that was undone");
}

#[tokio::test]
async fn what_comes_after_the_undoing_of_what_never_came_is_refused_and_asked_of_nobody() {
    let shop = Shop::new(&[]);
    for direction in ["compensate", "execute"] {
        shop.told(&command(direction, 3)).await.unwrap();
    }
    assert_eq!(shop.books(), (0, 0));
    let replies = shop.replies().await;
    assert!(matches!(replies[..], [Reply::Done(_), Reply::Refused(_)]), "{replies:?}");
}

#[tokio::test]
async fn who_refuses_has_changed_nothing() {
    let shop = Shop::new(&[Fault::Refusal]);
    for _ in 0..2 {
        shop.told(&command("execute", 3)).await.unwrap();
    }
    assert_eq!(shop.books(), (0, 1));
    let no = Reply::Refused("not any more".to_owned());
    assert_eq!(shop.replies().await, [no.clone(), no]);
}

#[tokio::test]
async fn a_compensation_that_is_refused_is_not_taken_for_done_when_it_comes_again() {
    let shop = Shop::new(&[]);
    shop.told(&command("execute", 3)).await.unwrap();
    shop.database.faults.lock().unwrap().extend([Fault::Refusal, Fault::Refusal]);
    for _ in 0..3 {
        shop.told(&command("compensate", 3)).await.unwrap();
    }
    let no = Reply::Refused("not any more".to_owned());
    assert_eq!(shop.replies().await, [kept(3), no.clone(), no, Reply::done()]);
    assert_eq!(shop.books(), (0, 4));
}

#[tokio::test]
async fn two_of_a_kind_at_once_are_one() {
    let shop = Shop::new(&[]);
    let (one, other) = (command("execute", 3), command("execute", 3));
    let (one, other) = tokio::join!(shop.told(&one), shop.told(&other));
    assert!(one.is_ok() && other.is_ok());
    assert_eq!((shop.books(), shop.replies().await), ((3, 1), vec![kept(3), kept(3)]));
}

#[tokio::test]
async fn what_is_no_command_is_rejected_and_leaves_nothing() {
    let shop = Shop::new(&[]);
    let mut event = command("execute", 3);
    event.extensions = Extensions::default();
    assert_eq!(shop.told(&event).await.unwrap_err().kind(), StoreErrorKind::Rejected);
    let mut event = command("execute", 3);
    event.payload = EventPayload::json(&"three").unwrap();
    assert_eq!(shop.told(&event).await.unwrap_err().kind(), StoreErrorKind::Rejected);
    assert_eq!((shop.books(), shop.replies().await), ((0, 1), vec![]));
}

#[tokio::test]
async fn its_answers_say_whose_they_are_where_it_was_told() {
    for (own, expected) in [(None, "/sagas"), (Some("/stock"), "/stock")] {
        let mut shop = Shop::new(&[]);
        if let Some(own) = own {
            let own: EventSource = own.parse().unwrap();
            shop.participant = shop.participant.with_source(own);
        }
        shop.told(&command("execute", 3)).await.unwrap();
        shop.participant
            .answer(&ReceivedCommand::of(&command("execute", 3)).unwrap())
            .await
            .unwrap();
        let answers = shop.answers().await;
        assert!(answers.len() == 2 && answers.iter().all(|it| it.source.as_str() == expected));
    }
}
