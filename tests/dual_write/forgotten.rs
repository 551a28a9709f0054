//! What a side may have been sent is not sent again once it may have forgotten the key: also where who sent it has
//! died before it could write that down.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use strangler_fig::clock::{Clock, ManualClock};
use strangler_fig::gateway::Upstream;
use strangler_fig::gateway::dual::{
    DualWriter, OperateError, ParkReason, RequestJournal, RequestKey, RequestNote, RequestRecord,
    RequestStatus, Trouble,
};
use strangler_fig::memory::InMemoryRequestJournal;
use strangler_fig::phase::Side;
use strangler_fig::route::IdSource;
use strangler_fig::stamp::StampClock;
use tokio::time::{Instant, sleep, timeout};

use crate::crash::request;
use crate::life::Life;
use crate::named::{LENIENT, STRICT, plan};
use crate::process::{Heard, TERM, ada, config, why, writer_by};
use crate::scenario::{Fate, Fault};
use crate::service::Service;

const SECOND: Duration = Duration::from_secs(1);
/// How long a key is kept; and from when on it is old, a claim's term before that.
const KEEP: Duration = Duration::from_secs(WEEK);
const OLD: Duration = Duration::from_secs(WEEK - TERM.as_secs());
const YOUNG: Duration = Duration::from_secs(WEEK - 2 * TERM.as_secs());
const WEEK: u64 = 7 * 24 * 3_600;
const PARKED: RequestStatus = RequestStatus::Parked(ParkReason::Attempts);

/// What a first process does: it writes down, sends legacy, notes that, sends modern.
const SENT_LEGACY: Fate = Fate::DiesAfter(2);
const SENT_MODERN: Fate = Fate::DiesAfter(4);

/// Gateways on one journal, and two sides, legacy first.
struct Fleet {
    journal: InMemoryRequestJournal,
    legacy: Service,
    modern: Service,
    heard: Arc<Heard>,
    clock: Arc<Following>,
}

/// A wall clock that follows tokio's.
#[derive(Debug)]
struct Following(Instant);

impl Clock for Following {
    fn unix_millis(&self) -> u64 {
        1_000_000 + u64::try_from(self.0.elapsed().as_millis()).unwrap()
    }
}

fn fleet(legacy: Fault, modern: Fault) -> Fleet {
    let (legacy, modern) = (Service::new(legacy), Service::new(modern));
    let (journal, heard) = (InMemoryRequestJournal::default(), Arc::default());
    Fleet { journal, legacy, modern, heard, clock: Arc::new(Following(Instant::now())) }
}

impl Fleet {
    fn gateway(&self, number: u128, fate: Option<Fate>) -> DualWriter {
        self.gateway_by(Arc::clone(&self.clock) as _, number, fate)
    }

    fn gateway_by(&self, clock: Arc<dyn Clock>, number: u128, fate: Option<Fate>) -> DualWriter {
        let sides: [Arc<dyn Upstream>; 2] =
            [Arc::new(self.legacy.clone()), Arc::new(self.modern.clone())];
        let journal: Arc<dyn RequestJournal> = Arc::new(self.journal.clone());
        let stamps = StampClock::new().unwrap().with_clock(clock);
        writer_by(stamps, number, &Life::new(fate), journal, sides, &self.heard)
    }

    /// A process that is asked, and dies.
    async fn dies(&self, fate: Fate) {
        let gateway = self.gateway(1, Some(fate));
        let call = async move {
            gateway.handle(request("pears"), plan(STRICT, IdSource::Client), "orders").await
        };
        assert!(timeout(SECOND, call).await.is_err(), "it has died");
    }

    /// A process that replays what is due, and dies.
    async fn dies_replaying(&self, fate: Fate) {
        let replayer = self.gateway(3, Some(fate)).replayer();
        let replaying = async move { replayer.drain(std::future::pending()).await };
        assert!(timeout(SECOND, replaying).await.is_err(), "it has died");
    }

    async fn replays(&self) {
        let replayer = self.gateway(2, None).replayer();
        for _ in 0..3 {
            replayer.drain(std::future::pending()).await.unwrap();
            sleep(5 * SECOND).await;
        }
    }

    async fn record(&self) -> RequestRecord {
        self.journal.load(&pears()).await.unwrap().unwrap()
    }

    async fn status(&self) -> RequestStatus {
        self.record().await.state.status()
    }

    fn calls(&self) -> [usize; 2] {
        [self.legacy.calls().len(), self.modern.calls().len()]
    }
}

fn pears() -> RequestKey {
    RequestKey::new("", "pears").unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_send_that_was_not_noted_is_made_again_while_its_key_is_known() {
    for (fate, expected) in [(SENT_LEGACY, [2, 1]), (SENT_MODERN, [1, 2])] {
        let fleet = fleet(Fault::Answers, Fault::Answers);
        fleet.dies(fate).await;
        sleep(YOUNG).await;
        fleet.replays().await;
        assert_eq!((fleet.status().await, fleet.calls()), (RequestStatus::Done, expected));
        let calls = [fleet.legacy.calls(), fleet.modern.calls()].concat();
        assert!(calls.iter().all(|call| *call == calls[0]), "{calls:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_send_that_was_not_noted_is_parked_once_its_key_may_be_forgotten() {
    for (fate, expected) in [(SENT_LEGACY, [1, 0]), (SENT_MODERN, [1, 1])] {
        let fleet = fleet(Fault::Answers, Fault::Answers);
        fleet.dies(fate).await;
        sleep(OLD).await;
        fleet.replays().await;
        assert_eq!((fleet.status().await, fleet.calls()), (PARKED, expected), "{fate:?}");
        assert_eq!(fleet.heard.parked(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_asks_late_does_not_have_it_sent_again() {
    for (fate, expected) in [(SENT_LEGACY, [1, 0]), (SENT_MODERN, [1, 1])] {
        for strict in [STRICT, LENIENT] {
            let fleet = fleet(Fault::Answers, Fault::Answers);
            fleet.dies(fate).await;
            sleep(OLD).await;
            let plan = plan(strict, IdSource::Client);
            let answer = fleet.gateway(2, None).handle(request("pears"), plan, "orders").await;
            assert_eq!((answer.status().as_u16(), fleet.calls()), (409, expected), "{fate:?}");
            let text = answer.into_body().collect().await.unwrap().to_bytes();
            assert!(String::from_utf8_lossy(&text).contains("waits for an operator"));
            assert_eq!(fleet.status().await, PARKED);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_was_lost_before_the_send_is_no_proof_that_nothing_was_sent() {
    let fleet = fleet(Fault::Answers, Fault::Answers);
    fleet.dies(Fate::DiesAfter(1)).await;
    assert_eq!(fleet.calls(), [0, 0]);
    sleep(KEEP).await;
    fleet.replays().await;
    assert_eq!((fleet.status().await, fleet.calls()), (PARKED, [0, 0]));
}

/// A gateway whose own clock stands still goes by the journal's.
#[tokio::test(start_paused = true)]
async fn how_old_it_is_is_said_by_two_clocks() {
    let fleet = fleet(Fault::Answers, Fault::Answers);
    fleet.dies(SENT_MODERN).await;
    sleep(KEEP).await;
    let still = fleet.gateway_by(Arc::new(ManualClock::at(1_000_000)), 2, None);
    still.replayer().drain(std::future::pending()).await.unwrap();
    assert_eq!((fleet.status().await, fleet.calls()), (PARKED, [1, 1]));
}

#[tokio::test(start_paused = true)]
async fn what_was_surely_not_sent_is_sent_however_old_it_is() {
    let fleet = fleet(Fault::Answers, Fault::Unsent);
    let plan = plan(LENIENT, IdSource::Client);
    let answer = fleet.gateway(1, None).handle(request("pears"), plan, "orders").await;
    assert_eq!(answer.status(), 201);
    for _ in 0..3 {
        sleep(KEEP).await;
        fleet.modern.set(Fault::Unsent);
        fleet.gateway(2, None).replayer().drain(std::future::pending()).await.unwrap();
    }
    sleep(KEEP).await;
    fleet.replays().await;
    assert_eq!(fleet.status().await, RequestStatus::Done);
    assert_eq!(fleet.modern.effects().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_surely_not_sent_says_nothing_of_a_claim_that_was_lost_before() {
    let fleet = fleet(Fault::Answers, Fault::Answers);
    fleet.dies(SENT_MODERN).await;
    sleep(TERM).await;
    fleet.modern.set(Fault::Unsent);
    fleet.gateway(2, None).replayer().drain(std::future::pending()).await.unwrap();
    let state = fleet.record().await.state;
    assert_eq!((state.attempts(), state.failures()), (0, 1), "this one was not sent");
    sleep(KEEP).await;
    fleet.replays().await;
    assert_eq!((fleet.status().await, fleet.calls()), (PARKED, [1, 2]));
}

/// One that is parked since it is old, and is tried again however old it is.
async fn retried(fate: Fate) -> Fleet {
    let fleet = fleet(Fault::Answers, Fault::Answers);
    fleet.dies(fate).await;
    sleep(KEEP).await;
    fleet.replays().await;
    assert_eq!(fleet.status().await, PARKED);
    let operator = fleet.gateway(4, None);
    let refused = operator.retry(&pears(), &ada(), &why("asked")).await;
    assert!(matches!(refused, Err(OperateError::TooOld)), "{refused:?}");
    operator.retry_however_old(&pears(), &ada(), &why("it was asked")).await.unwrap();
    fleet
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_has_retried_however_old_it_is_is_sent_once() {
    for (fate, expected) in [(SENT_LEGACY, [2, 1]), (SENT_MODERN, [1, 2])] {
        let fleet = retried(fate).await;
        fleet.replays().await;
        assert_eq!((fleet.status().await, fleet.calls()), (RequestStatus::Done, expected));
    }
    for (fate, expected) in [(SENT_LEGACY, [2, 0]), (SENT_MODERN, [1, 2])] {
        let fleet = retried(fate).await;
        let side = if fate == SENT_LEGACY { &fleet.legacy } else { &fleet.modern };
        side.set(Fault::Fails);
        fleet.replays().await;
        assert_eq!((fleet.status().await, fleet.calls()), (PARKED, expected), "{fate:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_dies_with_what_was_retried_has_had_its_one_send() {
    for (fate, expected) in [(SENT_LEGACY, [2, 0]), (SENT_MODERN, [1, 2])] {
        let fleet = retried(fate).await;
        fleet.dies_replaying(Fate::DiesAfter(1)).await;
        assert_eq!(fleet.calls(), expected, "it was sent, and that is not noted");
        sleep(TERM).await;
        fleet.replays().await;
        assert_eq!((fleet.status().await, fleet.calls()), (PARKED, expected), "{fate:?}");
    }
    // The first side's answer is noted, and the other was sent it.
    let fleet = retried(SENT_LEGACY).await;
    fleet.dies_replaying(Fate::DiesAfter(3)).await;
    sleep(TERM).await;
    fleet.replays().await;
    assert_eq!((fleet.status().await, fleet.calls()), (PARKED, [2, 1]));
}

#[tokio::test(start_paused = true)]
async fn what_was_retried_in_time_and_is_late_all_the_same_is_not_sent() {
    let fleet = fleet(Fault::Answers, Fault::Refuses);
    let gateway = fleet.gateway(1, None);
    let plan = plan(STRICT, IdSource::Client);
    assert_eq!(gateway.handle(request("pears"), plan, "orders").await.status(), 504);
    let refused = RequestStatus::Parked(ParkReason::Refused(422));
    assert_eq!(fleet.status().await, refused);
    sleep(KEEP / 2).await;
    gateway.retry(&pears(), &ada(), &why("modern was mended")).await.unwrap();
    // Nobody can connect to it for days.
    fleet.modern.set(Fault::Unsent);
    gateway.replayer().drain(std::future::pending()).await.unwrap();
    sleep(KEEP).await;
    fleet.replays().await;
    assert_eq!((fleet.status().await, fleet.calls()), (PARKED, [1, 2]));
}

#[tokio::test(start_paused = true)]
async fn what_was_cut_off_for_want_of_room_may_have_been_sent() {
    let fleet = fleet(Fault::Answers, Fault::Hangs);
    let few = config(&fleet.heard).with_asides_max(std::num::NonZeroU32::MIN);
    let gateway = fleet.gateway(1, None).with_config(few);
    let asks = async |key| {
        let plan = plan(LENIENT, IdSource::Client);
        gateway.handle(request(key), plan, "orders").await.status().as_u16()
    };
    assert_eq!(asks("plums").await, 201);
    fleet.modern.set(Fault::LandsLate);
    assert_eq!(asks("pears").await, 201);
    let before = fleet.record().await;
    let cut = RequestNote::Failed { side: Side::Modern, why: Trouble::Saturated };
    assert_eq!(before.notes.last(), Some(&cut));
    sleep(KEEP).await;
    fleet.replays().await;
    assert_eq!(fleet.status().await, PARKED, "its call went on without us");
}
