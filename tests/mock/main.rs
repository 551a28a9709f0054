//! The mocks stand where the contracts stand.

#![cfg(feature = "mockall")]

use std::num::NonZeroUsize;
use std::sync::Arc;

use mockall::Sequence;
use mockall::predicate::eq;
use strangler_fig::clock::{Clock, ManualClock};
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::mock::{
    MockClock, MockMigrationStateService, MockObserver, MockRepository, MockScanRepository,
    MockStampStore, MockStampedRepository, MockTransactionalRepository,
};
use strangler_fig::observe::{Event, Observer};
use strangler_fig::phase::{MigrationName, MigrationStateService};
use strangler_fig::repository::{
    Applied, Page, Repository, ScanRepository, SideStamped, StampedRepository,
};
use strangler_fig::stamp::{Record, Stamp, StampClock, StampScope};

#[tokio::test]
async fn a_repository_can_be_handed_out_behind_its_trait() {
    let mut mock = MockRepository::<u32, String>::new();
    mock.expect_key().return_const(3_u32);
    mock.expect_find().with(eq(3)).returning(|_| Ok(Some("Ada".to_owned())));
    mock.expect_delete().returning(|_| Err(StoreError::unknown("timeout")));
    let users: Arc<dyn Repository<Key = u32, Entity = String>> = Arc::new(mock);
    assert_eq!(users.key(&"Ada".to_owned()), 3);
    assert_eq!(users.find(&3).await.unwrap().as_deref(), Some("Ada"));
    let doubt = users.delete(&3).await.unwrap_err();
    assert_eq!(doubt.kind(), StoreErrorKind::Unknown);
}

#[tokio::test]
async fn default_bodies_stay() {
    let mut mock = MockStampedRepository::<u32, String>::new();
    mock.expect_apply().times(2).returning(|key, _| match key {
        1 => Ok(Applied::Stored),
        _ => Err(StoreError::rejected("no")),
    });
    let batch = [1, 2].map(|key| (key, Record::tombstone(Stamp::BASE)));
    let answers = mock.apply_many(&batch).await;
    assert!(answers[0].is_ok() && answers[1].is_err());
    assert_eq!(mock.scope(), StampScope::Store);
}

#[tokio::test]
async fn a_scan_is_mocked_with_its_cursor() {
    let mut mock = MockScanRepository::<u32, String>::new();
    mock.expect_scan()
        .withf(|after, limit| *after == Some(&5) && limit.get() == 1)
        .returning(|_, _| Ok(Page::new(vec![(6, Record::tombstone(Stamp::BASE))], true)));
    mock.expect_read().returning(|_| Ok(Record::absent()));
    let page = mock.scan(Some(&5), NonZeroUsize::MIN).await.unwrap();
    assert_eq!(page.records[0].0, 6);
    assert_eq!(mock.read(&6).await.unwrap(), Record::absent());
}

#[tokio::test]
async fn tables_are_mocked_under_a_side_that_stamps_them() {
    let mut rows = MockTransactionalRepository::<u32, String, u8>::new();
    let mut stamps = MockStampStore::<u32, u8>::new();
    let mut order = Sequence::new();
    rows.expect_begin().once().in_sequence(&mut order).returning(|_| Ok(7));
    stamps.expect_stamp().once().in_sequence(&mut order).returning(|_, _| Ok(Some(Stamp::BASE)));
    rows.expect_save_in()
        .once()
        .in_sequence(&mut order)
        .withf(|transaction, row| *transaction == 7 && row == "Ada")
        .returning(|_, _| Ok(()));
    stamps.expect_set().once().in_sequence(&mut order).returning(|_, _, _| Ok(()));
    rows.expect_commit().once().in_sequence(&mut order).returning(|_| Ok(()));

    let side = SideStamped::new(rows, stamps);
    let record = Record::live(Stamp::MAX, "Ada".to_owned());
    assert_eq!(side.apply(&3, &record).await.unwrap(), Applied::Stored);
}

#[tokio::test]
async fn many_side_stamped_rows_are_read_in_one_transaction() {
    let mut rows = MockTransactionalRepository::<u32, String, u8>::new();
    let mut stamps = MockStampStore::<u32, u8>::new();
    rows.expect_begin().once().returning(|_| Ok(7));
    rows.expect_find_in().times(3).returning(|_, key| Ok(Some(format!("row {key}"))));
    stamps.expect_stamp().times(3).returning(|_, _| Ok(Some(Stamp::MAX)));
    let read = SideStamped::new(rows, stamps).read_many(&[3, 1, 3]).await;
    let read: Vec<_> = read.into_iter().map(Result::unwrap).collect();
    let expected = [3, 1, 3].map(|key| Record::live(Stamp::MAX, format!("row {key}")));
    assert_eq!(read, expected);
}

#[tokio::test]
async fn a_side_stamped_row_that_cannot_be_read_fails_alone() {
    let mut rows = MockTransactionalRepository::<u32, String, u8>::new();
    let mut stamps = MockStampStore::<u32, u8>::new();
    rows.expect_begin().returning(|_| Ok(7));
    rows.expect_find_in().returning(|_, key| match key {
        2 => Err(StoreError::rejected("not UTF-8")),
        _ => Ok(None),
    });
    stamps.expect_stamp().returning(|_, _| Ok(None));
    let read = SideStamped::new(rows, stamps).read_many(&[1, 2, 3]).await;
    let failed: Vec<_> = read.iter().map(Result::is_err).collect();
    assert_eq!(failed, [false, true, false]);
}

#[tokio::test]
async fn lists_are_mocked_with_their_cursors() {
    let mut rows = MockTransactionalRepository::<u32, String, u8>::new();
    let mut stamps = MockStampStore::<u32, u8>::new();
    rows.expect_begin().returning(|_| Ok(7));
    rows.expect_list_in()
        .withf(|_, after, _| *after == Some(&1))
        .returning(|_, _, _| Ok(Vec::new()));
    stamps
        .expect_list()
        .withf(|_, after, _| *after == Some(&1))
        .returning(|_, _, _| Ok(vec![(2, Stamp::BASE)]));
    let side = SideStamped::new(rows, stamps);
    let page = side.scan(Some(&1), NonZeroUsize::new(5).unwrap()).await.unwrap();
    assert_eq!(page.records, [(2, Record::tombstone(Stamp::BASE))]);
}

#[tokio::test]
async fn a_state_service_can_be_out_of_reach() {
    let mut mock = MockMigrationStateService::new();
    mock.expect_current().returning(|_| Err(StoreError::unavailable("down")));
    let service: Arc<dyn MigrationStateService> = Arc::new(mock);
    let users: MigrationName = "users".parse().unwrap();
    assert!(service.current(&users).await.unwrap_err().is_retryable());
}

#[test]
fn clocks_and_observers_are_mocked() {
    let mut clock = MockClock::new();
    let wall = ManualClock::at(5);
    clock.expect_unix_millis().returning(move || wall.unix_millis());
    let stamps = StampClock::new().unwrap().with_clock(Arc::new(clock));
    assert_eq!(stamps.now().unix_millis(), 5);

    let mut observer = MockObserver::new();
    observer.expect_on_event().once().return_const(());
    let observer: Arc<dyn Observer> = Arc::new(observer);
    observer.on_event(&Event::StampDrifted);
}
