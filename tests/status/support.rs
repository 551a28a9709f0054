//! A migration in memory with all that watches it: a board, signals, a guard, a repair queue, sagas.

use std::collections::BTreeMap;
use std::future::pending;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde::Serialize;
use serde_json::Value;
use strangler_fig::clock::ManualClock;
use strangler_fig::consistency::{CheckReport, CheckerConfig, ConsistencyChecker, FieldComparator};
use strangler_fig::controller::{
    Before, ChangeRequest, ControllerConfig, GuardConfig, LastVerification, LiveSignals,
    MigrationController, MismatchRateBelow, Rate, RollbackGuard, VerificationSource,
};
use strangler_fig::memory::{
    InMemoryRepairQueue, InMemoryRepository, InMemorySagaJournal, InMemoryStateService,
};
use strangler_fig::observe::{MetricsObserver, Observers};
use strangler_fig::phase::{
    MigrationName, MigrationState, MigrationStateService, Phase, PhaseTracker, Share, TrackerConfig,
};
use strangler_fig::reconcile::{RepairQueue, Sweep};
use strangler_fig::repository::{MigrationConfig, MigrationRepository};
use strangler_fig::stamp::StampClock;
use strangler_fig::status::{
    Colour, MigrationStatus, SagaStatuses, SagasConfig, StatusBoard, StatusConfig,
};
use strangler_fig::testkit::faults::FaultyRepository;

use crate::markup;

pub(crate) const NOON: u64 = 1_700_000_000_000;
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const WINDOW: Duration = Duration::from_secs(60);

/// A parcel with fields of any names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Parcel {
    pub(crate) id: u32,
    pub(crate) fields: BTreeMap<String, String>,
}

pub(crate) fn parcel(id: u32, city: &str) -> Parcel {
    Parcel { id, fields: [("city".to_owned(), city.to_owned())].into() }
}

pub(crate) type Store = FaultyRepository<InMemoryRepository<u32, Parcel>>;

/// What is seen at a moment, in every output.
pub(crate) struct Picture {
    pub(crate) status: MigrationStatus,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) json: Value,
}

impl Picture {
    pub(crate) fn of(status: MigrationStatus) -> Self {
        let (text, html) = (status.to_text(Colour::Never), status.to_html());
        let json = serde_json::from_str(&status.to_json()).unwrap();
        Self { status, text, html, json }
    }

    /// Text and page both say so, a page in whatever elements.
    pub(crate) fn says(&self, words: &[&str]) {
        let (text, page) = (one_line(&self.text), one_line(&markup::text(&self.html)));
        for words in words {
            assert!(text.contains(words), "the text lacks {words:?}:\n{}", self.text);
            let words = words.replace(" [", " ").replace(']', "");
            assert!(page.contains(&words), "the page lacks {words:?}:\n{page}");
        }
    }

    /// Neither says so.
    pub(crate) fn is_silent_about(&self, words: &str) {
        assert!(!one_line(&self.text).contains(words), "the text says {words:?}:\n{}", self.text);
        assert!(!one_line(&markup::text(&self.html)).contains(words), "the page says {words:?}");
    }

    /// What the JSON has there.
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.json.pointer(pointer).unwrap_or(&Value::Null)
    }
}

pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) struct World {
    pub(crate) users: MigrationRepository<Store, Store>,
    pub(crate) service: Arc<InMemoryStateService>,
    pub(crate) board: Arc<StatusBoard>,
    pub(crate) signals: Arc<LiveSignals>,
    pub(crate) queue: Arc<InMemoryRepairQueue>,
    pub(crate) journal: Arc<InMemorySagaJournal>,
    pub(crate) verified: Arc<LastVerification>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) observers: Arc<Observers>,
    told: Arc<MetricsObserver>,
    scrape: PrometheusHandle,
    // What this thread tells of metrics goes there.
    _recording: metrics::LocalRecorderGuard<'static>,
    last_check: std::sync::Mutex<Option<CheckReport<u32>>>,
    follower: tokio::task::JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

pub(crate) fn name() -> MigrationName {
    "parcels".parse().unwrap()
}

pub(crate) fn ann() -> ChangeRequest {
    ChangeRequest::new("ann".parse().unwrap(), "OPS-12: parcels move".parse().unwrap())
}

pub(crate) fn guarded() -> GuardConfig {
    let samples = NonZeroU64::new(20).unwrap();
    GuardConfig::default().with_window(WINDOW).with_samples_min(samples).with_poll_interval(SECOND)
}

impl World {
    pub(crate) async fn new() -> Self {
        let service = Arc::new(InMemoryStateService::default());
        service.create(&MigrationState::new(name())).await.unwrap();
        let clock = Arc::new(ManualClock::at(NOON));
        let config = StatusConfig::default()
            .following(&guarded())
            .with_stale_after(Duration::from_secs(3_600))
            .with_clock(clock.clone());
        let board = Arc::new(StatusBoard::new(config));
        let signals = Arc::new(LiveSignals::default());
        let recorder = PrometheusBuilder::new().build_recorder();
        let (scrape, recorder) = (recorder.handle(), Box::leak(Box::new(recorder)));
        let recording = metrics::set_default_local_recorder(recorder);
        let told = Arc::new(MetricsObserver::new());
        let observers = Observers::default()
            .with_observer(board.clone())
            .with_observer(signals.clone())
            .with_observer(told.clone());
        let observers = Arc::new(observers);
        let node = "node-1".parse().unwrap();
        let config = TrackerConfig::default().with_observer(observers.clone());
        let tracker = PhaseTracker::start(service.clone(), name(), node, config).await.unwrap();
        let [legacy, modern] =
            [(); 2].map(|()| Store::new(InMemoryRepository::new(|parcel: &Parcel| parcel.id)));
        let config = MigrationConfig::default()
            .with_shadow_share(Share::WHOLE)
            .with_observer(observers.clone());
        let stamps = Arc::new(StampClock::new().unwrap());
        let users =
            MigrationRepository::with_parts(legacy, modern, tracker.clone(), stamps, config)
                .unwrap();
        let follower = tokio::spawn(async move {
            let _ = tracker.run(pending()).await;
        });
        Self {
            users,
            service,
            board,
            signals,
            queue: Arc::default(),
            journal: Arc::default(),
            verified: Arc::new(LastVerification::new().with_clock(clock.clone())),
            clock,
            observers,
            told,
            scrape,
            _recording: recording,
            last_check: std::sync::Mutex::default(),
            follower,
        }
    }

    pub(crate) fn controller(&self) -> MigrationController {
        let config = ControllerConfig::default()
            .with_clock(self.clock.clone())
            .with_observer(self.observers.clone());
        let samples = NonZeroU64::new(20).unwrap();
        let gate = MismatchRateBelow::new(self.signals.clone(), Rate::percent(1), WINDOW);
        MigrationController::new(self.service.clone(), name())
            .with_config(config)
            .with_sweeper(Arc::new(Sweep::new(&self.users)))
            .with_gate(Before::Entering(Phase::Cutover), Arc::new(gate.with_samples_min(samples)))
    }

    pub(crate) fn guard(&self) -> RollbackGuard {
        RollbackGuard::new(Arc::new(self.controller()), self.signals.clone()).with_config(guarded())
    }

    pub(crate) async fn passes(&self, time: Duration) {
        tokio::time::sleep(time).await;
        self.clock.advance(time);
    }

    /// Ann brings it there, and the node follows.
    pub(crate) async fn goes_to(&self, phase: Phase) {
        self.controller().advance_to(phase, &ann()).await.unwrap();
        self.passes(SECOND * 2).await;
    }

    pub(crate) fn checker(&self) -> ConsistencyChecker<Store, Store> {
        let config = CheckerConfig::default().with_observer(self.observers.clone());
        ConsistencyChecker::new(&self.users).with_config(config)
    }

    /// Checks every key, and remembers it.
    pub(crate) async fn checked_by(&self, comparator: FieldComparator) {
        let report = self.checker().with_comparator(comparator).full(pending()).await;
        self.verified.record(&report);
        *self.last_check.lock().unwrap() = Some(report);
    }

    /// What grows older by itself is told as it is now.
    pub(crate) fn refresh(&self) {
        self.told.refresh();
    }

    /// The value of a series, as it is scraped.
    pub(crate) fn metric(&self, series: &str) -> Option<f64> {
        let text = self.scrape.render();
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map(|value| value.parse().unwrap())
    }

    /// The same, of one that must be there.
    pub(crate) fn counts(&self, series: &str, expected: f64) {
        let found = self.metric(series);
        let near = found.is_some_and(|found| (found - expected).abs() < 1e-9);
        assert!(near, "{series} is {found:?}, not {expected}:\n{}", self.scrape.render());
    }

    /// What an operator sees now.
    pub(crate) async fn picture(&self) -> Picture {
        let controller = self.controller().status().await.unwrap();
        let sagas = SagaStatuses::of(&*self.journal, SagasConfig::default()).await;
        let mut status = self
            .board
            .status(&controller)
            .with_verification(self.verified.last().await.unwrap())
            .with_repairs(self.queue.depth().await.unwrap())
            .with_sagas(sagas);
        if let Some(report) = &*self.last_check.lock().unwrap() {
            status = status.with_differences(report);
        }
        Picture::of(status)
    }

    pub(crate) async fn saves(&self, ids: std::ops::Range<u32>) {
        for id in ids {
            self.users.save(parcel(id, "Bern")).await.unwrap();
        }
    }

    pub(crate) async fn reads(&self, ids: std::ops::Range<u32>) {
        for id in ids {
            self.users.find(&id).await.unwrap();
        }
        self.users.drained().await;
    }
}
