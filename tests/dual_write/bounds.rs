//! What has a bound: bodies on their way, a journal that is slow or cannot write, and what its clients are told.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::BodyExt;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::dual::{
    Recorded, RequestClaim, RequestJournal, RequestNote, RequestRecord, RequestState,
    RequestStatus, Trouble,
};
use strangler_fig::gateway::{Body, Request, mark};
use strangler_fig::memory::InMemoryRequestJournal;
use strangler_fig::mock::MockRequestJournal;
use strangler_fig::phase::Side;
use strangler_fig::route::IdSource;
use strangler_fig::stamp::Stamp;
use tokio::time::{Instant, sleep, timeout};

use crate::crash::request;
use crate::named::{STRICT, bench, plan};
use crate::process::config;
use crate::scenario::Fault;
use crate::scripted::{Script, script_on};

const SECOND: Duration = Duration::from_secs(1);

/// A request whose body never comes.
fn stalled(key: &str) -> Request {
    let nothing =
        futures::stream::pending::<Result<http_body::Frame<bytes::Bytes>, std::io::Error>>();
    let body = Body::from_http(http_body_util::StreamBody::new(nothing));
    http::Request::post("/orders").header(mark::IDEMPOTENCY_KEY, key).body(body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn bodies_on_their_way_are_bounded() {
    let mut bench = bench(Fault::Answers, Fault::Answers);
    let config = config(&bench.heard)
        .with_writes_max(NonZeroU32::new(2).unwrap())
        .with_body_deadline(3 * SECOND);
    bench.writer = bench.writer.with_config(config);
    let plan = plan(STRICT, IdSource::Client);
    let slow = |key: &'static str| bench.writer.handle(stalled(key), plan, "orders");
    let fast = async {
        sleep(SECOND).await;
        let full = bench.asks("pears", STRICT).await;
        sleep(3 * SECOND).await;
        (full, bench.asks("pears", STRICT).await)
    };
    let (one, two, asked) = futures::join!(slow("a"), slow("b"), fast);
    assert_eq!([one.status(), two.status()], [408, 408]);
    assert_eq!(asked, (503, 201), "there was no room for a third, and is now");
    assert!(timeout(SECOND, slow("c")).await.is_err());
    assert!(timeout(SECOND, bench.writer.drained()).await.is_ok(), "nobody waits for it any more");
}

async fn told(journal: MockRequestJournal, request: Request) -> (u16, String) {
    let reached: Arc<dyn RequestJournal> = Arc::new(journal);
    let script = script_on(reached, InMemoryRequestJournal::default(), &[], &[]);
    let plan = plan(STRICT, IdSource::Gateway);
    let response = script.writer.handle(request, plan, "orders").await;
    assert_eq!((script.legacy.calls(), script.modern.calls()), (0, 0));
    let status = response.status().as_u16();
    assert_eq!(response.headers()["cache-control"], "no-store", "{status}");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_503_speaks_of_other_calls_only_where_there_are_none() {
    let away = || {
        let mut journal = MockRequestJournal::new();
        journal.expect_record().returning(|_, _, _| Err(StoreError::unavailable("it is away")));
        journal
    };
    let (status, text) = told(away(), request("pears")).await;
    assert!(status == 503 && text.contains("another of its Idempotency-Key may"), "{text}");
    let bare = http::Request::post("/orders").body(Body::full("two pears")).unwrap();
    let (status, text) = told(away(), bare).await;
    assert!(status == 503 && text.contains("not sent anywhere"), "{text}");
    // Somebody else may have begun anew what this call has withdrawn.
    let withdrawn = bench(Fault::Unsent, Fault::Answers);
    let plan = plan(STRICT, IdSource::Gateway);
    let answer = withdrawn.writer.handle(request("pears"), plan, "orders").await;
    assert_eq!(answer.status(), 503);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("another of its"), "its key is its client's");
    let mut full = bench(Fault::Hangs, Fault::Answers);
    full.writer = full.writer.with_config(config(&full.heard).with_writes_max(NonZeroU32::MIN));
    let second = async {
        sleep(SECOND).await;
        full.writer.handle(request("pears"), plan, "orders").await
    };
    let (_, second) = futures::join!(full.asks("pears", STRICT), second);
    assert_eq!(second.status(), 503);
    let body = second.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("another of its"), "the first is under way");
}

#[tokio::test(start_paused = true)]
async fn a_damaged_record_is_an_operator_s() {
    let rejected = || Err(StoreError::rejected("line 3 is damaged"));
    let mut journal = MockRequestJournal::new();
    journal.expect_record().returning(move |_, _, _| rejected().map(|()| unreachable!()));
    journal.expect_load().returning(move |_| rejected().map(|()| unreachable!()));
    let (status, text) = told(journal, request("pears")).await;
    assert!(status == 409 && text.contains("operator"), "{status} {text}");
}

#[tokio::test(start_paused = true)]
async fn what_the_journal_will_never_take_is_a_413() {
    let mut journal = MockRequestJournal::new();
    journal.expect_record().returning(|_, _, _| Err(StoreError::rejected("it has 3 GB")));
    journal.expect_load().returning(|_| Ok(None));
    assert_eq!(told(journal, request("pears")).await.0, 413);
}

/// What the journal holds of the first second of 1970.
fn found(notes: &[RequestNote]) -> RequestRecord {
    let new = crate::again::old();
    let state = RequestState::of(new.first, new.stamp, notes).unwrap();
    RequestRecord::new(new, notes.to_vec(), state)
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_parked_does_not_wait_for_an_operator() {
    let late = [RequestNote::Doubtful { side: Side::Legacy, why: Trouble::Late }];
    let ways = [
        ((|| StoreError::unavailable("it is away")) as fn() -> StoreError, 504, "ask again"),
        (|| StoreError::conflict("another holds it"), 409, "is under way"),
    ];
    for (error, expected, words) in ways {
        let (one, two) = (found(&late), found(&late));
        let claim = RequestClaim { key: one.new.key.clone(), epoch: one.epoch };
        let mut journal = MockRequestJournal::new();
        journal
            .expect_record()
            .returning(move |_, _, _| Ok(Recorded::Found(Box::new(one.clone()))));
        journal.expect_claim().returning(move |_, _, _| Ok(Some(claim.clone())));
        journal.expect_load().returning(move |_| Ok(Some(two.clone())));
        journal.expect_note().returning(move |_, _| Err(error()));
        let (status, text) = told(journal, request("pears")).await;
        assert!(status == expected && text.contains(words), "{status} {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_withdrawn_is_due_at_any_time() {
    let mut withdrawn = found(&[RequestNote::Withdrawn]);
    withdrawn.due_in = 300 * SECOND;
    let mut journal = MockRequestJournal::new();
    journal
        .expect_record()
        .returning(move |_, _, _| Ok(Recorded::Found(Box::new(withdrawn.clone()))));
    journal.expect_claim().times(1).returning(|_, _, _| Ok(None));
    let (status, text) = told(journal, request("pears")).await;
    assert!(status == 409 && text.contains("is under way"), "{status} {text}");
}

#[tokio::test(start_paused = true)]
async fn a_purge_that_never_ends_delays_no_request_and_no_shutdown() {
    let purges = Arc::new(AtomicUsize::new(0));
    let (counted, looks) = (Arc::clone(&purges), Arc::new(AtomicUsize::new(0)));
    let looked = Arc::clone(&looks);
    let mut journal = MockRequestJournal::new();
    journal.expect_list().returning(|_, _, _| Ok(Vec::new()));
    journal.expect_take().returning(move |_, _, _| {
        looked.fetch_add(1, Ordering::SeqCst);
        Ok(Vec::new())
    });
    journal.expect_purge().returning(move |_, limit: NonZeroUsize| {
        let before = counted.fetch_add(1, Ordering::SeqCst);
        assert!(before < 1_000, "it is purged without end, and nothing is looked for");
        Ok(limit.get())
    });
    let reached: Arc<dyn RequestJournal> = Arc::new(journal);
    let script = script_on(reached, InMemoryRequestJournal::default(), &[], &[]);
    let shutdown = async {
        while purges.load(Ordering::SeqCst) < 5 {
            tokio::task::yield_now().await;
        }
    };
    let report = script.writer.replayer().run(shutdown).await.unwrap();
    let [purges, looks] = [purges, looks].map(|count| count.load(Ordering::SeqCst));
    assert!(purges <= looks, "{purges} purges, {looks} looks for work");
    assert!(report.purged >= 256);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_a_journal_that_hangs_in_a_purge() {
    let script = crate::scripted::script(&[], &[]);
    let hangs: Arc<dyn RequestJournal> = Arc::new(Hangs::in_care(script.journal.clone()));
    let script = script_on(hangs, script.journal, &[], &[0]);
    let plan = plan(false, IdSource::Client);
    assert_eq!(script.writer.handle(request("pears"), plan, "orders").await.status(), 201);
    sleep(SECOND).await;
    let began = Instant::now();
    let report = script.writer.replayer().run(sleep(SECOND / 2)).await.unwrap();
    assert_eq!((report.done, began.elapsed()), (1, SECOND / 2), "and what is due goes first");
    let key = strangler_fig::gateway::dual::RequestKey::new("", "pears").unwrap();
    let found = script.journal.load(&key).await.unwrap().unwrap();
    assert_eq!(found.state.status(), RequestStatus::Done);
}

/// A journal with a request that is half done, whose looks for work come to no end before so long.
async fn cold(first_look: Duration) -> Script {
    let script = crate::scripted::script(&[], &[]);
    let hangs: Arc<dyn RequestJournal> =
        Arc::new(Hangs::at_first(script.journal.clone(), first_look));
    let script = script_on(hangs, script.journal, &[], &[0]);
    let plan = plan(false, IdSource::Client);
    assert_eq!(script.writer.handle(request("pears"), plan, "orders").await.status(), 201);
    script
}

#[tokio::test(start_paused = true)]
async fn a_drain_outlasts_the_first_look_of_a_journal_that_is_cold() {
    let script = cold(60 * SECOND).await;
    let report = script.writer.replayer().drain(std::future::pending()).await.unwrap();
    assert_eq!(report.done, 1);
    assert!(report.journal_errors > 5, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_drain_of_a_journal_that_is_silent_for_good_has_an_end() {
    let script = cold(Duration::from_secs(1 << 30)).await;
    let began = Instant::now();
    let error = script.writer.replayer().drain(std::future::pending()).await.unwrap_err();
    let took = began.elapsed();
    assert!((300 * SECOND..310 * SECOND).contains(&took), "{took:?}: {error}");
}

#[tokio::test(start_paused = true)]
async fn a_key_whose_request_cannot_begin_anew_may_be_another_call_s() {
    let mut last = found(&[]);
    last.new.stamp = Stamp::from_bytes([0xff; 16]);
    let notes = vec![RequestNote::Withdrawn];
    let state = RequestState::of(last.new.first, last.new.stamp, &notes).unwrap();
    let last = RequestRecord::new(last.new, notes, state);
    let claim = RequestClaim { key: last.new.key.clone(), epoch: last.epoch };
    let again = last.clone();
    let mut journal = MockRequestJournal::new();
    journal.expect_record().returning(move |_, _, _| Ok(Recorded::Found(Box::new(last.clone()))));
    journal.expect_claim().returning(move |_, _, _| Ok(Some(claim.clone())));
    journal.expect_load().returning(move |_| Ok(Some(again.clone())));
    let (status, text) = told(journal, request("pears")).await;
    assert!(status == 503 && text.contains("another of its Idempotency-Key may"), "{text}");
}

use hangs::Hangs;

mod hangs {
    use std::future::pending;
    use std::num::NonZeroUsize;
    use std::time::Duration;

    use strangler_fig::async_trait;
    use strangler_fig::error::StoreError;
    use strangler_fig::gateway::dual::{
        NewRequest, Recorded, RequestAppend, RequestClaim, RequestJournal, RequestKey,
        RequestRecord, RequestRetention, Shelf,
    };
    use strangler_fig::memory::InMemoryRequestJournal;
    use strangler_fig::phase::NodeId;
    use tokio::time::{Instant, sleep_until};

    /// A journal of which some calls do not end.
    #[derive(Debug)]
    pub(super) struct Hangs {
        journal: InMemoryRequestJournal,
        /// Whether lists and purges never end.
        in_care: bool,
        /// No look for work ends before.
        looks_from: Instant,
    }

    impl Hangs {
        pub(super) fn in_care(journal: InMemoryRequestJournal) -> Self {
            Self { journal, in_care: true, looks_from: Instant::now() }
        }

        pub(super) fn at_first(journal: InMemoryRequestJournal, first_look: Duration) -> Self {
            Self { journal, in_care: false, looks_from: Instant::now() + first_look }
        }

        async fn cares(&self) {
            if self.in_care {
                pending::<()>().await;
            }
        }
    }

    #[async_trait]
    impl RequestJournal for Hangs {
        async fn record(
            &self,
            request: &NewRequest,
            holder: &NodeId,
            term: Duration,
        ) -> Result<Recorded, StoreError> {
            self.journal.record(request, holder, term).await
        }

        async fn note(
            &self,
            claim: &RequestClaim,
            append: &RequestAppend<'_>,
        ) -> Result<(), StoreError> {
            self.journal.note(claim, append).await
        }

        async fn load(&self, key: &RequestKey) -> Result<Option<RequestRecord>, StoreError> {
            self.journal.load(key).await
        }

        async fn claim(
            &self,
            key: &RequestKey,
            holder: &NodeId,
            term: Duration,
        ) -> Result<Option<RequestClaim>, StoreError> {
            self.journal.claim(key, holder, term).await
        }

        async fn take(
            &self,
            holder: &NodeId,
            limit: NonZeroUsize,
            term: Duration,
        ) -> Result<Vec<(RequestClaim, RequestRecord)>, StoreError> {
            sleep_until(self.looks_from).await;
            self.journal.take(holder, limit, term).await
        }

        async fn list(
            &self,
            wanted: Shelf,
            after: Option<&RequestKey>,
            limit: NonZeroUsize,
        ) -> Result<Vec<RequestRecord>, StoreError> {
            self.cares().await;
            self.journal.list(wanted, after, limit).await
        }

        async fn purge(
            &self,
            retention: RequestRetention,
            limit: NonZeroUsize,
        ) -> Result<usize, StoreError> {
            self.cares().await;
            self.journal.purge(retention, limit).await
        }
    }
}
