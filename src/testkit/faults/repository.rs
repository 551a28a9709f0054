use std::fmt;
use std::future::{Future, pending};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::sleep;

use super::control::{Call, Control};
use super::landing::Landings;
use super::{Fault, FaultPlan, Gate, Pause};
use crate::error::StoreError;
use crate::repository::{Applied, Page, ScanRepository, StampedRepository};
use crate::stamp::{Record, StampScope};

/// An adapter that does what it wraps does, save for the faults it is told.
///
/// For each call: the script of its kind first, one entry a call; then what is
/// [`always`](Self::always) so; then the [plan](Self::follow); else no fault.
/// A read or a scan has no effect, so one whose answer is lost is `Unavailable`
/// and not `Unknown`. `apply_many` is one `apply` for each record, with a fault
/// of its own. Clones share everything.
///
/// ```
/// use strangler_fig::error::StoreErrorKind;
/// use strangler_fig::memory::InMemoryRepository;
/// use strangler_fig::repository::StampedRepository;
/// use strangler_fig::testkit::faults::{Fault, FaultyRepository};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let users = FaultyRepository::new(InMemoryRepository::new(|user: &(u32, &str)| user.0));
/// users.always_read(Fault::Refuse(StoreErrorKind::Unavailable));
/// users.push_read(None); // the next one gets through
/// assert!(users.read(&1).await.is_ok());
/// assert!(users.read(&1).await.is_err());
///
/// users.heal();
/// assert!(users.read(&1).await.is_ok());
/// assert_eq!((users.reads(), users.applies(), users.scans()), (3, 0, 0));
/// # Ok(())
/// # }
/// ```
///
/// Every kind of call has a script, an `always` and a count of its own:
///
/// ```
/// # use std::num::NonZeroUsize;
/// # use std::time::Duration;
/// # use strangler_fig::error::StoreErrorKind;
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::repository::{ScanRepository, StampedRepository};
/// # use strangler_fig::stamp::{Record, Stamp};
/// # use strangler_fig::testkit::faults::{Fault, FaultyRepository};
/// # use tokio::time::timeout;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let users = FaultyRepository::new(InMemoryRepository::new(|user: &(u32, &str)| user.0));
/// users.always(Fault::Hang); // all kinds, until told otherwise of one
/// users.always_apply(Fault::Refuse(StoreErrorKind::Unavailable));
/// users.always_scan(Fault::Delay(Duration::from_secs(60)));
/// users.push_apply(None);
/// users.push_scan(Fault::FailAfter);
///
/// let gone = Record::tombstone(Stamp::BASE);
/// assert!(users.apply(&1, &gone).await.is_ok());
/// assert!(users.apply(&2, &gone).await.is_err());
/// assert!(timeout(Duration::from_secs(9), users.read(&1)).await.is_err());
/// let lost = users.scan(None, NonZeroUsize::MIN).await.unwrap_err();
/// assert_eq!(lost.kind(), StoreErrorKind::Unavailable, "a scan has no effect");
/// assert_eq!(users.scan(None, NonZeroUsize::MIN).await?.records, [(1, gone.clone())]);
/// assert_eq!(users.inner().read(&1).await?, gone, "what it wraps is not disturbed");
/// assert_eq!((users.reads(), users.applies(), users.scans()), (1, 2, 2));
/// # Ok(())
/// # }
/// ```
///
/// Gates let calls overlap for sure:
///
/// ```
/// # use std::num::NonZeroUsize;
/// # use strangler_fig::memory::InMemoryRepository;
/// # use strangler_fig::repository::{ScanRepository, StampedRepository};
/// # use strangler_fig::stamp::{Record, Stamp};
/// # use strangler_fig::testkit::faults::{FaultyRepository, Gate, Pause};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let users = FaultyRepository::new(InMemoryRepository::new(|user: &(u32, &str)| user.0));
/// # let (gone, limit) = (Record::tombstone(Stamp::BASE), NonZeroUsize::MIN);
/// let gates = [
///     users.pause_next_read(Pause::BeforeEffect),
///     users.pause_next_apply(Pause::BeforeEffect),
///     users.pause_next_scan(Pause::AfterEffect),
/// ];
/// let all_under_way = async {
///     for gate in &gates {
///         gate.reached().await;
///     }
///     gates.map(Gate::open);
/// };
/// let (read, apply, scan) = (users.read(&1), users.apply(&1, &gone), users.scan(None, limit));
/// let (read, apply, scan, _) = tokio::join!(read, apply, scan, all_under_way);
/// assert!(read.is_ok() && apply.is_ok());
/// assert!(scan.is_ok_and(|page| page.records.is_empty()), "it was there before the write");
/// # }
/// ```
pub struct FaultyRepository<R> {
    inner: Arc<R>,
    control: Arc<Control>,
    landings: Landings,
}

impl<R> Clone for FaultyRepository<R> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            control: Arc::clone(&self.control),
            landings: self.landings.clone(),
        }
    }
}

impl<R: StampedRepository> FaultyRepository<R> {
    /// `inner`, without any fault yet.
    pub fn new(inner: R) -> Self {
        Self { inner: Arc::new(inner), control: Arc::default(), landings: Landings::default() }
    }

    /// What it wraps: calls to it are neither counted nor disturbed.
    #[must_use]
    pub fn inner(&self) -> &R {
        &self.inner
    }

    /// The next `read` without an entry in the script has this fault.
    pub fn push_read(&self, fault: impl Into<Option<Fault>>) {
        self.push(Call::Read, fault.into());
    }

    /// The next `apply` without an entry in the script has this fault; `None`
    /// lets one through.
    pub fn push_apply(&self, fault: impl Into<Option<Fault>>) {
        self.push(Call::Apply, fault.into());
    }

    /// The next `scan` without an entry in the script has this fault.
    pub fn push_scan(&self, fault: impl Into<Option<Fault>>) {
        self.push(Call::Scan, fault.into());
    }

    /// Every call without an entry in the script has this fault.
    pub fn always(&self, fault: Fault) {
        for lane in self.control.lanes().all() {
            lane.set_always(fault);
        }
    }

    /// Every `read` without an entry in the script has this fault.
    pub fn always_read(&self, fault: Fault) {
        self.control.lanes().of(Call::Read).set_always(fault);
    }

    /// Every `apply` without an entry in the script has this fault.
    pub fn always_apply(&self, fault: Fault) {
        self.control.lanes().of(Call::Apply).set_always(fault);
    }

    /// Every `scan` without an entry in the script has this fault.
    pub fn always_scan(&self, fault: Fault) {
        self.control.lanes().of(Call::Scan).set_always(fault);
    }

    /// Calls without a fault by now have what the plan draws for them.
    ///
    /// ```
    /// use strangler_fig::memory::InMemoryRepository;
    /// use strangler_fig::repository::StampedRepository;
    /// use strangler_fig::stamp::{Record, Stamp};
    /// use strangler_fig::testkit::faults::{Fault, FaultPlan, FaultyRepository};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let users = FaultyRepository::new(InMemoryRepository::new(|user: &(u32, &str)| user.0));
    /// users.follow(FaultPlan::seeded(7).with(1_000, Fault::FailAfter));
    /// assert!(users.apply(&1, &Record::tombstone(Stamp::BASE)).await.is_err());
    /// assert!(users.inner().read(&1).await?.is_tombstone(), "it had its effect");
    /// # Ok(())
    /// # }
    /// ```
    pub fn follow(&self, plan: FaultPlan) {
        self.control.lanes().plan = Some(plan);
    }

    /// Forgets script, plan and what is always so. What hangs goes on hanging,
    /// and what is to land lands.
    pub fn heal(&self) {
        let mut lanes = self.control.lanes();
        lanes.plan = None;
        for lane in lanes.all() {
            lane.heal();
        }
    }

    /// Stops the next `read` that no gate waits for yet.
    pub fn pause_next_read(&self, pause: Pause) -> Gate {
        self.control.lanes().of(Call::Read).pause_next(pause)
    }

    /// Stops the next `apply` that no gate waits for yet.
    pub fn pause_next_apply(&self, pause: Pause) -> Gate {
        self.control.lanes().of(Call::Apply).pause_next(pause)
    }

    /// Stops the next `scan` that no gate waits for yet.
    pub fn pause_next_scan(&self, pause: Pause) -> Gate {
        self.control.lanes().of(Call::Scan).pause_next(pause)
    }

    /// How often `read` was called.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.control.lanes().of(Call::Read).calls()
    }

    /// How often `apply` was called, records of `apply_many` included.
    #[must_use]
    pub fn applies(&self) -> u64 {
        self.control.lanes().of(Call::Apply).calls()
    }

    /// How often `scan` was called, `last_key` included.
    #[must_use]
    pub fn scans(&self) -> u64 {
        self.control.lanes().of(Call::Scan).calls()
    }

    /// Resolves when every effect that was to land later has.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use strangler_fig::memory::InMemoryRepository;
    /// # use strangler_fig::repository::StampedRepository;
    /// # use strangler_fig::stamp::{Record, Stamp};
    /// # use strangler_fig::testkit::faults::{Fault, FaultyRepository};
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let users = FaultyRepository::new(InMemoryRepository::new(|user: &(u32, &str)| user.0));
    /// users.push_apply(Fault::LandLater(Duration::from_secs(60)));
    /// assert!(users.apply(&1, &Record::tombstone(Stamp::BASE)).await.is_err());
    /// assert_eq!(users.read(&1).await?, Record::absent());
    /// users.settled().await;
    /// assert!(users.read(&1).await?.is_tombstone());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn settled(&self) {
        self.landings.settled().await;
    }

    fn push(&self, call: Call, fault: Option<Fault>) {
        self.control.lanes().of(call).push(fault);
    }

    /// A call that leaves nothing behind.
    async fn look<T>(
        &self,
        call: Call,
        look: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let lost = |_| Err(StoreError::unavailable("injected: the answer was lost"));
        self.call(call, look, lost).await
    }

    /// A call under its fault, between its gates. `lose` is the answer when it
    /// is lost, and sees to it that the effect comes later, if it is to.
    async fn call<T>(
        &self,
        call: Call,
        effect: impl Future<Output = Result<T, StoreError>> + Send,
        lose: impl FnOnce(Option<Duration>) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        let (fault, mut threshold) = self.control.next(call);
        if let Some(threshold) = &mut threshold {
            threshold.cross(Pause::BeforeEffect).await;
        }
        let answer = match fault {
            None => effect.await,
            Some(Fault::Delay(delay)) => {
                sleep(delay).await;
                effect.await
            }
            Some(Fault::Refuse(kind)) => return Err(StoreError::new(kind, "injected: refused")),
            Some(Fault::FailAfter) => effect.await.and_then(|_| lose(None)),
            Some(Fault::LandLater(delay)) => return lose(Some(delay)),
            Some(Fault::Hang) => pending().await,
            Some(Fault::Panic) => panic!("injected: a panic of the adapter"),
        };
        if let Some(threshold) = &mut threshold {
            threshold.cross(Pause::AfterEffect).await;
        }
        answer
    }
}

impl<R> fmt::Debug for FaultyRepository<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyRepository").field("control", &self.control).finish_non_exhaustive()
    }
}

#[async_trait]
impl<R: StampedRepository> StampedRepository for FaultyRepository<R> {
    type Key = R::Key;
    type Entity = R::Entity;

    fn key(&self, entity: &R::Entity) -> R::Key {
        self.inner.key(entity)
    }

    async fn read(&self, key: &R::Key) -> Result<Record<R::Entity>, StoreError> {
        self.look(Call::Read, self.inner.read(key)).await
    }

    async fn apply(&self, key: &R::Key, record: &Record<R::Entity>) -> Result<Applied, StoreError> {
        let lose = |landing: Option<_>| {
            if let Some(delay) = landing {
                let (inner, key, record) = (Arc::clone(&self.inner), key.clone(), record.clone());
                let effect = async move { drop(inner.apply(&key, &record).await) };
                self.landings.launch(delay, effect);
            }
            Err(StoreError::unknown("injected: the answer was lost"))
        };
        let effect = self.inner.apply(key, record);
        self.call(Call::Apply, effect, lose).await
    }

    fn scope(&self) -> StampScope {
        self.inner.scope()
    }
}

#[async_trait]
impl<R: ScanRepository> ScanRepository for FaultyRepository<R> {
    async fn scan(
        &self,
        after: Option<&R::Key>,
        limit: NonZeroUsize,
    ) -> Result<Page<R::Key, R::Entity>, StoreError> {
        self.look(Call::Scan, self.inner.scan(after, limit)).await
    }

    /// A scan for the script, the plan and the count.
    async fn last_key(&self) -> Result<Option<R::Key>, StoreError> {
        self.look(Call::Scan, self.inner.last_key()).await
    }
}
