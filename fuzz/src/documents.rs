//! Everything else that is read from text: what is read comes back from what it is
//! written as, and a text that stands for one thing is the only one.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use strangler_fig::backfill::{
    BackfillReport, Checkpoint, Claim, JobName, Partition, PartitionState, WorkerName,
};
use strangler_fig::consistency::{CheckReport, Difference, DifferenceKind, FieldDifference};
use strangler_fig::controller::Signals;
use strangler_fig::error::StoreErrorKind;
use strangler_fig::event::{FeedLag, OutboxDepth};
use strangler_fig::phase::{
    Actor, DocumentError, Evidence, Incarnation, MigrationName, Move, MoveHistory, MoveId,
    MoveRecord, NodeId, NodeLease, NodeName, Phase, Reason, Revision, Share, SweepEvidence,
};
use strangler_fig::reconcile::{RepairDepth, RepairEntry, RepairNote, SweepReport};
use strangler_fig::repository::{HashedRecord, KeyRange, RangeDigest, RecordHash};
use strangler_fig::stamp::{Record, Stamp};

use crate::drawn;
use crate::source::Source;

/// How a lease is read from its document.
pub type ReadLease = fn(&str, &NodeId) -> Result<NodeLease, DocumentError>;

/// Checks a text as what the first byte says.
pub fn check(bytes: &[u8]) {
    check_with(NodeLease::from_document, bytes);
}

/// The same with another reader of leases.
pub fn check_with(read: ReadLease, bytes: &[u8]) {
    let mut source = Source::new(bytes);
    match source.byte() {
        b'!' => is_a_lease(read, &drawn::lease_document(&mut source).to_string()),
        b'L' => is_a_lease(read, &text(source.rest())),
        b'J' => comes_back(&text(source.rest())),
        _ => is_the_only_text(&text(source.rest())),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn is_a_lease(read: ReadLease, text: &str) {
    let expected = drawn::node(0);
    match read(text, &expected) {
        Ok(lease) => {
            assert_eq!(lease.node, expected);
            let document = lease.to_document();
            assert_eq!(read(&document, &expected).expect("its own document"), lease);
            let other = read(&document, &drawn::node(1));
            assert!(matches!(other, Err(DocumentError::OtherNode { .. })), "{other:?}");
            assert!(read(&document[..document.len() - 1], &expected).is_err(), "it was cut short");
        }
        Err(DocumentError::Broken { field, source }) => {
            assert!(!field.is_empty() && !source.to_string().is_empty());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// JSON of whatever it may be.
fn comes_back(text: &str) {
    value::<NodeLease>(text);
    value::<MoveRecord>(text);
    value::<MoveHistory>(text);
    value::<Move>(text);
    value::<Evidence>(text);
    value::<SweepEvidence>(text);
    value::<Phase>(text);
    value::<Revision>(text);
    value::<Share>(text);
    value::<Partition>(text);
    value::<Checkpoint>(text);
    value::<PartitionState>(text);
    value::<Claim>(text);
    value::<RepairNote>(text);
    value::<RepairEntry>(text);
    value::<RepairDepth>(text);
    value::<FeedLag>(text);
    value::<OutboxDepth>(text);
    value::<Signals>(text);
    value::<BackfillReport>(text);
    value::<CheckReport<u64>>(text);
    value::<SweepReport<u64>>(text);
    value::<StoreErrorKind>(text);
    value::<KeyRange<String>>(text);
    value::<RangeDigest>(text);
    value::<RecordHash>(text);
    value::<HashedRecord<String>>(text);
    value::<Record<String>>(text);
    value::<Difference<u64>>(text);
    value::<DifferenceKind>(text);
    value::<FieldDifference>(text);
    names_are_texts(text);
}

fn value<T: DeserializeOwned + Serialize + PartialEq + Debug>(text: &str) {
    let Ok(value) = serde_json::from_str::<T>(text) else { return };
    let written = serde_json::to_string(&value).expect("it was read from JSON");
    assert_eq!(serde_json::from_str::<T>(&written).expect("its own form"), value);
}

/// Names and ids in JSON are texts, and the same as out of it.
fn names_are_texts(text: &str) {
    fn is<T: DeserializeOwned + Display>(text: &str, inner: &str) {
        if let Ok(value) = serde_json::from_str::<T>(text) {
            assert_eq!(value.to_string(), inner);
        }
    }
    let Ok(inner) = serde_json::from_str::<String>(text) else { return };
    is::<MoveId>(text, &inner);
    is::<Incarnation>(text, &inner);
    is::<Stamp>(text, &inner);
    is::<NodeName>(text, &inner);
    is::<MigrationName>(text, &inner);
    is::<JobName>(text, &inner);
    is::<WorkerName>(text, &inner);
    is::<Actor>(text, &inner);
    is::<Reason>(text, &inner);
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
    is::<NodeId>(text);
    is::<NodeName>(text);
    is::<MigrationName>(text);
    is::<Stamp>(text);
    is::<Actor>(text);
    is::<Reason>(text);
    if text.len() < 1_000 {
        is::<JobName>(text);
    }
}
