//! What goes wrong with keys and contents that nobody may see: log lines and spans have none of them.

use std::future::pending;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use strangler_fig::backfill::{Backfiller, CheckpointStore};
use strangler_fig::consistency::ConsistencyChecker;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    EventConsumer, EventEnvelope, EventId, EventPayload, EventPublisher, EventSubscriber,
    SubscriptionLimits, handler_fn,
};
use strangler_fig::key::KeyExt;
use strangler_fig::memory::{
    InMemoryBus, InMemoryCheckpointStore, InMemoryRepairQueue, InMemoryRepository,
    InMemorySagaJournal,
};
use strangler_fig::phase::{
    Fleet, Incarnation, MigrationState, Move, MoveId, NodeId, Phase, PhaseTracker,
};
use strangler_fig::reconcile::{Reconciler, ReconcilerConfig, RepairNote, RepairQueue};
use strangler_fig::repository::{
    Applied, MigrationRepository, Page, ScanRepository, StampedRepository,
};
use strangler_fig::saga::{
    NewSaga, Payload, SagaBuilder, SagaConfig, SagaDefinition, SagaEntry, SagaJournal,
    SagaOrchestrator, StepError, StepOutput, Wire, step_fn,
};
use strangler_fig::stamp::Record;
use tokio::sync::Notify;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;

use crate::logs::Lines;

/// It is part of every key and content here.
pub(crate) const SECRET: &str = "secret-4929";

/// Whatever the secret may be written as.
fn forms() -> [String; 3] {
    let hex = |byte: &u8| format!("{byte:02x}");
    [
        SECRET.to_owned(),
        SECRET.as_bytes().iter().map(hex).collect(),
        format!("{:?}", SECRET.as_bytes()).trim_matches(['[', ']']).to_owned(),
    ]
}

pub(crate) fn is_clean(text: &str) -> bool {
    let text = text.to_lowercase();
    !forms().iter().any(|form| text.contains(form))
}

struct Heard {
    lines: Lines,
    _listening: DefaultGuard,
}

impl Heard {
    fn new() -> Self {
        let lines = Lines::default();
        let subscriber = Registry::default().with(lines.clone());
        Self { lines, _listening: tracing::subscriber::set_default(subscriber) }
    }

    /// Asserts that each of these was said, and nothing of the secret.
    fn said(&self, expected: &[&str]) -> String {
        let said = self.lines.said();
        for line in expected {
            assert!(said.contains(line), "{line}: {said}");
        }
        assert!(is_clean(&said), "{said}");
        said
    }
}

#[test]
fn what_is_said_is_heard_in_whatever_form() {
    for form in forms() {
        let told: [&dyn Fn(); 4] = [
            &|| tracing::debug!(error = form),
            &|| tracing::warn!("{form}"),
            &|| drop(tracing::info_span!("span", key = %form)),
            &|| {
                let span = tracing::debug_span!("span", key = tracing::field::Empty);
                span.record("key", form.as_str());
            },
        ];
        for tell in told {
            let heard = Heard::new();
            assert!(is_clean(&heard.lines.said()));
            tell();
            assert!(!is_clean(&heard.lines.said()), "{form}");
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct User {
    id: String,
    card: String,
}

fn user(n: u32) -> User {
    User { id: format!("{SECRET}-{n}"), card: format!("{SECRET}/{n}") }
}

/// A store that takes nothing more, and says of what.
#[derive(Debug)]
struct Full {
    rows: InMemoryRepository<String, User>,
    is_full: bool,
}

#[strangler_fig::async_trait]
impl StampedRepository for Full {
    type Key = String;
    type Entity = User;

    fn key(&self, user: &User) -> String {
        user.id.clone()
    }

    async fn read(&self, key: &String) -> Result<Record<User>, StoreError> {
        self.rows.read(key).await
    }

    async fn apply(&self, key: &String, record: &Record<User>) -> Result<Applied, StoreError> {
        if self.is_full {
            return Err(StoreError::rejected(format!("no room for {key}")));
        }
        self.rows.apply(key, record).await
    }
}

#[strangler_fig::async_trait]
impl ScanRepository for Full {
    async fn scan(
        &self,
        after: Option<&String>,
        limit: NonZeroUsize,
    ) -> Result<Page<String, User>, StoreError> {
        self.rows.scan(after, limit).await
    }

    async fn last_key(&self) -> Result<Option<String>, StoreError> {
        self.rows.last_key().await
    }
}

/// Three users in legacy, and none in modern.
fn users(phase: Phase, is_full: bool) -> MigrationRepository<Full, Full> {
    let mut state = MigrationState::new("users".parse().unwrap());
    if phase != Phase::LegacyOnly {
        let step = Move::to(phase);
        state = state.transition(&step, MoveId::random().unwrap(), &Fleet::default()).unwrap();
    }
    let full =
        |is_full| Full { rows: InMemoryRepository::new(|user: &User| user.id.clone()), is_full };
    let (legacy, modern) = (full(false), full(is_full));
    (0..3).for_each(|n| legacy.rows.plant(user(n)));
    MigrationRepository::new(legacy, modern, PhaseTracker::detached(state)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_backfill_tells_on_one_line_how_many_records_it_could_not_copy() {
    let (heard, users) = (Heard::new(), users(Phase::LegacyOnly, true));
    let checkpoints: Arc<dyn CheckpointStore> = Arc::new(InMemoryCheckpointStore::default());
    let repairs: Arc<dyn RepairQueue> = Arc::new(InMemoryRepairQueue::default());
    let backfiller = Backfiller::new(&users, checkpoints, repairs, "users".parse().unwrap());
    let report = backfiller.run(pending()).await.unwrap();
    assert_eq!(report.failed_keys.len(), 3);
    assert!(!is_clean(&report.to_string()), "people may see which");
    let said = heard.said(&["backfilled"]);
    let line = said.lines().find(|line| line.contains("backfilled")).unwrap();
    assert!(line.contains("3 failed, in "), "{line}");
}

#[tokio::test(start_paused = true)]
async fn a_repair_tells_what_became_of_a_key_and_not_of_which() {
    for (is_full, line) in [(true, "a key was parked"), (false, "a key was repaired")] {
        let (heard, users) = (Heard::new(), users(Phase::DualWrite, is_full));
        let repairs = Arc::new(InMemoryRepairQueue::default());
        let note = |n| RepairNote { key: user(n).id.to_bytes(), reason: "mismatch".to_owned() };
        repairs.note(&[note(0), note(1)]).await.unwrap();
        let config = ReconcilerConfig::default().with_attempts_max(NonZeroU32::MIN);
        let reconciler = Reconciler::new(&users, repairs).with_config(config);
        reconciler.drain(pending()).await.unwrap();
        heard.said(&[line, "strangler.repair"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweep_and_a_check_tell_how_many_keys_differ() {
    let (heard, users) = (Heard::new(), users(Phase::DualWrite, true));
    let report = ConsistencyChecker::new(&users).full(pending()).await;
    assert!(!report.is_consistent());
    heard.said(&["the stores differ"]);
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_other_side_fails_tells_that_and_not_of_what() {
    let (heard, users) = (Heard::new(), users(Phase::DualWrite, true));
    users.save(user(7)).await.unwrap();
    users.drained().await;
    heard.said(&["the stores may differ in a key", "strangler.write"]);
}

fn orchestrator(journal: &Arc<dyn SagaJournal>) -> SagaOrchestrator {
    SagaOrchestrator::with_runner(journal.clone(), node("node-1"), SagaConfig::default())
}

fn node(name: &str) -> NodeId {
    NodeId { name: name.parse().unwrap(), incarnation: Incarnation::random().unwrap() }
}

fn saga<T: StepOutput>(
    step: impl Fn(T) -> Result<T, StepError> + Send + Sync + 'static,
) -> SagaDefinition<T, T> {
    let mut saga = SagaBuilder::<T>::new("order", 1);
    let (step, input) = (Arc::new(step), saga.input());
    let charge = step_fn(move |card: T, _| {
        let step = step.clone();
        async move { step(card) }
    });
    let charged = saga.step("charge", charge, input);
    saga.build(charged).unwrap()
}

/// It panics when it is read, with what it was read from.
#[derive(Debug, Clone, Serialize)]
struct Panicking(String);

impl<'de> Deserialize<'de> for Panicking {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        panic!("what is {}?", String::deserialize(deserializer)?)
    }
}

/// A saga that somebody else has begun by the same steps.
async fn taken_over<T: StepOutput>(input: Payload, output: Option<Payload>) {
    let (heard, saga) = (Heard::new(), saga::<T>(Ok));
    let journal: Arc<dyn SagaJournal> = Arc::new(InMemorySagaJournal::default());
    let [id, definition] = ["s".to_owned(), saga.id().to_string()];
    let new = NewSaga {
        id: id.parse().unwrap(),
        definition: definition.parse().unwrap(),
        input: 7,
        parent: None,
    };
    let step = || "charge".parse().unwrap();
    let mut entries = vec![SagaEntry::Begun { input, deadline_unix_ms: None, traceparent: None }];
    entries.extend(output.into_iter().flat_map(|output| {
        [SagaEntry::Started { step: step() }, SagaEntry::Succeeded { step: step(), output }]
    }));
    journal.create(&new, &entries, &node("dead"), Duration::ZERO).await.unwrap();
    let orchestrator = orchestrator(&journal);
    orchestrator.register(&saga);
    assert_eq!(orchestrator.recover().await.unwrap(), 0);
    heard.said(&["a saga cannot be taken over"]);
}

#[tokio::test(start_paused = true)]
async fn a_saga_whose_values_are_of_another_type_is_not_quoted() {
    let card = || Payload::of(SECRET).unwrap();
    taken_over::<u32>(card(), None).await;
    taken_over::<u32>(Payload::of(&7).unwrap(), Some(card())).await;
    taken_over::<Panicking>(card(), None).await;
}

#[tokio::test(start_paused = true)]
async fn a_step_that_fails_or_panics_is_not_quoted() {
    let refused = |card: String| Err(StepError::rejected(format!("no card {card}")));
    let panicked = |card: String| -> Result<String, StepError> { panic!("no card {card}") };
    for saga in [saga(refused), saga(panicked)] {
        let heard = Heard::new();
        let journal: Arc<dyn SagaJournal> = Arc::new(InMemorySagaJournal::default());
        let orchestrator = orchestrator(&journal);
        let id = "s".parse().unwrap();
        let started = orchestrator.start(&saga, id, SECRET.to_owned()).await.unwrap();
        let _ = tokio::time::timeout(Duration::from_secs(600), started.wait()).await;
        heard.said(&["a step has failed", "step=charge"]);
        let record = orchestrator.inspect(&"s".parse().unwrap()).await.unwrap();
        let written = |entry: &SagaEntry| !is_clean(&entry.to_document());
        assert!(record.entries[1..].iter().any(written), "the journal says why");
    }
}

#[tokio::test(start_paused = true)]
async fn an_output_that_cannot_be_made_is_not_quoted() {
    let heard = Heard::new();
    let mut saga = SagaBuilder::<String>::new("order", 1);
    let input = saga.input();
    let charged = saga.step("charge", step_fn(|card: String, _| async move { Ok(card) }), input);
    let saga = saga.build(charged.map(|card| -> String { panic!("no card {card}") })).unwrap();
    let journal: Arc<dyn SagaJournal> = Arc::new(InMemorySagaJournal::default());
    let orchestrator = orchestrator(&journal);
    let started = orchestrator.start(&saga, "s".parse().unwrap(), SECRET.to_owned());
    let _ = tokio::time::timeout(Duration::from_secs(600), started.await.unwrap().wait()).await;
    heard.said(&["a saga's output cannot be written"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_given_up_is_not_quoted() {
    let (heard, bus) = (Heard::new(), InMemoryBus::default());
    let (name, topic) = ("billing".parse().unwrap(), "shop.orders".parse().unwrap());
    let topics = vec!["shop.orders".parse().unwrap()];
    bus.subscribe(&name, &[topic], SubscriptionLimits::default()).await.unwrap();
    let event = EventEnvelope::new(
        EventId::random().unwrap(),
        "/shop/orders".parse().unwrap(),
        "order.created".parse().unwrap(),
        SECRET.parse().unwrap(),
        EventPayload::json(SECRET).unwrap(),
    );
    let message = event.to("shop.orders".parse().unwrap());
    bus.publish(&[message]).await.into_iter().for_each(|taken| taken.unwrap());
    let done = Arc::new(Notify::new());
    let handler = {
        let done = done.clone();
        handler_fn(move |event, _| {
            let read = event.payload.as_json().unwrap().read::<u32>();
            done.notify_one();
            async move { read.map(drop).map_err(StoreError::rejected) }
        })
    };
    let consumer = EventConsumer::new(Arc::new(bus), name, topics, Arc::new(handler));
    consumer.run(done.notified()).await.unwrap();
    heard.said(&["an event was given up", "strangler.handle"]);
}

/// Files that are whole, with a line that cannot be; journals read them on threads of their own.
mod files {
    use std::fs;
    use std::path::PathBuf;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use strangler_fig::memory::{FileJournalError, FileSagaJournal};
    use strangler_fig::saga::{Created, SagaFilter};
    use twox_hash::XxHash3_64;

    use super::*;

    /// What is said on threads of nobody's.
    fn everywhere() -> &'static Lines {
        static LINES: OnceLock<Lines> = OnceLock::new();
        LINES.get_or_init(|| {
            let lines = Lines::default();
            let subscriber = Registry::default().with(lines.clone());
            tracing::subscriber::set_global_default(subscriber).unwrap();
            lines
        })
    }

    struct Scratch(PathBuf);

    impl Scratch {
        fn new() -> Self {
            static MADE: AtomicU32 = AtomicU32::new(0);
            let number = MADE.fetch_add(1, Ordering::Relaxed);
            let own = format!("strangler-fig-observe-{}-{number}", std::process::id());
            let directory = std::env::temp_dir().join(own);
            fs::create_dir_all(&directory).unwrap();
            Self(directory)
        }

        /// Gives the only file that ends so another line, with the checksum it should have.
        fn forge(&self, ending: &str, format: &str) {
            let mut names = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
            let is_it = |path: &PathBuf| path.to_string_lossy().ends_with(ending);
            let file = names.find(is_it).unwrap();
            let line = format!("\"{SECRET}\"");
            let seal = XxHash3_64::oneshot_with_seed(0, line.as_bytes());
            let head = format!("{{\"format\":\"{format}\",\"version\":1}}");
            fs::write(file, format!("{head}\n{seal:016x} {line}\n")).unwrap();
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// Asserts that an error says nothing of the secret, and that a line like this was logged.
    fn said(error: &StoreError, expected: &str) {
        let said = everywhere().said();
        assert!(said.contains(expected), "{said}");
        assert!(is_clean(&said), "{said}");
        assert!(is_clean(&error.with_causes()) && is_clean(&format!("{error:?}")), "{error:?}");
    }

    #[tokio::test]
    async fn a_saga_s_file_is_not_quoted() {
        everywhere();
        let (scratch, saga) = (Scratch::new(), saga::<u32>(Ok));
        let journal = FileSagaJournal::new(&scratch.0);
        let id: strangler_fig::saga::SagaId = "s".parse().unwrap();
        let definition = saga.id().clone();
        let new = NewSaga { id: id.clone(), definition, input: 7, parent: None };
        let input = Payload::of(&7).unwrap();
        let begun = SagaEntry::Begun { input, deadline_unix_ms: None, traceparent: None };
        let created = journal.create(&new, &[begun], &node("n"), Duration::ZERO).await.unwrap();
        assert!(matches!(created, Created::New(_)));
        scratch.forge(".saga", "strangler-fig/saga-file");
        journal.list(&SagaFilter::default(), None, NonZeroUsize::MAX).await.unwrap();
        let error = journal.load(&id).await.unwrap_err();
        let cause = error.downcast_ref::<FileJournalError>().unwrap();
        let FileJournalError::Broken { source, .. } = cause else { panic!("{cause:?}") };
        assert!(!is_clean(&source.quoting().to_string()), "whoever asks is told");
        said(&error, "a saga's file cannot be read, and lists leave it out");
    }

    #[cfg(feature = "http")]
    #[tokio::test]
    async fn a_request_s_file_is_not_quoted() {
        use strangler_fig::gateway::dual::{
            Fingerprint, NewRequest, RecordedRequest, RequestJournal, RequestKey, Shelf,
        };
        use strangler_fig::memory::FileRequestJournal;
        use strangler_fig::phase::Side;
        use strangler_fig::stamp::Stamp;

        everywhere();
        let scratch = Scratch::new();
        let journal = FileRequestJournal::new(&scratch.0);
        let key = RequestKey::new(SECRET, SECRET).unwrap();
        let new = NewRequest {
            key: key.clone(),
            fingerprint: Fingerprint::of("POST", "/cards", SECRET.as_bytes()),
            request: RecordedRequest {
                method: "POST".to_owned(),
                target: format!("/cards/{SECRET}"),
                headers: vec![("card".to_owned(), SECRET.into())],
                body: SECRET.into(),
            },
            stamp: Stamp::from_bytes([7; 16]),
            first: Side::Legacy,
            is_strict: true,
            answers: Side::Legacy,
            rule: "cards".to_owned(),
            entity_id: None,
        };
        journal.record(&new, &node("n"), Duration::ZERO).await.unwrap();
        scratch.forge(".request", "strangler-fig/request-file");
        journal.list(Shelf::Parked, None, NonZeroUsize::MAX).await.unwrap();
        let error = journal.load(&key).await.unwrap_err();
        said(&error, "a request's file cannot be read, and is left out");
    }
}

/// A request and its responses, of which path, headers and bodies are secret.
#[cfg(feature = "http")]
mod requests {
    use http_body_util::BodyExt;
    use strangler_fig::gateway::{
        Body, Gateway, Mirror, Request, Response, ResponseFields, Upstream,
    };
    use strangler_fig::phase::{Share, Side};
    use strangler_fig::route::{RouteTable, RuleBuilder, TableHandle};

    use super::*;

    #[derive(Debug)]
    struct Service(Result<&'static str, ()>);

    #[strangler_fig::async_trait]
    impl Upstream for Service {
        async fn send(&self, _: Request) -> Result<Response, StoreError> {
            let side = self.0.map_err(|()| StoreError::unavailable("it starts"))?;
            Ok(Response::new(Body::full(format!("{{\"card\":\"{SECRET}/{side}\"}}"))))
        }
    }

    async fn asked(legacy: Service, modern: Service) {
        let all = RuleBuilder::prefix("all", "/").to(Side::Legacy).with_mirror(Share::WHOLE);
        let tables = TableHandle::new(RouteTable::builder("shop").rule(all).build().unwrap());
        let mirror = Mirror::new(Arc::new(ResponseFields::default()));
        let gateway = Gateway::builder(tables, Arc::new(legacy), Arc::new(modern));
        let gateway = gateway.with_mirror(mirror).build().unwrap();
        let request = http::Request::get(format!("/cards/{SECRET}?card={SECRET}"));
        let request = request.header("host", "shop.example").header("authorization", SECRET);
        let request = request.header("idempotency-key", SECRET).body(Body::empty()).unwrap();
        let _ = gateway.handle(request).await.into_body().collect().await;
        gateway.drained().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_not_quoted() {
        let heard = Heard::new();
        asked(Service(Ok("legacy")), Service(Ok("modern"))).await;
        asked(Service(Err(())), Service(Ok("modern"))).await;
        heard.said(&["mirrored responses differ", "a side gave no answer", "strangler.request"]);
    }
}
