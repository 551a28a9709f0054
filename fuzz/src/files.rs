//! Files of the file-backed state service: one that is not what it should be is an
//! error that names it, whatever is called, and stays as it is, byte for byte; one
//! that is, is gone on with from where it stands.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::{FileStateError, FileStateService};
use strangler_fig::phase::{
    MigrationState, MigrationStateService, Move, MoveId, NodeLease, Revision, Versioned,
};
use twox_hash::XxHash3_64;

use crate::drawn;
use crate::room::Room;
use crate::source::Source;
use crate::states::is_sound;

/// How a service on a directory is made.
pub type Open = fn(&Path) -> Box<dyn MigrationStateService>;

/// Checks a file of `bytes`, or of what they draw.
pub fn check(bytes: &[u8]) {
    check_with(|directory| Box::new(FileStateService::new(directory)), bytes);
}

/// The same of another service on the same file.
pub fn check_with(open: Open, bytes: &[u8]) {
    thread_local!(static ROOM: RefCell<Room> = RefCell::new(Room::new()));
    ROOM.with_borrow(|room| {
        let content = content(bytes);
        room.clear();
        fs::write(file(room), &content).expect("the directory can be written to");
        let service = open(&room.directory);
        room.runtime.block_on(async {
            match service.current(&drawn::airports()).await {
                Ok(found) => goes_on(&*service, found, room).await,
                Err(error) => is_refused(&*service, &error, room).await,
            }
        });
        let kept = fs::read(file(room)).expect("nobody removes the file");
        let is_readable = room.runtime.block_on(service.current(&drawn::airports())).is_ok();
        assert!(is_readable || kept == content, "a file that cannot be read was replaced");
        let temporary = room.directory.join("airports.migration.tmp");
        assert!(!temporary.exists(), "a temporary file is left");
    });
}

/// The one file in a room.
fn file(room: &Room) -> PathBuf {
    room.directory.join("airports.migration.json")
}

/// The bytes; or what follows the first under a line that vouches for it; or a drawn
/// document under such a line.
fn content(bytes: &[u8]) -> Vec<u8> {
    let mut source = Source::new(bytes);
    match source.byte() {
        b'+' => vouched(source.rest()),
        b'!' => {
            let mut payload = payload(&mut source).to_string();
            payload.push('\n');
            vouched(payload.as_bytes())
        }
        _ => bytes.to_vec(),
    }
}

fn vouched(payload: &[u8]) -> Vec<u8> {
    let checksum = XxHash3_64::oneshot(payload);
    let format = "strangler-fig/migration-file";
    let line = format!(r#"{{"format":"{format}","version":1,"checksum":"{checksum:016x}"}}"#);
    [line.as_bytes(), b"\n", payload].concat()
}

fn payload(source: &mut Source<'_>) -> Value {
    let mut payload = json!({
        "migration": "airports",
        "stored": Value::Null,
        "leases": source.many(3, drawn::lease),
        "evicted": source.many(2, drawn::node_id),
    });
    match source.byte() % 4 {
        0 => {}
        1 => {
            let revision = source.number();
            let document = drawn::state_document(source);
            payload["stored"] = json!({ "revision": revision, "document": document });
        }
        _ => {
            let first = MigrationState::new(drawn::airports()).to_document();
            let document: Value = serde_json::from_str(&first).expect("a document is JSON");
            payload["stored"] = json!({ "revision": source.number(), "document": document });
        }
    }
    payload
}

/// Every call answers the same, and names the file.
async fn is_refused(service: &dyn MigrationStateService, error: &StoreError, room: &Room) {
    let names_it = |error: &StoreError| {
        let cause = error.downcast_ref::<FileStateError>().expect("it says what is wrong");
        assert_eq!(error.kind(), StoreErrorKind::Rejected, "{cause}");
        assert!(cause.to_string().contains("airports.migration.json"), "{cause}");
    };
    names_it(error);
    let (name, first) = (drawn::airports(), MigrationState::new(drawn::airports()));
    let lease = NodeLease::new(drawn::node(0));
    let before = fs::read(file(room)).expect("it is there");
    names_it(&service.create(&first).await.expect_err("create"));
    names_it(&service.compare_and_set(Revision(1), &first).await.expect_err("compare_and_set"));
    names_it(&service.renew_lease(&name, &lease).await.expect_err("renew_lease"));
    names_it(&service.release_lease(&name, &lease.node).await.expect_err("release_lease"));
    names_it(&service.evict(&name, &lease).await.expect_err("evict"));
    names_it(&service.leases(&name).await.expect_err("leases"));
    assert_eq!(fs::read(file(room)).expect("it is there"), before, "the file was touched");
}

/// A file that was read is gone on with as the contract says.
async fn goes_on(service: &dyn MigrationStateService, found: Option<Versioned>, room: &Room) {
    let name = drawn::airports();
    let leases = service.leases(&name).await.expect("the file was read");
    let first = MigrationState::new(name.clone());
    let Some(Versioned { revision, state }) = found else {
        assert_eq!(service.create(&first).await.expect("nothing is there"), Revision(1));
        assert_eq!(service.leases(&name).await.expect("as before"), leases, "leases were lost");
        return;
    };
    is_sound(&state);
    let before = fs::read(file(room)).expect("it is there");
    let refused = service.create(&first).await.expect_err("a state is there");
    assert_eq!(refused.kind(), StoreErrorKind::Conflict);
    let refused = service.compare_and_set(Revision(revision.0.wrapping_add(1)), &first).await;
    assert_eq!(refused.expect_err("another revision").kind(), StoreErrorKind::Conflict);
    assert_eq!(fs::read(file(room)).expect("it is there"), before, "the file was touched");
    let step = Move::ExpectNodes(state.nodes_expected());
    let next = state.transition(&step, MoveId::fixed(7), &strangler_fig::phase::Fleet::default());
    let next = next.unwrap_or(state);
    match service.compare_and_set(revision, &next).await {
        Ok(newer) => {
            assert!(newer > revision, "{newer:?} after {revision:?}");
            let now = service.current(&name).await.expect("it was written");
            assert_eq!(now, Some(Versioned { revision: newer, state: next }));
        }
        Err(error) => assert_eq!(error.kind(), StoreErrorKind::Rejected, "{error:?}"),
    }
    assert_eq!(service.leases(&name).await.expect("as before"), leases, "leases were lost");
    if let Some(lease) = leases.first() {
        service.evict(&name, lease).await.expect("it was not renewed");
        let barred = service.renew_lease(&name, lease).await.expect_err("it was evicted");
        assert_eq!(barred.kind(), StoreErrorKind::Conflict);
    }
}
