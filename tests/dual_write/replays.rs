//! What a replayer sends, and when.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::dual::{
    DualWriter, ParkReason, RequestJournal, RequestKey, RequestStatus,
};
use strangler_fig::gateway::{Body, Request, Response, Upstream, mark};
use strangler_fig::memory::{InMemoryRepository, InMemoryRequestJournal};
use strangler_fig::repository::StampedRepository;
use strangler_fig::route::IdSource;
use strangler_fig::stamp::{Record, Stamp};
use tokio::time::sleep;

use crate::crash::request;
use crate::life::Life;
use crate::named::{Bench, LENIENT, STRICT, bench, plan};
use crate::process::{Heard, TERM, config, writer};
use crate::scenario::{Fate, Fault};
use crate::service::{Service, answer, effect};

#[tokio::test(start_paused = true)]
async fn a_replay_carries_the_first_stamp_key_and_id() {
    let bench = bench(Fault::BreaksBefore, Fault::Fails);
    assert_eq!(bench.asks("pears", STRICT).await, 504);
    bench.replays().await;
    assert_eq!((bench.done(), bench.status("pears").await), ([1, 1], Some(RequestStatus::Done)));
    let calls = [bench.legacy.calls(), bench.modern.calls()].concat();
    assert_eq!(calls.len(), 4, "each side was sent it twice");
    assert!(calls.iter().all(|call| *call == calls[0]), "{calls:?}");
}

/// A service whose records are in a repository, where the stamp decides.
#[derive(Debug)]
struct Shop(Arc<InMemoryRepository<u32, (u32, String)>>, Mutex<u32>);

#[async_trait]
impl Upstream for Shop {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        let effect = effect(request).await;
        let is_late = {
            let mut late = self.1.lock().unwrap();
            let is_late = *late > 0;
            *late = late.saturating_sub(1);
            is_late
        };
        if is_late {
            return Err(StoreError::unknown("reset"));
        }
        let stamp: Stamp = effect.stamp.parse().unwrap();
        let text = String::from_utf8(effect.body).unwrap();
        self.0.apply(&7, &Record { stamp, value: Some((7, text)) }).await?;
        Ok(answer(StatusCode::OK, ""))
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_replay_loses_to_a_newer_write() {
    let store = || Arc::new(InMemoryRepository::new(|row: &(u32, String)| row.0));
    let (legacy, modern) = (store(), store());
    let sides: [Arc<dyn Upstream>; 2] = [
        Arc::new(Shop(Arc::clone(&legacy), Mutex::new(0))),
        Arc::new(Shop(Arc::clone(&modern), Mutex::new(1))),
    ];
    let journal: Arc<dyn RequestJournal> = Arc::new(InMemoryRequestJournal::default());
    let writer = writer(1, &Life::new(None), journal, sides, &Arc::default());
    for text in ["older", "newer"] {
        let request = http::Request::put("/orders/7").body(Body::full(text)).unwrap();
        assert_eq!(
            writer.handle(request, plan(LENIENT, IdSource::Gateway), "orders").await.status(),
            200
        );
    }
    sleep(Duration::from_secs(10)).await;
    let report = writer.replayer().drain(std::future::pending()).await.unwrap();
    assert_eq!(report.done, 1, "the older write comes to modern after the newer one");
    for side in [legacy, modern] {
        let found = side.read(&7).await.unwrap();
        assert_eq!(found.value, Some((7, "newer".to_owned())));
    }
}

/// One side that never answers some requests, and others at once.
#[derive(Debug)]
struct Poisoned(Service);

#[async_trait]
impl Upstream for Poisoned {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        let key = request.headers()[&mark::IDEMPOTENCY_KEY].to_str().unwrap();
        match key {
            "hangs" => std::future::pending().await,
            "panics" => panic!("it is poisoned"),
            _ => self.0.send(request).await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_poisoned_request_delays_no_other() {
    let (legacy, modern) = (Service::new(Fault::Answers), Service::new(Fault::Answers));
    let sides: [Arc<dyn Upstream>; 2] =
        [Arc::new(legacy.clone()), Arc::new(Poisoned(modern.clone()))];
    let journal = InMemoryRequestJournal::default();
    let heard = Arc::new(Heard::default());
    let own: Arc<dyn RequestJournal> = Arc::new(journal.clone());
    let writer = writer(1, &Life::new(None), own, sides, &heard)
        .with_config(config(&heard).with_attempts_max(NonZeroU32::new(4).unwrap()));
    let asks = async |key: &str| {
        let plan = plan(LENIENT, IdSource::Gateway);
        writer.handle(request(key), plan, "orders").await.status().as_u16()
    };
    for key in ["hangs", "panics"] {
        assert_eq!(asks(key).await, 201);
    }
    writer.drained().await;
    let replayer = writer.replayer();
    let replaying = tokio::spawn(async move { replayer.run(sleep(Duration::from_secs(60))).await });
    for n in 0..20 {
        modern.set(Fault::BreaksBefore);
        assert_eq!(asks(&format!("pears-{n}")).await, 201);
    }
    sleep(Duration::from_secs(6)).await;
    assert_eq!((legacy.effects().len(), modern.effects().len()), (22, 20), "but those two");
    let report = replaying.await.unwrap().unwrap();
    assert_eq!((report.done, report.parked), (20, 2), "{report:?}");
    for key in ["hangs", "panics"] {
        let found = journal.load(&RequestKey::new("", key).unwrap()).await.unwrap().unwrap();
        assert_eq!(found.state.status(), RequestStatus::Parked(ParkReason::Attempts));
        assert_eq!(found.state.attempts(), 4);
    }
    assert_eq!(heard.parked(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_put_off_longer_each_time() {
    let bench = bench(Fault::Answers, Fault::BreaksBefore);
    assert_eq!(bench.asks("pears", STRICT).await, 504);
    let replayer = bench.writer.replayer();
    let drained = replayer.drain(std::future::pending()).await.unwrap();
    assert_eq!(drained.ended(), 0, "it is not due for a second");
    for pause in [1, 2, 4, 4] {
        sleep(Duration::from_millis(pause * 1_000 - 1)).await;
        assert_eq!(replayer.drain(std::future::pending()).await.unwrap().put_off, 0, "{pause}");
        bench.modern.set(Fault::BreaksBefore);
        sleep(Duration::from_millis(1)).await;
        assert_eq!(replayer.drain(std::future::pending()).await.unwrap().put_off, 1, "{pause}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_of_a_journal_that_fails_has_an_end_and_a_run_has_none() {
    let bench = bench(Fault::Answers, Fault::Answers);
    let mut journal = strangler_fig::mock::MockRequestJournal::new();
    journal.expect_take().returning(|_, _, _| Err(StoreError::unavailable("it is away")));
    journal.expect_list().returning(|_, _, _| Err(StoreError::unavailable("it is away")));
    journal.expect_purge().returning(|_, _| Err(StoreError::unavailable("it is away")));
    let sides: [Arc<dyn Upstream>; 2] = [Arc::new(bench.legacy.clone()), Arc::new(bench.modern)];
    let writer = writer(1, &Life::new(None), Arc::new(journal), sides, &bench.heard);
    let error = writer.replayer().drain(std::future::pending()).await.unwrap_err();
    assert_eq!(error.to_string(), "the journal failed 5 times in a row");
    let report = writer.replayer().run(sleep(Duration::from_secs(60))).await.unwrap();
    assert!(report.journal_errors > 10, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_left_by_a_dead_process_is_taken_over_after_its_term() {
    let journal = InMemoryRequestJournal::default();
    let services = [Fault::Answers; 2].map(Service::new);
    let made = |number, life: &Arc<Life>| -> DualWriter {
        let own: Arc<dyn RequestJournal> = Arc::new(journal.clone());
        let sides: [Arc<dyn Upstream>; 2] =
            [Arc::new(services[0].clone()), Arc::new(services[1].clone())];
        writer(number, life, own, sides, &Arc::default())
    };
    let dies = made(1, &Life::new(Some(Fate::DiesAfter(3))));
    let call = async move {
        dies.handle(request("pears"), plan(LENIENT, IdSource::Gateway), "orders").await
    };
    assert!(tokio::time::timeout(Duration::from_secs(1), call).await.is_err());
    let other = made(2, &Life::new(None)).replayer();
    sleep(Duration::from_millis(10_900)).await;
    assert_eq!(other.drain(std::future::pending()).await.unwrap().done, 0, "it is held");
    sleep(Duration::from_millis(200)).await;
    assert_eq!(other.drain(std::future::pending()).await.unwrap().done, 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_forgets_what_is_long_over() {
    let Bench { journal, writer, .. } = bench(Fault::Answers, Fault::Answers);
    let (hour, day) = (Duration::from_secs(3_600), Duration::from_secs(86_400));
    let writer = writer
        .with_config(config(&Arc::default()).with_content_retention(hour).with_key_retention(day));
    assert_eq!(
        writer.handle(request("pears"), plan(STRICT, IdSource::Gateway), "orders").await.status(),
        201
    );
    let key = RequestKey::new("", "pears").unwrap();
    sleep(hour).await;
    writer.replayer().run(sleep(Duration::from_secs(1))).await.unwrap();
    let found = journal.load(&key).await.unwrap().unwrap();
    assert!(found.is_purged && found.new.request.body.is_empty());
    assert_eq!(
        writer.handle(request("pears"), plan(STRICT, IdSource::Gateway), "orders").await.status(),
        201,
        "its client still finds it"
    );
    sleep(day).await;
    let report = writer.replayer().run(sleep(Duration::from_secs(1))).await.unwrap();
    assert_eq!((report.purged, journal.load(&key).await.unwrap()), (1, None));
}

#[tokio::test(start_paused = true)]
async fn what_another_may_have_sent_is_never_withdrawn() {
    let journal = InMemoryRequestJournal::default();
    let services = [Fault::Unsent, Fault::Answers].map(Service::new);
    let made = |number, life: &Arc<Life>| -> DualWriter {
        let own: Arc<dyn RequestJournal> = Arc::new(journal.clone());
        let sides: [Arc<dyn Upstream>; 2] =
            [Arc::new(services[0].clone()), Arc::new(services[1].clone())];
        writer(number, life, own, sides, &Arc::default())
    };
    let plan = plan(STRICT, IdSource::Gateway);
    let dies = made(1, &Life::new(Some(Fate::DiesAfter(1))));
    let call = async move { dies.handle(request("pears"), plan, "orders").await };
    assert!(tokio::time::timeout(Duration::from_secs(1), call).await.is_err());
    sleep(TERM).await;
    let other = made(2, &Life::new(None));
    assert_eq!(other.handle(request("pears"), plan, "orders").await.status(), 504);
    let found = journal.load(&RequestKey::new("", "pears").unwrap()).await.unwrap().unwrap();
    assert!(found.state.is_in_doubt(), "the dead one may have sent it: {:?}", found.notes);
    assert_eq!((found.position(), found.holder), (1, None), "it is put off, not kept");
}
