//! What sagas write down: an entry or an outcome that is read comes back, payloads byte for byte;
//! nothing stands before or behind it; ids have one text.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use strangler_fig::phase::NodeId;
use strangler_fig::saga::{
    Cause, DefinitionId, Doubt, EntryError, Payload, Repair, SagaEntry, SagaId, SagaName,
    SagaOutcome, SagaStatus, StepName, Then,
};

use crate::drawn;
use crate::source::Source;

/// How an entry is read from its document.
pub type ReadEntry = fn(&str) -> Result<SagaEntry, EntryError>;

/// Checks a text as what the first byte says.
pub fn check(bytes: &[u8]) {
    check_with(SagaEntry::from_document, bytes);
}

/// The same with another reader of entries.
pub fn check_with(read: ReadEntry, bytes: &[u8]) {
    let mut source = Source::new(bytes);
    match source.byte() {
        b'!' => {
            let entry = entry(&mut source);
            assert_eq!(read(&entry.to_document()).expect("its own document"), entry);
            is_an_entry(read, &entry.to_document());
        }
        b'E' => is_an_entry(read, &text(source.rest())),
        b'O' => is_an_outcome(&text(source.rest())),
        b'P' => is_a_payload(&text(source.rest())),
        _ => is_the_only_text(&text(source.rest())),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn is_an_entry(read: ReadEntry, text: &str) {
    let document = |entry: &SagaEntry| entry.to_document();
    stands_alone(text, read, document);
}

fn is_an_outcome(text: &str) {
    stands_alone(text, SagaOutcome::from_document, SagaOutcome::to_document);
}

/// What is read comes back from what it is written as, and from nothing more or less.
fn stands_alone<T: PartialEq + Debug>(
    text: &str,
    read: impl Fn(&str) -> Result<T, EntryError>,
    write: impl Fn(&T) -> String,
) {
    let value = match read(text) {
        Ok(value) => value,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let document = write(&value);
    assert_eq!(read(&document).expect("its own document"), value);
    assert_eq!(write(&value), document);
    assert!(read(&document[..document.len() - 1]).is_err(), "it was cut short");
    assert!(read(&format!("{document}{document}")).is_err(), "there is more behind it");
}

fn is_a_payload(text: &str) {
    let Ok(payload) = Payload::parse(text) else { return };
    let space = [' ', '\t', '\n', '\r'];
    assert_eq!(payload.as_str(), text.trim_matches(space), "it was written anew");
    let step: StepName = "charge".parse().expect("it is a name");
    let entry = SagaEntry::Succeeded { step, output: payload.clone() };
    let read = SagaEntry::from_document(&entry.to_document()).expect("its own document");
    assert_eq!(read, entry);
    let outcome = SagaOutcome::Committed { output: payload };
    let read = SagaOutcome::from_document(&outcome.to_document()).expect("its own document");
    assert_eq!(read, outcome);
}

/// What is read from a text is shown as that text.
fn is_the_only_text(text: &str) {
    fn is<T: FromStr + Display>(text: &str)
    where
        T::Err: Display,
    {
        match text.parse::<T>() {
            Ok(value) => assert_eq!(value.to_string(), text),
            Err(error) => assert!(error.to_string().len() < 4_096, "{error}"),
        }
    }
    is::<SagaId>(text);
    is::<SagaName>(text);
    is::<StepName>(text);
    is::<DefinitionId>(text);
    is::<SagaStatus>(text);
    is::<NodeId>(text);
}

/// An entry of what the bytes say.
pub fn entry(source: &mut Source<'_>) -> SagaEntry {
    match source.byte() % 11 {
        0 => SagaEntry::Begun {
            input: payload(source),
            deadline_unix_ms: source.flag().then(|| source.number()),
            traceparent: source.flag().then(|| source.text().into()),
        },
        1 => SagaEntry::Resumed { runner: drawn::node(source.byte()) },
        2 => SagaEntry::Started { step: step(source) },
        3 => SagaEntry::Succeeded { step: step(source), output: payload(source) },
        4 => SagaEntry::Failed {
            step: step(source),
            error: source.text().into(),
            doubt: source.one_of(&[Doubt::None, Doubt::Raised, Doubt::Cleared]),
            then: then(source),
        },
        5 => SagaEntry::Cancelled { cause: cause(source) },
        6 => SagaEntry::CompensationStarted { step: step(source) },
        7 => SagaEntry::Compensated { step: step(source) },
        8 => {
            let (step, error, then) = (step(source), source.text().into(), then(source));
            SagaEntry::CompensationFailed { step, error, then }
        }
        9 => SagaEntry::Repaired {
            repair: Box::new(repair(source)),
            actor: source.actor(),
            reason: source.reason(),
        },
        _ => SagaEntry::Ended { outcome: outcome(source) },
    }
}

/// An outcome of what the bytes say.
pub fn outcome(source: &mut Source<'_>) -> SagaOutcome {
    match source.byte() % 3 {
        0 => SagaOutcome::Committed { output: payload(source) },
        1 => SagaOutcome::RolledBack { cause: cause(source) },
        _ => SagaOutcome::GivenUp { actor: source.actor(), reason: source.reason() },
    }
}

fn step(source: &mut Source<'_>) -> StepName {
    source.one_of(&["a", "charge-card", "Z.9"]).parse().expect("it is a name")
}

fn then(source: &mut Source<'_>) -> Then {
    match source.byte() % 4 {
        0 => Then::Retry { after_ms: source.number() },
        1 => Then::Probe { after_ms: source.number() },
        2 => Then::Unwind,
        _ => Then::Park,
    }
}

fn cause(source: &mut Source<'_>) -> Cause {
    match source.byte() % 4 {
        0 => Cause::Failed { step: step(source), error: source.text().into() },
        1 => Cause::Cancelled { actor: source.actor(), reason: source.reason() },
        2 => Cause::Deadline,
        _ => Cause::Recalled { parent: "order:4711/ship".parse().expect("it is an id") },
    }
}

fn repair(source: &mut Source<'_>) -> Repair {
    match source.byte() % 5 {
        0 => Repair::Retry { step: step(source) },
        1 => Repair::Skip { step: step(source), output: payload(source) },
        2 => Repair::Fail { step: step(source) },
        3 => Repair::MarkCompensated { step: step(source) },
        _ => Repair::GiveUp,
    }
}

/// JSON that is easily written anew by mistake, or a text.
fn payload(source: &mut Source<'_>) -> Payload {
    let awkward = [
        "{ \"b\": 1,\n\t\"a\": [ ],\r\n\"a\": 2 }",
        "1e400",
        "123456789012345678901234567890",
        "\"\\u00e9 \\/ \u{1e}\"",
        "null",
    ];
    let choice = usize::from(source.byte() % 8);
    let awkward = awkward.get(choice).and_then(|text| Payload::parse(text).ok());
    awkward.unwrap_or_else(|| Payload::of(&source.text()).expect("a text is JSON"))
}
