use std::path::PathBuf;
use std::time::Duration;

use futures::stream::{StreamExt, iter};
use tracing::warn;

use super::file::SagaFile;
use super::journal::{FileSagaJournal, of_saga};
use super::line::{Line, UnixMillis};
use crate::error::{StoreError, StoreErrorKind};
use crate::memory::saga_record::Moment;
use crate::observe::field;
use crate::saga::{SagaClaim, SagaId};

/// For how many sagas a lock is kept: as long as their files are synced, nobody else gets it.
const CLAIMS: usize = 8;
/// How many groups of them are renewed at once: the disk syncs several files as fast as one.
const GROUPS: usize = 16;

impl FileSagaJournal {
    /// Renews what can be renewed, and answers what was. What is damaged is left out, and reported.
    ///
    /// # Errors
    ///
    /// The first of what may pass, when the others have been renewed.
    pub(super) async fn renew_all(
        &self,
        claims: &[SagaClaim],
        term: Duration,
    ) -> Result<Vec<SagaId>, StoreError> {
        let lock = |claim: &SagaClaim| SagaFile::lock(self.directory(), &claim.saga);
        let mut claims: Vec<_> = claims.iter().map(|claim| (lock(claim), claim)).collect();
        claims.sort_by(|(one, _), (other, _)| one.cmp(other));
        let groups = claims.chunk_by(|(one, _), (other, _)| one == other);
        let groups = groups.flat_map(|group| group.chunks(CLAIMS)).map(|group| {
            let claims = group.iter().map(|(_, claim)| (*claim).clone()).collect();
            self.renew_group(group[0].0.clone(), claims, term)
        });
        let groups: Vec<_> = groups.collect();
        let answers: Vec<_> = iter(groups).buffer_unordered(GROUPS).collect().await;
        let (mut renewed, mut failed) = (Vec::with_capacity(claims.len()), None);
        for answer in answers {
            match answer {
                Ok((held, error)) => {
                    renewed.extend(held);
                    failed = failed.or(error);
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(renewed), Err)
    }

    /// Renews claims of sagas that share a lock; answers which, and what may pass of the others.
    async fn renew_group(
        &self,
        lock: PathBuf,
        claims: Vec<SagaClaim>,
        term: Duration,
    ) -> Result<(Vec<SagaId>, Option<StoreError>), StoreError> {
        let files = claims.into_iter().map(|it| (SagaFile::of(self.directory(), &it.saga), it));
        let files: Vec<_> = files.collect();
        self.holding(lock, move || {
            let (mut renewed, mut failed) = (Vec::with_capacity(files.len()), None);
            for (file, claim) in files {
                match renew(&file, &claim, term) {
                    Ok(true) => renewed.push(claim.saga),
                    Ok(false) => {}
                    Err(error) if error.kind() == StoreErrorKind::Rejected => {
                        let (saga, error) = (claim.saga, error.with_causes());
                        warn!({ field::SAGA } = %saga, { field::ERROR } = error, "a saga whose file cannot be read is not renewed");
                    }
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            Ok((renewed, failed))
        })
        .await
    }
}

fn renew(file: &SagaFile, claim: &SagaClaim, term: Duration) -> Result<bool, StoreError> {
    let Some(mut found) = of_saga(file.glance(), &claim.saga)? else { return Ok(false) };
    let (epoch, until) = (claim.epoch, UnixMillis::now().after(term));
    if !found.record.renew(epoch, until) {
        return Ok(false);
    }
    file.renew(&found, &Line::Renewed { epoch, until })?;
    Ok(true)
}
