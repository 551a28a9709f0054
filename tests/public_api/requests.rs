//! What a gateway does beside answering: mirrors, joined answers, requests that both sides are sent.

use std::sync::Arc;

use strangler_fig::gateway::dual::{
    DualWriteConfig, DualWriteJudge, DualWriter, EntityId, EntityIdError, Fingerprint,
    FingerprintError, NewRequest, NoteOutOfOrder, OperateError, ParkReason, RecordedRequest,
    ReplayError, ReplayReport, RequestClaim, RequestJournal, RequestKey, RequestKeyError,
    RequestNote, RequestRecord, RequestReplayer, RequestState, RequestStatus, Shelf, SideAnswer,
    StatusJudge, Step, Trouble, Verdict,
};
use strangler_fig::gateway::{
    Aggregate, AggregateError, Join, JoinObjects, Mirror, MirrorReport, NoiseBaseline, Part,
    PartAnswer, PlaceReport, ResponseComparator, ResponseDifference, ResponseFields, Snapshot,
    Upstream,
};
use strangler_fig::memory::{FileRequestError, FileRequestJournal, InMemoryRequestJournal};
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::stamp::StampClock;

use crate::{assert_error, assert_send, assert_shared};

fn assert_moved<T: Send + 'static>() {}

#[test]
fn their_contracts_may_be_trait_objects() {
    assert_shared::<(Arc<dyn RequestJournal>, Arc<dyn DualWriteJudge>)>();
    assert_shared::<(Arc<dyn ResponseComparator>, Arc<dyn Join>)>();
    assert_shared::<(InMemoryRequestJournal, FileRequestJournal, StatusJudge)>();
    assert_shared::<(JoinObjects, ResponseFields)>();
}

#[test]
fn handles_may_be_shared_between_threads() {
    assert_shared::<(DualWriter, RequestReplayer, DualWriteConfig)>();
    assert_shared::<(Mirror, MirrorReport, PlaceReport, NoiseBaseline, Aggregate)>();
    assert_moved::<(Part, PartAnswer, Snapshot, ResponseDifference, ReplayReport)>();
}

#[test]
fn what_is_written_down_is_plain() {
    assert_shared::<(RequestKey, Fingerprint, EntityId, NewRequest, RecordedRequest)>();
    assert_shared::<(RequestRecord, RequestState, RequestNote, RequestClaim, RequestStatus)>();
    assert_shared::<(ParkReason, Trouble, Shelf, Step, Verdict, SideAnswer<'static>)>();
}

#[test]
fn their_errors_are_errors() {
    assert_error::<RequestKeyError>();
    assert_error::<FingerprintError>();
    assert_error::<EntityIdError>();
    assert_error::<NoteOutOfOrder>();
    assert_error::<OperateError>();
    assert_error::<ReplayError>();
    assert_error::<AggregateError>();
    assert_error::<FileRequestError>();
}

#[test]
fn replaying_is_send() {
    let node = NodeId { name: "gateway-1".parse().unwrap(), incarnation: Incarnation::fixed(1) };
    let stamps = Arc::new(StampClock::new().unwrap());
    let side: Arc<dyn Upstream> = Arc::new(crate::gateway::Echo);
    let journal = Arc::new(InMemoryRequestJournal::default());
    let writer = DualWriter::new(journal, node, stamps, side.clone(), side);
    assert_send(&writer.drained());
    assert_send(&writer.replayer().run(std::future::pending()));
    assert_send(&writer.replayer().drain(std::future::pending()));
    let key = RequestKey::new("ada", "order-4711").unwrap();
    assert_send(&writer.retry(&key, &"ann".parse().unwrap(), &"looked into".parse().unwrap()));
}
