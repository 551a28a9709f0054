use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaResult;
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message, Offset, TopicPartitionList};
use strangler_fig::error::StoreError;
use strangler_fig::event::EventEnvelope;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

use crate::KafkaBus;
use crate::buffer::{Buffer, Drafts, Part};
use crate::committer::Committer;
use crate::error::is_fenced;
use crate::ledger::Came;
use crate::opening::{add, begin};
use crate::watch::{Member, Told};

/// How long to wait before what has failed is tried again, or what goes by no event is looked at.
const PAUSE: Duration = Duration::from_millis(100);

/// What a receiver has, and its being told.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    buffer: Mutex<Buffer>,
    /// Something may be there for who receives.
    pub(crate) changed: Notify,
    /// Something is there for the line to do.
    pub(crate) work: Arc<Notify>,
    /// The group has given it partitions, or none.
    pub(crate) is_member: AtomicBool,
    pub(crate) is_closed: AtomicBool,
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What follows a subscription's partitions: takes in what comes, commits what is settled, and answers the group.
pub(crate) struct Line {
    pub(crate) bus: KafkaBus,
    pub(crate) member: Arc<Member>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) committer: Committer,
    pub(crate) hidden_for: Duration,
    /// What was sent to be committed, and is not answered yet.
    pub(crate) sent: Option<Drafts>,
    /// The last commit was refused because the group has gone on without this member.
    pub(crate) is_fenced: bool,
    /// What has failed is not tried again before.
    pub(crate) not_before: Option<Instant>,
}

impl Line {
    /// Until it is closed and all is committed, or cannot be in time.
    pub(crate) async fn follow(mut self) {
        let mut close_by = None;
        loop {
            self.answer_group().await;
            self.take_answers();
            let is_closed = self.shared.is_closed.load(Ordering::Relaxed);
            if is_closed {
                let mut buffer = self.shared.lock();
                let parts = buffer.parts();
                buffer.leave(&parts, Duration::ZERO, Instant::now());
            }
            self.commit();
            if is_closed {
                let by = *close_by.get_or_insert(Instant::now() + self.bus.config.deadline);
                let is_done = self.sent.is_none() && self.shared.lock().drafts().is_empty();
                if is_done || Instant::now() >= by {
                    break;
                }
            }
            self.pause_what_is_full();
            self.next().await;
        }
        self.member.end();
    }

    /// Waits for something to do. What the group and commits have to tell comes with what is received.
    async fn next(&self) {
        let consumer = self.member.consumer();
        let wake = async {
            if self.is_waiting() {
                sleep_until(Instant::now() + PAUSE).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            came = consumer.recv() => match came {
                Ok(message) => self.came(&message),
                Err(error) => tracing::debug!(%error, "nothing was received"),
            },
            () = self.shared.work.notified() => {}
            () = wake => {}
        }
    }

    /// Whether something has to be looked at that no event tells of.
    fn is_waiting(&self) -> bool {
        self.not_before.is_some()
            || self.member.consumer().context().next().is_some()
            || self.shared.is_closed.load(Ordering::Relaxed)
    }

    fn is_too_early(&mut self) -> bool {
        if self.not_before.is_some_and(|then| Instant::now() < then) {
            return true;
        }
        self.not_before = None;
        false
    }

    fn has_failed(&mut self, what: &str, error: &(dyn std::error::Error + 'static)) {
        tracing::debug!(error, what, "it is tried again");
        self.not_before = Some(Instant::now() + PAUSE);
    }

    fn came(&self, message: &BorrowedMessage<'_>) {
        let part = (message.topic().to_owned(), message.partition());
        let Some(topic) = self.bus.config.topic_of(&part.0) else { return };
        let bytes = message.payload().unwrap_or_default().to_vec();
        let event = EventEnvelope::from_cloud_event(&bytes);
        let came = Came { topic, event, bytes };
        self.shared.lock().put(&part, message.offset(), came, Instant::now());
    }

    /// Commits what is new, one commit after the other: nothing that is older may come later.
    fn commit(&mut self) {
        if self.sent.is_some() || self.is_too_early() {
            return;
        }
        let drafts = self.shared.lock().drafts();
        if drafts.is_empty() {
            return;
        }
        match list(&drafts) {
            Ok(list) => {
                self.committer.commit(list);
                self.sent = Some(drafts);
            }
            Err(error) => self.has_failed("a commit", &error),
        }
    }

    fn take_answers(&mut self) {
        while let Some(answer) = self.committer.answer() {
            let drafts = self.sent.take().unwrap_or_default();
            self.is_fenced = answer.as_ref().is_err_and(is_fenced);
            match answer {
                Ok(()) => {
                    let mut buffer = self.shared.lock();
                    for (part, life, draft) in drafts {
                        buffer.committed(&part, life, &draft);
                    }
                }
                Err(error) => self.has_failed("a commit", &error),
            }
            self.shared.changed.notify_waiters();
        }
    }

    /// Answers what the group has told, in its order.
    async fn answer_group(&mut self) {
        while let Some(told) = self.member.consumer().context().next() {
            let is_answered = match told {
                Told::Assigned(partitions) => !self.is_too_early() && self.assign(partitions).await,
                Told::Revoked(partitions) => self.revoke(&partitions),
            };
            if !is_answered {
                return;
            }
            self.member.consumer().context().answered();
        }
    }

    async fn assign(&mut self, partitions: TopicPartitionList) -> bool {
        let (member, deadline) = (Arc::clone(&self.member), self.bus.config.deadline);
        let asked = spawn_blocking({
            let partitions = partitions.clone();
            move || begin(&member, &partitions, deadline)
        })
        .await;
        let begun = match asked.map_err(StoreError::unavailable).and_then(|begun| begun) {
            Ok(begun) => begun,
            Err(error) => {
                self.has_failed("an assignment", &error);
                if !self.member.consumer().assignment_lost() {
                    return false;
                }
                // They are revoked at once; nothing of them is taken in.
                log(self.member.consumer().incremental_assign(&partitions));
                return true;
            }
        };
        let mut from = TopicPartitionList::new();
        for ((topic, partition), ledger) in &begun {
            let start = Offset::Offset(ledger.next());
            from.add_partition_offset(topic, *partition, start).expect("it is an offset");
        }
        let mut buffer = self.shared.lock();
        for (part, ledger) in begun {
            buffer.begin(part, ledger);
        }
        drop(buffer);
        self.shared.is_member.store(true, Ordering::Relaxed);
        self.shared.changed.notify_waiters();
        log(self.member.consumer().incremental_assign(&from));
        true
    }

    /// Lets partitions go when nobody works on something of them any more; or at once those that the group has given to
    /// others already.
    fn revoke(&self, partitions: &TopicPartitionList) -> bool {
        let elements = partitions.elements();
        let parts: Vec<Part> =
            elements.iter().map(|it| (it.topic().to_owned(), it.partition())).collect();
        // A member that is to answer is told no more of its loss.
        let is_lost = self.is_fenced || self.member.consumer().assignment_lost();
        let mut buffer = self.shared.lock();
        if !is_lost && buffer.leave(&parts, self.hidden_for, Instant::now()) {
            return false;
        }
        for part in &parts {
            buffer.end(part);
        }
        drop(buffer);
        if is_lost {
            tracing::warn!("a receiver was too late for its group: what it holds comes again");
        }
        log(self.member.consumer().incremental_unassign(partitions));
        true
    }

    fn pause_what_is_full(&self) {
        let (full, free) = self.shared.lock().turn_over();
        let consumer = self.member.consumer();
        let of = |parts: Vec<Part>| -> TopicPartitionList {
            parts.into_iter().map(|(topic, number)| (topic, number, Offset::Invalid)).collect()
        };
        if !full.is_empty() {
            log(consumer.pause(&of(full)));
        }
        if !free.is_empty() {
            log(consumer.resume(&of(free)));
        }
    }
}

fn list(drafts: &Drafts) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for (part, _, draft) in drafts {
        add(&mut list, part, &draft.progress)?;
    }
    Ok(list)
}

fn log(answer: KafkaResult<()>) {
    if let Err(error) = answer {
        tracing::warn!(%error, "librdkafka has refused a call");
    }
}
