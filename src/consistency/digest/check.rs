use std::future::Future;

use tracing::{Instrument, info_span};

use crate::consistency::run::Run;
use crate::consistency::{CheckMode, CheckReport, ConsistencyChecker};
use crate::observe::span;
use crate::repository::DigestRepository;
use crate::worker::until;

#[expect(
    clippy::manual_async_fn,
    reason = "`Send` is promised here once, as in `MigrationRepository`"
)]
impl<L, M> ConsistencyChecker<L, M>
where
    L: DigestRepository,
    M: DigestRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Checks every key by digests that the stores compute: what is level is never
    /// sent.
    ///
    /// Ranges whose digests differ are divided by sixteen until they are small;
    /// then rows are compared by their hashes, and keys that differ are read and
    /// confirmed as ever. Where most ranges differ, they are merged as in a
    /// [`full`](Self::full) check. Before that, the algorithms of both sides must
    /// be one, and some ranges of each side are scanned and hashed here; if that
    /// shows a wrong answer, everything is merged, and
    /// [`fell_back`](crate::consistency::DigestWork::fell_back) says why.
    ///
    /// A digest knows no tolerance: what the comparator calls the same while its
    /// hash differs is read.
    ///
    /// ```
    /// # use strangler_fig::memory::InMemoryRepository;
    /// # use strangler_fig::phase::{MigrationState, PhaseTracker};
    /// # use strangler_fig::repository::MigrationRepository;
    /// use strangler_fig::consistency::ConsistencyChecker;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
    /// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
    /// # let users = MigrationRepository::new(legacy, modern, tracker)?;
    /// for key in 0..20_000 {
    ///     users.legacy().plant((key, "Ada".to_owned()));
    ///     users.modern().plant((key, "Ada".to_owned()));
    /// }
    /// users.modern().plant((7, "Grace".to_owned()));
    ///
    /// let report = ConsistencyChecker::new(&users).digest(std::future::pending()).await;
    /// assert_eq!((report.keys, report.differences.conflict), (20_000, 1));
    /// let work = report.digest.expect("it is a check by digests");
    /// assert!(work.fell_back.is_none() && work.rows_hashed < 200);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: neither side is changed, and nothing of the sink is forgotten. Differences that were noted [in a
    /// queue](Self::with_repair_queue) stay noted.
    pub fn digest(
        &self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = CheckReport<L::Key>> + Send {
        async move {
            let mut run = Run::begin(self, CheckMode::Digest);
            let stop = run.pace.shutdown();
            let work = async {
                if run.digest_all().await.is_ok() {
                    let _ = run.confirm().await;
                }
                run.finish()
            };
            until(shutdown, stop, Box::pin(work.instrument(info_span!(span::CHECK)))).await
        }
    }
}
