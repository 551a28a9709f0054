//! The file-backed journal of dual-written requests: what it does with files that are not what they should be, and
//! with what a crash left, a disk that is full, and other processes.

#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod child;
mod crash;
mod damage;
#[path = "../file_support/other.rs"]
mod other;
mod refusal;
mod room;
mod scratch;
mod share;
mod walk;

use std::time::Duration;

use strangler_fig::error::StoreError;
use strangler_fig::gateway::dual::{
    Fingerprint, NewRequest, Recorded, RecordedRequest, RequestAppend, RequestClaim,
    RequestJournal, RequestKey, RequestNote, RequestRetention, Trouble,
};
use strangler_fig::memory::FileRequestJournal;
use strangler_fig::phase::{Incarnation, NodeId, Side};
use strangler_fig::stamp::Stamp;

const TERM: Duration = Duration::from_secs(300);

/// Of what is closed nothing but its key is kept.
fn empties() -> RequestRetention {
    RequestRetention::default().with_content(Duration::ZERO)
}

/// Of what is closed nothing is kept.
fn forgets() -> RequestRetention {
    empties().with_key(Duration::ZERO)
}

fn key() -> RequestKey {
    RequestKey::new("ada", "order-4711").unwrap()
}

fn node(n: u128) -> NodeId {
    NodeId { name: "gateway".parse().unwrap(), incarnation: Incarnation::fixed(n) }
}

fn order(key: RequestKey) -> NewRequest {
    NewRequest {
        key,
        fingerprint: Fingerprint::of("POST", "/orders", b"two pears"),
        request: RecordedRequest {
            method: "POST".to_owned(),
            target: "/orders".to_owned(),
            headers: vec![("accept".to_owned(), b"*/*".to_vec())],
            body: b"two pears".to_vec(),
        },
        stamp: Stamp::from_bytes([7; 16]),
        first: Side::Legacy,
        is_strict: true,
        answers: Side::Legacy,
        rule: "orders".to_owned(),
        entity_id: None,
    }
}

async fn record(journal: &FileRequestJournal, key: RequestKey) -> Result<RequestClaim, StoreError> {
    match journal.record(&order(key), &node(1), TERM).await? {
        Recorded::New(claim) => Ok(claim),
        Recorded::Found(found) => panic!("it was there: {found:?}"),
    }
}

fn answered(side: Side) -> RequestNote {
    RequestNote::Answered { side, status: 201 }
}

fn doubt() -> RequestNote {
    RequestNote::Doubtful { side: Side::Legacy, why: Trouble::Late }
}

async fn note(
    journal: &FileRequestJournal,
    claim: &RequestClaim,
    position: u32,
    note: &RequestNote,
) -> Result<(), StoreError> {
    journal.note(claim, &RequestAppend::new(position, note, TERM)).await
}

async fn notes(journal: &FileRequestJournal) -> Vec<RequestNote> {
    journal.load(&key()).await.unwrap().unwrap().notes
}
