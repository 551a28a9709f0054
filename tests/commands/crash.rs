//! The crash kit on sagas of commands, under every weather; and what it must find.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::event::Message;
use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::saga::Conclusion;
use strangler_fig::testkit::saga::{KitReport, SagaTrial, crash_kit};

use crate::weather::Fate;
use crate::world::{COMMANDS, Flaw, REPLIES, World};

type Rule = Box<dyn FnMut(&Message) -> Fate + Send>;

async fn kit(flaw: Flaw, weather: impl Fn() -> Rule) -> KitReport {
    crash_kit(async || {
        let world = World::new(flaw).await;
        world.weather.turns(weather());
        let journal = Arc::new(InMemorySagaJournal::default());
        SagaTrial::new(world.saga(), 0, journal, move |end| {
            let effects = world.effects();
            async move {
                let expected = match end {
                    Conclusion::Committed(2) => vec![1; 2],
                    Conclusion::RolledBack(_) => vec![],
                    _ => return Ok(()),
                };
                (effects == expected).then_some(()).ok_or(format!("{end:?}, effects {effects:?}"))
            }
        })
    })
    .await
}

/// The first message of each kind of that topic fares so.
fn firsts(topic: &'static str, fate: Fate) -> Rule {
    let mut seen = BTreeSet::new();
    Box::new(move |message: &Message| {
        let kind =
            (message.event.event_type.clone(), message.event.correlation_id().map(str::to_owned));
        let is_first = message.topic.as_str() == topic && seen.insert(kind);
        if is_first { fate } else { Fate::Taken }
    })
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_to_commands_every_effect_is_there_once_or_none_is() {
    let report = kit(Flaw::None, || Box::new(|_| Fate::Taken)).await;
    report.assert_clean();
    assert!(report.runs > 100, "{}", report.runs);
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_while_the_first_commands_fare_badly() {
    for fate in [Fate::Lost, Fate::Unheard, Fate::Vanishes, Fate::NotTaken, Fate::Twice] {
        kit(Flaw::None, || firsts(COMMANDS, fate)).await.assert_clean();
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_while_the_first_replies_fare_badly() {
    let late = Fate::Late(Duration::from_millis(1_500));
    for fate in [Fate::Lost, Fate::Unheard, Fate::Vanishes, Fate::Twice, late] {
        kit(Flaw::None, || firsts(REPLIES, fate)).await.assert_clean();
    }
}

/// A command that comes after the attempt that has sent it, and after its compensation.
#[tokio::test(start_paused = true)]
async fn whatever_happens_while_the_first_commands_are_late() {
    for seconds in [2, 5] {
        let late = Fate::Late(Duration::from_secs(seconds));
        kit(Flaw::None, || firsts(COMMANDS, late)).await.assert_clean();
    }
}

#[tokio::test(start_paused = true)]
async fn the_kit_finds_a_participant_without_a_barrier() {
    let report = kit(Flaw::NoBarrier, || firsts(REPLIES, Fate::Lost)).await;
    assert!(!report.is_clean());
    println!("{} of {} runs, {}", report.findings.len(), report.runs, report.findings[0]);
}

/// Its compensation is not answered a second time, and so its saga never ends by itself.
#[tokio::test(start_paused = true)]
async fn the_kit_finds_a_participant_that_answers_once() {
    let report = kit(Flaw::AnswersOnce, || firsts(REPLIES, Fate::Lost)).await;
    assert!(!report.is_clean());
    println!("{} of {} runs, {}", report.findings.len(), report.runs, report.findings[0]);
}
