//! What log lines show of a record: nothing, or what a redaction allows.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use strangler_fig::consistency::FieldComparator;
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::observe::Redaction;
use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, Phase, PhaseTracker, Share};
use strangler_fig::repository::{MigrationConfig, MigrationRepository};
use strangler_fig::stamp::StampClock;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;

/// Every word of every span and event, of all levels.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<String>>);

impl Lines {
    pub(crate) fn said(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

impl Visit for Lines {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0.lock().unwrap(), " {field}={value:?}").unwrap();
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0.lock().unwrap(), " {field}={value}").unwrap();
    }
}

impl<S: tracing::Subscriber> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        self.0.lock().unwrap().push_str(attributes.metadata().name());
        attributes.record(&mut self.clone());
        self.0.lock().unwrap().push('\n');
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        values.record(&mut self.clone());
        self.0.lock().unwrap().push('\n');
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        event.record(&mut self.clone());
        self.0.lock().unwrap().push('\n');
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct User {
    id: String,
    name: String,
}

const KEY: &str = "secret-key\u{1b}[2J";
const NAME: &str = "<script>secret()</script>\u{1b}]0;owned\u{7}\nforged line";

fn user(name: &str) -> User {
    User { id: KEY.to_owned(), name: name.to_owned() }
}

type Users =
    MigrationRepository<InMemoryRepository<String, User>, InMemoryRepository<String, User>>;

/// In `Shadow`, with every read compared.
fn users() -> Users {
    let state = MigrationState::new("users".parse().unwrap());
    let step = Move::to(Phase::Shadow);
    let state = state.transition(&step, MoveId::random().unwrap(), &Fleet::default()).unwrap();
    let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &User| user.id.clone()));
    let config = MigrationConfig::default().with_shadow_share(Share::WHOLE);
    let (tracker, stamps) = (PhaseTracker::detached(state), Arc::new(StampClock::new().unwrap()));
    MigrationRepository::with_parts(legacy, modern, tracker, stamps, config).unwrap()
}

/// What is said while the two sides are found to differ.
async fn said(users: Users) -> String {
    let lines = Lines::default();
    let _listening = tracing::subscriber::set_default(Registry::default().with(lines.clone()));
    users.save(user("Ada")).await.unwrap();
    users.legacy().plant(user(NAME));
    users.find(&KEY.to_owned()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    users.drained().await;
    let said = lines.said();
    assert!(said.contains("the stores may differ in a key"), "{said}");
    said
}

#[tokio::test(start_paused = true)]
async fn of_a_record_and_its_key_nothing_is_said() {
    let said = said(users()).await;
    assert!(!said.contains("secret") && !said.contains("script"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn the_names_of_fields_that_differ_are_if_that_is_asked_for() {
    let said = said(users().showing(FieldComparator::new())).await;
    assert!(said.contains("content=name: <redacted> in legacy, <redacted> in modern"), "{said}");
    assert!(!said.contains("secret") && !said.contains("script"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn what_may_be_shown_is_shown_on_one_line_and_steers_nothing() {
    let said = said(users().showing(FieldComparator::new().showing(|_, it| it.to_owned()))).await;
    let line = said.lines().find(|line| line.contains("content=")).unwrap();
    assert!(line.contains("Ada") && line.contains("forged line"), "{line}");
    assert!(!said.contains('\u{1b}') && !said.contains('\u{7}'), "{said:?}");
    assert!(!said.lines().any(|line| line.starts_with("forged")), "{said}");
}

/// It shows whatever it is given, and is no comparator.
#[derive(Debug)]
struct Everything;

impl Redaction<User> for Everything {
    fn show(&self, legacy: Option<&User>, modern: Option<&User>) -> String {
        assert_ne!(legacy, modern);
        format!("{}{}", legacy.map_or("", |user| &user.name).repeat(100_000), "!")
    }
}

#[tokio::test(start_paused = true)]
async fn a_megabyte_is_cut() {
    let said = said(users().showing(Everything)).await;
    let line = said.lines().find(|line| line.contains("content=")).unwrap();
    assert!(line.len() < 5_000 && line.contains('…'), "{}", line.len());
}

#[derive(Debug)]
struct Panicking;

impl Redaction<User> for Panicking {
    fn show(&self, _: Option<&User>, _: Option<&User>) -> String {
        panic!("this redaction has a bug");
    }
}

#[tokio::test(start_paused = true)]
async fn a_redaction_that_panics_hides_no_mismatch() {
    let said = said(users().showing(Panicking)).await;
    assert!(said.contains("reason=mismatch"), "{said}");
}
