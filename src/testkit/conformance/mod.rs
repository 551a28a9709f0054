//! The contracts, as tests that run on your adapter.
//!
//! Each numbered fact of a contract is one [`Fact`] (or a few) that takes a
//! *fixture*, your adapter over an empty store, and fails with a reason when it
//! does not hold. A macro for each suite makes one `#[test]` of each, by its name:
//!
//! | contract | suite | macro | fixture |
//! |---|---|---|---|
//! | [`Repository`] | [`repository`] | [`repository_conformance!`] | [`RepositoryFixture`] |
//! | [`ListRepository`] | [`list`] | [`list_conformance!`] | [`RepositoryFixture`] |
//! | [`StampedRepository`] | [`stamped`] | [`stamped_conformance!`] | [`StampedFixture`] |
//! | [`ScanRepository`] | [`scan`] | [`scan_conformance!`] | [`StampedFixture`] |
//! | [`TransactionalRepository`] and [`StampStore`] | [`tables`] | [`tables_conformance!`] | [`TablesFixture`] |
//! | [`MigrationStateService`] | [`state`] | [`state_conformance!`] | [`StateFixture`] |
//! [`RepairQueue`]: crate::reconcile::RepairQueue
//! [`state_conformance!`]: crate::state_conformance
//! [`repair_queue_conformance!`]: crate::repair_queue_conformance
