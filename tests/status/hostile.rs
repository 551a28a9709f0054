//! What somebody has written to be taken for something else: in keys, fields, values, actors, reasons, evidence, names
//! and errors. It stands nowhere unescaped, and what may not be shown nowhere at all.

use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::backfill::Backfiller;
use strangler_fig::consistency::{CheckerConfig, ConsistencyChecker, FieldComparator};
use strangler_fig::controller::{Before, ChangeRequest, GateFn, GateReading};
use strangler_fig::error::StoreError;
use strangler_fig::memory::{InMemoryCheckpointStore, InMemoryRepository};
use strangler_fig::phase::{Evidence, Fleet, Move, MoveId, MoveNote, NodeId, Phase, Share};
use strangler_fig::repository::{MigrationConfig, MigrationRepository};
use strangler_fig::resilience::{BreakerConfig, CircuitBreaker};
use strangler_fig::saga::{
    Created, NewSaga, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId, SagaJournal,
};
use strangler_fig::stamp::StampClock;
use strangler_fig::status::{Colour, MigrationStatus, SagaStatuses, SagasConfig};
use strangler_fig::worker::Progress;

use crate::sagas::PANICS;
use crate::support::{Parcel, Picture, World};
use crate::{log, markup};

/// Markup, entities, escapes of a terminal, controls, overrides of direction, formulas, quotes, and what joins nothing.
const HOSTILE: &str = "</style><script>alert(1)</script><img src=x onerror=alert(2)>\"'`&lt;\u{1b}[2J\u{1b}]0;owned\u{7}\r\n\
    \u{9b}31m\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}\u{2028}\u{e0041}\0\u{8}{{7*7}}${jndi:x}=cmd()|<!--";
/// As far as a text may go that takes no controls.
const HOSTILE_LINE: &str = "<b onclick=x>\u{202e}\u{2066}&\"'</b>\u{200b}";
/// What no output may show: a value that the comparator redacts, and a key that is a text.
const SECRET: &str = "4929-1234-SECRET";

/// A journal that answers with an error of this text.
#[derive(Debug)]
pub(crate) struct Broken(pub(crate) &'static str);

impl Broken {
    fn error<T>(&self) -> Result<T, StoreError> {
        Err(StoreError::unavailable(self.0))
    }
}

#[async_trait]
impl SagaJournal for Broken {
    async fn create(
        &self,
        _: &NewSaga,
        _: &[SagaEntry],
        _: &NodeId,
        _: Duration,
    ) -> Result<Created, StoreError> {
        self.error()
    }

    async fn append(
        &self,
        _: &SagaClaim,
        _: &SagaAppend<'_>,
        _: Duration,
    ) -> Result<(), StoreError> {
        self.error()
    }

    async fn load(&self, _: &SagaId) -> Result<Option<(SagaHeader, Vec<SagaEntry>)>, StoreError> {
        self.error()
    }

    async fn claim(
        &self,
        _: &SagaId,
        _: &NodeId,
        _: Duration,
    ) -> Result<Option<SagaClaim>, StoreError> {
        self.error()
    }

    async fn renew(&self, _: &[SagaClaim], _: Duration) -> Result<Vec<SagaId>, StoreError> {
        self.error()
    }

    async fn release(&self, _: &SagaClaim) -> Result<(), StoreError> {
        self.error()
    }

    async fn list(
        &self,
        _: &SagaFilter,
        _: Option<&SagaId>,
        _: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, StoreError> {
        self.error()
    }

    async fn purge(&self, _: &SagaId) -> Result<(), StoreError> {
        self.error()
    }
}

fn megabyte() -> String {
    HOSTILE.repeat(1_000_000 / HOSTILE.len() + 1)
}

fn hostile_parcel(id: u32, value: &str) -> Parcel {
    let field = |name: String| (name, format!("{value}{SECRET}{HOSTILE}"));
    Parcel { id, fields: [field(HOSTILE.to_owned()), field(format!("f{}", megabyte()))].into() }
}

/// What is wrong with an output, if anything is.
fn fault(output: &str) -> Option<String> {
    let unseen = |c: char| {
        c != '\n'
            && (c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                    | '\u{feff}' | '\u{e0000}'..='\u{e007f}'))
    };
    if let Some(c) = output.chars().find(|c| unseen(*c)) {
        return Some(format!("{} stands there", c.escape_unicode()));
    }
    if output.contains(SECRET) {
        return Some("the secret stands there".to_owned());
    }
    (output.len() > 300_000).then(|| format!("{} bytes", output.len()))
}

fn is_safe(status: &MigrationStatus) {
    let seen = Picture::of(status.clone());
    let json = status.to_json();
    for (name, output) in [
        ("text", &seen.text),
        ("page", &seen.html),
        ("json", &json),
        ("course", &status.to_mermaid()),
    ] {
        assert_eq!(fault(output), None, "{name}");
    }
    assert!(!json.contains('<') && !json.contains('&'), "JSON may stand in a page");
    assert!(seen.text.lines().all(|line| line.chars().count() <= 100), "no line is longer");
    // It holds the elements of the page, in their order, and no other.
    markup::read(&seen.html).unwrap();
    let coloured = status.to_text(Colour::Always).replace("\u{1b}[", "");
    assert_eq!(fault(&coloured), None, "of the escapes only those of the colours are there");
}

/// A state whose last move tells a megabyte of evidence: not by way of [`Evidence::new`], which cuts it.
async fn told_by_a_stranger(world: &World) {
    use strangler_fig::phase::MigrationStateService;
    let found = world.service.current(&crate::support::name()).await.unwrap().unwrap();
    let step = Move::ExpectNodes(std::num::NonZeroU32::MIN);
    let next = found.state.transition(&step, MoveId::random().unwrap(), &Fleet::default()).unwrap();
    let mut evidence = Evidence::new("gate", "saw", true);
    (evidence.gate, evidence.saw) = (megabyte(), megabyte());
    let mut note =
        MoveNote::of(HOSTILE_LINE.parse().unwrap(), HOSTILE_LINE.repeat(15).parse().unwrap());
    note.evidence = vec![evidence];
    let next = next.with_record(&step, note);
    world.service.compare_and_set(found.revision, &next).await.unwrap();
}

async fn attacked(world: &World) -> MigrationStatus {
    let actor = HOSTILE_LINE.parse().unwrap();
    let request = ChangeRequest::new(actor, HOSTILE_LINE.parse().unwrap());
    world.controller().advance_to(Phase::DualWrite, &request).await.unwrap();
    world.passes(Duration::from_secs(2)).await;
    told_by_a_stranger(world).await;
    for id in 0..3 {
        world.users.save(hostile_parcel(id, "a")).await.unwrap();
        world.users.modern().inner().plant(hostile_parcel(id, "b"));
    }
    world.checked_by(FieldComparator::new()).await;
    let gate = GateFn::new(HOSTILE, |_| Box::pin(async { GateReading::closed(megabyte()) }));
    let controller = world.controller().with_gate(Before::Entering(Phase::Shadow), Arc::new(gate));
    let hostile: &'static str = Box::leak(megabyte().into_boxed_str());
    let sagas = SagaStatuses::of(&Broken(hostile), SagasConfig::default()).await;
    let mut progress = Progress::new(1);
    progress.waiting = Some(megabyte());
    let seen = world.picture().await.status;
    let mut status = world.board.status(&controller.status().await.unwrap()).with_sagas(sagas);
    status.differences = seen.differences;
    status
        .with_backfill(&progress)
        .with_breaker(&CircuitBreaker::new(hostile, BreakerConfig::default()))
}

#[tokio::test(start_paused = true)]
async fn a_hostile_record_stands_in_no_output_unescaped_nor_unredacted() {
    let world = World::new().await;
    let status = attacked(&world).await;
    is_safe(&status);
    let seen = Picture::of(status);
    // It is all there, though: cut, and escaped.
    seen.says(&[
        "<redacted>",
        "</style><script>alert(1)",
        "\\u{202e}",
        "\\u{1b}",
        "could not be asked",
    ]);
    assert_eq!(seen.status.differences.as_ref().unwrap().fields.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn values_that_the_comparator_shows_are_escaped_and_cut_too() {
    let world = World::new().await;
    let mut status = attacked(&world).await;
    world.checked_by(FieldComparator::new().showing(|_, _| megabyte())).await;
    status.differences = world.picture().await.status.differences;
    is_safe(&status);
}

/// The negative control: what is written past the outputs is found out.
#[tokio::test(start_paused = true)]
async fn an_output_that_escapes_nothing_is_found_out() {
    let world = World::new().await;
    attacked(&world).await;
    let status = world.controller().status().await.unwrap();
    let page = format!("<p>{}</p>", status.history.last().unwrap().reason.as_ref().unwrap());
    assert!(fault(&page).is_some());
    assert!(markup::read(&page).unwrap_err().contains("no element"), "a tag came through");
    assert!(fault(&megabyte()).is_some() && fault(SECRET).is_some());
}

#[tokio::test(start_paused = true)]
async fn what_the_library_logs_of_a_hostile_record_is_escaped_short_and_without_content() {
    log::listen();
    let world = World::new().await;
    attacked(&world).await;
    let hostile: &'static str = Box::leak(megabyte().into_boxed_str());
    crate::sagas::park(world.journal.clone(), "order:1", hostile).await;
    let panics: &'static str = Box::leak(format!("{PANICS}{hostile}").into_boxed_str());
    crate::sagas::park(world.journal.clone(), "order:2", panics).await;
    world.goes_to(Phase::Shadow).await;
    world.reads(0..3).await;
    let lines = log::lines();
    for expected in [
        "actor=\"<b onclick",
        "a step has failed",
        "outcome=\"unknown\"",
        "the stores may differ in a key",
    ] {
        assert!(lines.iter().any(|line| line.contains(expected)), "{expected}: {lines:#?}");
    }
    for line in lines {
        assert_eq!(fault(&line), None, "{line:.300}");
        assert!(line.len() < 4_000, "{} bytes: {line:.300}", line.len());
    }
}

/// A record whose key says something: both stores hold it, each in its own way.
fn secret_keys(world: &World) -> MigrationRepository<Keyed, Keyed> {
    let [legacy, modern] = [(); 2].map(|()| Keyed::new(|it: &(String, u32)| it.0.clone()));
    let config = MigrationConfig::default()
        .with_shadow_share(Share::WHOLE)
        .with_observer(world.observers.clone());
    let stamps = Arc::new(StampClock::new().unwrap());
    let tracker = world.users.tracker().clone();
    let keyed = MigrationRepository::with_parts(legacy, modern, tracker, stamps, config).unwrap();
    for (number, suffix) in [(0, ""), (1, HOSTILE)] {
        keyed.legacy().plant((format!("{SECRET}{suffix}"), number));
        keyed.modern().plant((format!("{SECRET}{suffix}"), number + 7));
    }
    keyed
}

type Keyed = InMemoryRepository<String, (String, u32)>;

#[tokio::test(start_paused = true)]
async fn a_key_that_says_something_stands_in_no_output_and_no_log() {
    log::listen();
    let world = World::new().await;
    world.goes_to(Phase::Shadow).await;
    let keyed = secret_keys(&world);
    for suffix in ["", HOSTILE] {
        keyed.find(&format!("{SECRET}{suffix}")).await.unwrap();
        keyed.drained().await;
        keyed.save((format!("{SECRET}{suffix}"), 3)).await.unwrap();
    }
    keyed.drained().await;
    let config = CheckerConfig::default().with_observer(world.observers.clone());
    let checker = ConsistencyChecker::new(&secret_keys(&world)).with_config(config);
    let report = checker.with_comparator(FieldComparator::new()).full(pending()).await;
    assert_eq!(report.differences.total(), 2);
    let status = world.picture().await.status.with_differences(&report);
    is_safe(&status);
    let checkpoints = Arc::new(InMemoryCheckpointStore::default());
    let job = "keyed".parse().unwrap();
    let keyed = secret_keys(&world);
    let backfiller = Backfiller::new(&keyed, checkpoints, world.queue.clone(), job);
    backfiller.run(pending()).await.unwrap();
    is_safe(&world.picture().await.status);
    let lines = log::lines();
    assert!(lines.iter().any(|line| line.contains("may differ")), "{lines:#?}");
    for line in lines {
        assert_eq!(fault(&line), None, "{line:.300}");
    }
}
