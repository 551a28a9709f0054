//! Adapters that break their contract: a clear error, never an endless loop.

use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::backfill::{BackfillError, BackfillReport, Backfiller};
use strangler_fig::error::StoreError;
use strangler_fig::memory::{InMemoryCheckpointStore, InMemoryRepairQueue};
use strangler_fig::phase::{MigrationState, PhaseTracker};
use strangler_fig::reconcile::RepairQueue;
use strangler_fig::repository::{
    Applied, MigrationRepository, Page, ScanRepository, StampedRepository,
};
use strangler_fig::stamp::Record;
use tokio::time::timeout;

use super::support::{Row, Store, job, pages};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    None,
    OutOfOrder,
    SamePage,
    StandsStill,
    Undecodable,
    AnswersTooFew,
    Panics,
    ScanPanics,
}

struct Liar(Store, Lie);

#[async_trait]
impl StampedRepository for Liar {
    type Key = u32;
    type Entity = Row;

    fn key(&self, row: &Row) -> u32 {
        row.0
    }
    async fn read(&self, key: &u32) -> Result<Record<Row>, StoreError> {
        self.0.read(key).await
    }
    async fn apply(&self, key: &u32, record: &Record<Row>) -> Result<Applied, StoreError> {
        self.0.apply(key, record).await
    }
    async fn apply_many(&self, records: &[(u32, Record<Row>)]) -> Vec<Result<Applied, StoreError>> {
        assert!(self.1 != Lie::Panics, "a bug in the adapter");
        let few = if self.1 == Lie::AnswersTooFew { 1 } else { records.len() };
        self.0.apply_many(&records[..few.min(records.len())]).await
    }
}

#[async_trait]
impl ScanRepository for Liar {
    async fn scan(
        &self,
        after: Option<&u32>,
        limit: NonZeroUsize,
    ) -> Result<Page<u32, Row>, StoreError> {
        assert!(self.1 != Lie::ScanPanics || after.is_none(), "a bug in the adapter");
        let after = if self.1 == Lie::SamePage { None } else { after };
        let mut page = self.0.scan(after, limit).await?;
        match self.1 {
            Lie::OutOfOrder if after.is_some() => page.records.reverse(),
            Lie::StandsStill if after.is_some() => page = Page::new(Vec::new(), false),
            Lie::Undecodable if after.is_some() => {
                return Err(StoreError::rejected("row 6: the key is no number"));
            }
            _ => {}
        }
        Ok(page)
    }
    async fn last_key(&self) -> Result<Option<u32>, StoreError> {
        self.0.last_key().await
    }
}

async fn backfilled(
    legacy: Lie,
    modern: Lie,
) -> (Result<BackfillReport, BackfillError>, Store, u64) {
    let [old, new] = [(); 2].map(|()| Store::new(|row| row.0));
    (0..20).for_each(|key| old.plant((key, key)));
    let tracker = PhaseTracker::detached(MigrationState::new("rows".parse().unwrap()));
    let rows = MigrationRepository::new(Liar(old, legacy), Liar(new.clone(), modern), tracker);
    let repairs = Arc::new(InMemoryRepairQueue::default());
    let checkpoints = Arc::new(InMemoryCheckpointStore::default());
    let backfiller = Backfiller::new(&rows.unwrap(), checkpoints, repairs.clone(), job());
    let backfiller = backfiller.with_config(pages(5, 2));
    let run = timeout(Duration::from_secs(3_600), backfiller.run(pending())).await;
    let waiting = repairs.depth().await.unwrap().waiting;
    (run.expect("it ends"), new, waiting)
}

async fn error_of(lie: Lie) -> String {
    let (result, modern, _) = backfilled(lie, Lie::None).await;
    assert!(modern.records().len() <= 5, "only the page before was copied");
    result.unwrap_err().to_string()
}

#[tokio::test(start_paused = true)]
async fn a_scan_out_of_order_is_an_error() {
    assert_eq!(error_of(Lie::OutOfOrder).await, "the scan of legacy is out of order");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_repeats_is_an_error() {
    assert_eq!(error_of(Lie::SamePage).await, "the scan of legacy is out of order");
}

#[tokio::test(start_paused = true)]
async fn a_scan_that_stands_still_is_an_error() {
    assert_eq!(error_of(Lie::StandsStill).await, "the scan of legacy stands still");
}

#[tokio::test(start_paused = true)]
async fn a_row_that_cannot_be_decoded_is_an_error_that_names_it() {
    let (result, ..) = backfilled(Lie::Undecodable, Lie::None).await;
    let BackfillError::Scan(error) = result.unwrap_err() else { panic!("another error") };
    let source = std::error::Error::source(&error).unwrap().source().unwrap();
    assert_eq!(source.to_string(), "row 6: the key is no number");
}

#[tokio::test(start_paused = true)]
async fn records_without_an_answer_have_failed() {
    let (result, modern, waiting) = backfilled(Lie::None, Lie::AnswersTooFew).await;
    let report = result.unwrap();
    // One record a try, four tries a page of five.
    assert_eq!((report.copied, report.failed, waiting), (16, 4, 4));
    assert_eq!(modern.records().len(), 16);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_scan_is_an_error() {
    assert_eq!(error_of(Lie::ScanPanics).await, "legacy could not be scanned");
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_modern_is_an_error() {
    let (result, ..) = backfilled(Lie::None, Lie::Panics).await;
    assert!(matches!(result, Err(BackfillError::Panicked)), "{result:?}");
}
