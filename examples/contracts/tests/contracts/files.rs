//! The committed files, and what becomes of one that is not what its consumer expects any more.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use contracts::{AGREEMENTS, Agreement, pacts};
use serde_json::Value;

/// The versions of the crates that wrote a file, which are no part of an agreement.
const WRITERS: &str = "pactRust";

/// Complains if the file that a consumer has just written says something else than the committed one; with `PACTS=renew` it
/// is committed instead.
pub(crate) fn complaint(agreement: Agreement, written: &Path) -> Option<String> {
    let written = agreed(written).expect("Pact has written a file");
    if std::env::var("PACTS").is_ok_and(|it| it == "renew") {
        let text = serde_json::to_string_pretty(&written).unwrap();
        fs::write(agreement.file(), text + "\n").unwrap();
        return None;
    }
    difference(agreement, &written)
}

/// Whether the committed file says something else, and what to do about it.
fn difference(agreement: Agreement, written: &Value) -> Option<String> {
    let Agreement { consumer, .. } = agreement;
    (agreed(&agreement.file()).as_ref() != Some(written)).then(|| {
        format!(
            "pacts/{} is not what the {consumer} expects: if it may change, renew it by \
             `PACTS=renew cargo test -p contracts -- consumers`",
            agreement.file_name(),
        )
    })
}

/// What a file says, without who wrote it.
fn agreed(file: &Path) -> Option<Value> {
    let mut pact: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    pact["metadata"].as_object_mut()?.remove(WRITERS);
    Some(pact)
}

#[test]
fn every_file_is_somebodys() {
    let found = fs::read_dir(pacts()).unwrap();
    let found: BTreeSet<_> =
        found.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    let known: BTreeSet<_> = AGREEMENTS.into_iter().map(Agreement::file_name).collect();
    assert_eq!(found, known);
}

#[test]
fn a_file_that_says_something_else_is_noticed() {
    let agreement = contracts::STOCK_OF_GATEWAY;
    let mut pact = agreed(&agreement.file()).unwrap();
    assert_eq!(difference(agreement, &pact), None);
    pact["interactions"][0]["response"]["status"] = 299.into();
    let said = difference(agreement, &pact).unwrap();
    assert!(said.contains("gateway-inventory-service.json") && said.contains("PACTS=renew"));
}
