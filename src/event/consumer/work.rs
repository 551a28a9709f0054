use std::num::NonZeroUsize;
use std::pin::Pin;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use super::attempt::{Attempted, Held, attempt};
use super::config::PAUSE_MIN;
use super::decide::Next;
use super::giving_back::{Tries, Waiting, give_back, is_long, shares};
use super::keyed::Keyed;
use super::{ConsumerError, ConsumerReport, EventConsumer};
use crate::clock::later;
use crate::error::StoreError;
use crate::event::in_time::answered;
use crate::event::{Delivery, EventKey, EventSubscription, Receipt, Settlement, Topic};
use crate::observe::field;

/// What is handled one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    Of(Topic, EventKey),
    /// What is no event has no key.
    Alone(Receipt),
}

impl Lane {
    pub(super) fn of(delivery: &Delivery) -> Self {
        match &delivery.event {
            Ok(event) => Self::Of(delivery.topic.clone(), event.key.clone()),
            Err(_) => Self::Alone(delivery.receipt),
        }
    }
}

/// What goes on at once.
enum Ended {
    Attempt(Lane, Held, Attempted),
    Signs,
    GivenBack,
}

type Running<'a> = FuturesUnordered<BoxFuture<'a, Ended>>;

/// One run of a consumer.
pub(super) struct Work<'a> {
    consumer: &'a EventConsumer,
    subscription: &'a dyn EventSubscription,
    held: Keyed<Lane, Held, Instant>,
    /// How many attempts are under way.
    attempts: usize,
    /// Whether the bus is being told that what is held is alive.
    gives_signs: bool,
    /// Whether keys are being given back: nothing is received then, for it could be of these.
    gives_back: bool,
    tries: Tries,
    /// How often `receive` has failed in a row, and when it is called again.
    failures: u32,
    receive_from: Instant,
    /// Told to end: until then what is under way may take.
    ends_by: Option<Instant>,
    is_ended_elsewhere: bool,
    report: ConsumerReport,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        consumer: &'a EventConsumer,
        subscription: &'a dyn EventSubscription,
    ) -> Self {
        Self {
            consumer,
            subscription,
            held: Keyed::default(),
            attempts: 0,
            gives_signs: false,
            gives_back: false,
            tries: Tries::default(),
            failures: 0,
            receive_from: Instant::now(),
            ends_by: None,
            is_ended_elsewhere: false,
            report: ConsumerReport::default(),
        }
    }

    pub(super) async fn run(
        mut self,
        mut shutdown: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Result<ConsumerReport, ConsumerError> {
        let mut running = Running::new();
        let mut signs = self.signs();
        loop {
            if self.ends_by.is_none() {
                self.start(&mut running);
                self.make_room(&mut running);
            } else if self.attempts == 0 {
                break;
            }
            let (subscription, is_open) = (self.subscription, self.ends_by.is_none());
            let room = NonZeroUsize::new(self.room()).filter(|_| !self.gives_back);
            let due = self.next_due();
            tokio::select! {
                biased;
                () = &mut shutdown, if is_open => self.end(),
                Some(ended) = running.next() => self.ended(ended),
                _ = signs.tick(), if !self.gives_signs && self.held.len() > 0 => {
                    self.give_signs(&mut running);
                }
                came = received(subscription, room, self.receive_from), if is_open => self.came(came),
                () = until(due) => {}
                () = until(self.ends_by) => break,
            }
        }
        drop(running);
        self.give_back().await;
        if self.is_ended_elsewhere {
            let (name, report) = (self.consumer.name.clone(), self.report);
            return Err(ConsumerError::Ended { name, report });
        }
        Ok(self.report)
    }

    /// When to tell the bus again that what is held is alive.
    fn signs(&self) -> Interval {
        let third = (self.consumer.config.limits.hidden_for / 3).max(Duration::from_millis(1));
        let mut signs = interval_at(later(Instant::now(), third), third);
        signs.set_missed_tick_behavior(MissedTickBehavior::Delay);
        signs
    }

    fn room(&self) -> usize {
        self.consumer.config.limits.in_flight_max.get().saturating_sub(self.held.len())
    }

    /// Gives back what waits longest behind failures, if that is more than its part: others are to have room.
    fn make_room(&mut self, running: &mut Running<'a>) {
        let (most, rest) = shares(self.consumer.config.limits.in_flight_max.get());
        if self.gives_back || self.held.waiting() <= most {
            return;
        }
        let now = Instant::now();
        let mut keys = Vec::new();
        for (lane, until, items) in self.held.let_go(rest, |until| is_long(until, now)) {
            self.report.given_back += items.len() as u64;
            items.first().into_iter().for_each(|first| self.tries.keep(lane.clone(), first));
            keys.push(Waiting { until, items });
        }
        if keys.is_empty() {
            return;
        }
        tracing::debug!(
            { field::KEYS } = keys.len(),
            "what waits behind failures is given back meanwhile"
        );
        self.gives_back = true;
        let (consumer, subscription) = (self.consumer, self.subscription);
        running.push(Box::pin(async move {
            give_back(consumer, subscription, keys).await;
            Ended::GivenBack
        }));
    }

    fn start(&mut self, running: &mut Running<'a>) {
        while self.attempts < self.consumer.config.concurrency.get() {
            let Some((lane, held)) = self.held.start(Instant::now()) else { break };
            let (consumer, subscription) = (self.consumer, self.subscription);
            self.attempts += 1;
            running.push(Box::pin(async move {
                let attempted = attempt(consumer, subscription, &held).await;
                Ended::Attempt(lane, held, attempted)
            }));
        }
    }

    /// When one that waits may start, if there is place for it.
    fn next_due(&self) -> Option<Instant> {
        let has_place = self.attempts < self.consumer.config.concurrency.get();
        self.held.next_due().filter(|_| has_place && self.ends_by.is_none())
    }

    fn ended(&mut self, ended: Ended) {
        match ended {
            Ended::Signs => self.gives_signs = false,
            Ended::GivenBack => self.gives_back = false,
            Ended::Attempt(lane, held, attempted) => {
                self.attempts -= 1;
                self.attempted(&lane, held, &attempted);
            }
        }
    }

    fn attempted(&mut self, lane: &Lane, held: Held, attempted: &Attempted) {
        match &attempted.next {
            Next::Retry { at_least } => {
                let pause = self.pause(held.tries).max(*at_least);
                let held = Held { tries: held.tries.saturating_add(1), ..held };
                self.report.retried += 1;
                tracing::debug!({ field::TRIES } = held.tries, { field::PAUSE } = ?pause, "an event is handled again");
                return self.held.pause(lane, held, later(Instant::now(), pause));
            }
            _ if !attempted.is_settled => self.report.given_back += 1,
            Next::GiveUp { .. } => {
                self.report.dead_lettered += 1;
                tracing::warn!("an event was given up");
            }
            Next::Ack => self.report.acknowledged += 1,
        }
        self.held.done(lane);
    }

    fn pause(&self, earlier: u32) -> Duration {
        self.consumer.config.pauses.delay(earlier).max(PAUSE_MIN)
    }

    fn came(&mut self, came: Result<Vec<Delivery>, StoreError>) {
        match came {
            Ok(deliveries) if deliveries.is_empty() => {
                self.is_ended_elsewhere = true;
                self.end();
            }
            Ok(deliveries) => {
                self.failures = 0;
                for delivery in deliveries {
                    let lane = Lane::of(&delivery);
                    let held = self.tries.held(&lane, delivery);
                    self.held.add(lane, held);
                }
            }
            Err(error) => {
                tracing::warn!({ field::ERROR } = %error, "nothing was received");
                self.receive_from = later(Instant::now(), self.pause(self.failures));
                self.failures = self.failures.saturating_add(1);
            }
        }
    }

    fn end(&mut self) {
        let deadline = self.consumer.config.deadline;
        self.ends_by = Some(later(Instant::now(), deadline.saturating_add(deadline)));
    }

    fn give_signs(&mut self, running: &mut Running<'a>) {
        self.gives_signs = true;
        let receipts: Vec<_> = self.held.all().iter().map(|it| it.delivery.receipt).collect();
        let (subscription, deadline) = (self.subscription, self.consumer.config.limits.hidden_for);
        running.push(Box::pin(async move {
            let call = async { subscription.extend(&receipts).await };
            if let Err(error) = answered("the bus", deadline, call).await {
                tracing::warn!({ field::ERROR } = %error, "what is held may come to somebody else");
            }
            Ended::Signs
        }));
    }

    /// Gives back what is left, the oldest first; from where that fails on, it is the subscription's end that does.
    async fn give_back(&mut self) {
        let left = self.held.all();
        self.report.given_back += left.len() as u64;
        let nack = Settlement::Nack { after: Duration::ZERO };
        let all = async {
            for held in left {
                self.subscription.settle(held.delivery.receipt, &nack).await?;
            }
            Ok(())
        };
        if let Err(error) = answered("the bus", self.consumer.config.bus_deadline, all).await {
            tracing::warn!({ field::ERROR } = %error, "not all was given back: the end of the subscription does it");
        }
    }
}

/// What comes next; nothing does while there is no room for it.
async fn received(
    subscription: &dyn EventSubscription,
    room: Option<NonZeroUsize>,
    from: Instant,
) -> Result<Vec<Delivery>, StoreError> {
    let Some(room) = room else { return std::future::pending().await };
    sleep_until(from).await;
    answered("the bus", Duration::MAX, async { subscription.receive(room).await }).await
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
