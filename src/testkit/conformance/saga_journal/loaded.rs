//! What comes back, byte for byte.

use super::SagaJournalFixture;
use super::samples::{
    LONG, answered, append, at, begun, created, end, id, loaded, payload, runner, saga,
};
use crate::phase::{Actor, Reason};
use crate::saga::{
    Cause, Created, Doubt, NewSaga, Repair, SagaAppend, SagaEntry, SagaOutcome, StepName, Then,
};

/// Contract 4.
pub(super) async fn what_was_never_created_is_not_there<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    assert_eq!(answered("loading", journal.load(&id("order")).await), None);
    created(&*journal, "order:1").await;
    assert_eq!(answered("loading", journal.load(&id("order")).await), None);
}

fn actor() -> Actor {
    "O'Hara, \"ß\" \\ \u{1F4A9}".parse().expect("it is an actor")
}

fn reason() -> Reason {
    "it's \"so\", 100% {}; \\ \u{1F4A9}".parse().expect("it is a reason")
}

fn every_entry() -> Vec<SagaEntry> {
    let step: StepName = "charge.Card_2-b".parse().expect("it is a name");
    let text = || "it's \"so\", \\ and ß, \u{1F4A9}\n\u{1}".to_owned();
    let (output, cause) = (payload("[1, 2.50, null]"), Cause::Deadline);
    let repairs = [
        Repair::Retry { step: step.clone() },
        Repair::Skip { step: step.clone(), output: output.clone() },
        Repair::Fail { step: step.clone() },
        Repair::MarkCompensated { step: step.clone() },
        Repair::GiveUp,
    ];
    let repaired = repairs.map(|repair| SagaEntry::Repaired {
        repair: Box::new(repair),
        actor: actor(),
        reason: reason(),
    });
    let failures = [
        (Doubt::None, Then::Retry { after_ms: u64::MAX }),
        (Doubt::Raised, Then::Probe { after_ms: 0 }),
        (Doubt::Cleared, Then::Unwind),
        (Doubt::Raised, Then::Park),
    ];
    let failed = failures.map(|(doubt, then)| SagaEntry::Failed {
        step: step.clone(),
        error: text().into(),
        doubt,
        then,
    });
    let mut entries = vec![
        SagaEntry::Begun {
            input: output.clone(),
            deadline_unix_ms: Some(u64::MAX),
            traceparent: Some("00-1-2-01".into()),
        },
        SagaEntry::Resumed { runner: runner(7) },
        SagaEntry::Started { step: step.clone() },
        SagaEntry::Succeeded { step: step.clone(), output: output.clone() },
        SagaEntry::Cancelled { cause },
        SagaEntry::CompensationStarted { step: step.clone() },
        SagaEntry::Compensated { step: step.clone() },
        SagaEntry::CompensationFailed { step, error: text().into(), then: Then::Park },
        SagaEntry::Ended { outcome: SagaOutcome::Committed { output } },
    ];
    entries.extend(failed.into_iter().chain(repaired));
    entries
}

/// Contract 10.
pub(super) async fn every_kind_of_entry_comes_back<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let (claim, every) = (created(&*journal, "order").await, every_entry());
    append(&*journal, &claim, 1, &every).await;
    let (_, entries) = loaded(&*fixture.reopened().await, &claim.saga).await;
    assert_eq!(entries[1..], every);
}

/// Contract 10: JSON in its own writing, and as large as it is.
pub(super) async fn payloads_come_back_byte_for_byte<F: SagaJournalFixture>(fixture: &F) {
    let long = format!("\"{}\"", "x".repeat(100_000));
    let written = [
        "{ \"b\": 1,\n\t\"a\": [ ],\r\n\"a\": 2 }",
        "1.0",
        "1e400",
        "12345678901234567890123456789012345678901234567890",
        "-0",
        "\"\\u00e9 \u{e9} e\u{301} \\/ \u{1F4A9} \u{2028}\"",
        "\"\"",
        "null",
        &long,
    ];
    let journal = fixture.journal();
    let entries: Vec<_> = written.iter().map(|json| begun(json)).collect();
    let claim = created(&*journal, "order").await;
    append(&*journal, &claim, 1, &entries).await;
    let (_, found) = loaded(&*fixture.reopened().await, &claim.saga).await;
    for (entry, json) in found[1..].iter().zip(written) {
        let SagaEntry::Begun { input, .. } = entry else { panic!("another entry: {entry:?}") };
        assert_eq!(input.as_str(), json, "a payload");
    }
}

/// Contract 10.
pub(super) async fn every_outcome_comes_back<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let text = || "it's \"so\" \u{1F4A9}".to_owned();
    let step = "charge".parse().expect("it is a name");
    let outcomes = [
        SagaOutcome::Committed { output: payload("{ \"a\" : 1e400 }") },
        SagaOutcome::RolledBack { cause: Cause::Failed { step, error: text().into() } },
        SagaOutcome::RolledBack { cause: Cause::Cancelled { actor: actor(), reason: reason() } },
        SagaOutcome::RolledBack { cause: Cause::Recalled { parent: id("order") } },
        SagaOutcome::GivenUp { actor: actor(), reason: reason() },
    ];
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let claim = created(&*journal, &format!("order:{n}")).await;
        end(&*journal, &claim, &outcome).await;
        let (header, entries) = loaded(&*fixture.reopened().await, &claim.saga).await;
        assert_eq!(header.outcome.as_ref(), Some(&outcome), "of the header");
        assert_eq!(entries[1], SagaEntry::Ended { outcome }, "of the entry");
    }
}

/// Contract 10: whatever a header may hold at most.
pub(super) async fn the_largest_header_comes_back<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let longest = "x".repeat(250);
    let definition = format!("{}@{}#{:016x}", "n".repeat(100), u32::MAX, u64::MAX);
    let new = NewSaga {
        definition: definition.parse().expect("it is a definition"),
        input: u128::MAX,
        parent: Some(id(&longest)),
        ..saga(&longest)
    };
    let created = journal.create(&new, &[begun("1")], &runner(u32::MAX), LONG).await;
    assert!(matches!(created, Ok(Created::New(_))), "{created:?}");
    let (header, _) = loaded(&*fixture.reopened().await, &new.id).await;
    assert_eq!((header.id, header.parent), (new.id, new.parent));
    assert_eq!((header.definition, header.input), (new.definition, new.input));
    assert_eq!(header.holder, Some(runner(u32::MAX)));
}

/// Contract 10: an id is its bytes.
pub(super) async fn ids_that_differ_in_case_are_different<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let ids = ["order", "Order", "ORDER", "order/", "order:", "order.", "order-", "order_", "rder"];
    for text in ids {
        let new = saga(text);
        let input = format!("{text:?}");
        let created = journal.create(&new, &[begun(&input)], &runner(1), LONG).await;
        assert!(matches!(created, Ok(Created::New(_))), "of {text}: {created:?}");
    }
    for text in ids {
        let (header, entries) = loaded(&*journal, &id(text)).await;
        assert_eq!((header.id, entries), (id(text), vec![begun(&format!("{text:?}"))]));
    }
}

/// Contract 2: many entries at once are no more than many.
pub(super) async fn a_thousand_entries_come_back<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = created(&*journal, "order").await;
    let many: Vec<_> = (0..1_000).map(|n| begun(&n.to_string())).collect();
    append(&*journal, &claim, 1, &many).await;
    let last = [begun("\"last\"")];
    let append = SagaAppend { ..at(1_001, &last) };
    answered("appending", journal.append(&claim, &append, LONG).await);
    let (header, entries) = loaded(&*fixture.reopened().await, &claim.saga).await;
    assert_eq!((header.length, &entries[1..1_001]), (1_002, &many[..]));
}
