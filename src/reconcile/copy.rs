//! A batch of plain copies to one side.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;

use crate::repository::{Applied, StampedRepository};
use crate::stamp::Record;
use crate::worker::Persistence;

/// Copies records to a side and answers how many it took; the others are left to
/// be joined alone, all of them after a panic or if no answer comes.
pub(super) async fn copy<S: StampedRepository>(
    side: &S,
    records: Vec<(S::Key, Record<S::Entity>)>,
    tries: &Persistence,
    alone: &mut Vec<S::Key>,
) -> u64 {
    if records.is_empty() {
        return 0;
    }
    let applied = AssertUnwindSafe(async { side.apply_many(&records).await }).catch_unwind();
    let answers = tries.in_time(applied).await.map(Result::unwrap_or_default);
    let mut answers = answers.unwrap_or_default().into_iter();
    let mut copied = 0;
    for (key, _) in records {
        match answers.next() {
            Some(Ok(Applied::Stored)) => copied += 1,
            Some(Ok(Applied::Stale(_)) | Err(_)) | None => alone.push(key),
        }
    }
    copied
}
