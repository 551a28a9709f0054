//! The whole picture of a migration.

use std::future::Future;

use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::observe::Observer;
use strangler_fig::status::{
    Authority, BackfillStatus, BreakerStatus, CheckSeen, Colour, ComparisonStatus,
    DifferenceStatus, FallbackCount, FieldTally, Freshness, GateSeen, HTML_STYLE,
    HTML_STYLE_SHA256, MigrationStatus, NodeStanding, OperationCounts, OutboxStatus, PartStanding,
    PastMove, PercentileStatus, ReasonCount, RepairStatus, ReplicationStatus, RouteCount,
    SagaCount, SagaStatuses, SagasConfig, SeenEvidence, StatusBoard, StatusConfig, StuckSaga,
    TrafficStatus, VerificationStatus, Way, WayStep,
};

use crate::{assert_send, assert_shared, assert_value};

#[test]
fn the_picture_is_a_value_with_all_its_parts() {
    assert_value::<MigrationStatus>();
    assert_value::<(PartStanding, NodeStanding, Authority)>();
    assert_value::<(Way, WayStep, GateSeen, PastMove, SeenEvidence)>();
    assert_value::<(VerificationStatus, Freshness, CheckSeen)>();
    assert_value::<(ComparisonStatus, PercentileStatus, TrafficStatus, OperationCounts)>();
    assert_value::<(ReasonCount, RouteCount, FallbackCount, BreakerStatus)>();
    assert_value::<(RepairStatus, BackfillStatus, OutboxStatus, ReplicationStatus)>();
    assert_value::<(SagaStatuses, SagaCount, StuckSaga, SagasConfig)>();
    assert_value::<(DifferenceStatus, FieldTally, Colour)>();
    assert!(HTML_STYLE_SHA256.len() > "sha256-".len() && HTML_STYLE.len() > 100);
}

#[test]
fn the_board_is_an_observer_that_threads_share() {
    fn listens<T: Observer>() {}
    listens::<StatusBoard>();
    assert_shared::<(StatusBoard, StatusConfig)>();
}

#[test]
fn sagas_are_looked_at_from_any_task() {
    fn asked(journal: &InMemorySagaJournal) -> impl Future<Output = SagaStatuses> {
        SagaStatuses::of(journal, SagasConfig::default())
    }
    assert_send(&asked(&InMemorySagaJournal::default()));
}
