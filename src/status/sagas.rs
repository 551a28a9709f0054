use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Serialize;

use super::plain::{TEXT_MAX, capped};
use crate::clock::seconds;
use crate::error::StoreError;
use crate::saga::{SagaFilter, SagaHeader, SagaJournal, SagaStatus};

/// How much of a journal is looked at.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::status::SagasConfig;
///
/// let config = SagasConfig::default().with_stuck_after(Duration::from_secs(60));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SagasConfig {
    count_max: NonZeroUsize,
    named_max: NonZeroUsize,
    stuck_after: Duration,
}

impl Default for SagasConfig {
    /// Up to 1,000 of each status are counted and 20 stuck ones named; one that is under way and has not changed for
    /// five minutes is stuck.
    fn default() -> Self {
        Self {
            count_max: NonZeroUsize::new(1_000).expect("it is not zero"),
            named_max: NonZeroUsize::new(20).expect("it is not zero"),
            stuck_after: Duration::from_secs(300),
        }
    }
}

impl SagasConfig {
    /// How many sagas of each status are counted; more are told as so many or more.
    #[must_use]
    pub const fn with_count_max(mut self, count: NonZeroUsize) -> Self {
        self.count_max = count;
        self
    }

    /// How many stuck sagas are named; those that wait for an operator and those that hang share the places.
    #[must_use]
    pub const fn with_named_max(mut self, named: NonZeroUsize) -> Self {
        self.named_max = named;
        self
    }

    /// After how long a saga that is under way and does not change counts as stuck; at least a second.
    #[must_use]
    pub fn with_stuck_after(mut self, idle: Duration) -> Self {
        self.stuck_after = idle.max(Duration::from_secs(1));
        self
    }
}

/// How many sagas stand so.
///
/// ```
/// use strangler_fig::status::SagaCount;
///
/// fn told(count: &SagaCount) -> String {
///     format!("{} {}{}", count.status, count.sagas, if count.or_more { " or more" } else { "" })
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SagaCount {
    /// Where they stand.
    pub status: SagaStatus,
    /// How many.
    pub sagas: u64,
    /// Whether counting stopped there.
    pub or_more: bool,
}

/// A saga that goes on by nobody.
///
/// ```
/// use strangler_fig::status::StuckSaga;
///
/// fn line(saga: &StuckSaga) -> String {
///     format!("{} of {} is {}", saga.saga, saga.definition, saga.status)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StuckSaga {
    /// Which.
    pub saga: String,
    /// The kind it is of.
    pub definition: String,
    /// Where it stands: `parked` waits for an operator, others do not change.
    pub status: SagaStatus,
    /// How long ago it last changed.
    #[serde(rename = "idle_seconds", with = "seconds")]
    pub idle: Duration,
}

impl StuckSaga {
    fn of(header: &SagaHeader) -> Self {
        Self {
            saga: header.id.to_string(),
            definition: format!("{}@{}", header.definition.name, header.definition.version),
            status: header.status,
            idle: header.idle,
        }
    }
}

/// The sagas of a journal, by where they stand, the stuck ones by name.
///
/// ```
/// use strangler_fig::memory::InMemorySagaJournal;
/// use strangler_fig::status::{SagaStatuses, SagasConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let journal = InMemorySagaJournal::default();
/// let sagas = SagaStatuses::of(&journal, SagasConfig::default()).await;
/// assert!(sagas.counts.iter().all(|count| count.sagas == 0) && sagas.stuck.is_empty());
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct SagaStatuses {
    /// How many stand where.
    pub counts: Vec<SagaCount>,
    /// Those that wait for an operator, then those that do not change.
    pub stuck: Vec<StuckSaga>,
    /// Whether there are more stuck ones than are named.
    pub has_more_stuck: bool,
    /// Why the journal could not be asked, if it could not.
    pub error: Option<String>,
}

impl SagaStatuses {
    /// What the journal lists now. One that cannot be asked is told as such.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it changes nothing.
    pub async fn of(journal: &dyn SagaJournal, config: SagasConfig) -> Self {
        match Self::asked(journal, config).await {
            Ok(sagas) => sagas,
            Err(error) => {
                let error = Some(capped(&error.with_causes(), TEXT_MAX));
                Self { error, ..Self::default() }
            }
        }
    }

    async fn asked(journal: &dyn SagaJournal, config: SagasConfig) -> Result<Self, StoreError> {
        let mut sagas = Self::default();
        for &status in SagaStatus::ALL {
            let filter = SagaFilter { statuses: vec![status], ..SagaFilter::default() };
            let (found, or_more) = bounded(journal, &filter, config.count_max).await?;
            let count = u64::try_from(found.len()).unwrap_or(u64::MAX);
            sagas.counts.push(SagaCount { status, sagas: count, or_more });
        }
        let parked = SagaFilter { statuses: vec![SagaStatus::Parked], ..SagaFilter::default() };
        let idle = SagaFilter {
            statuses: vec![SagaStatus::Running, SagaStatus::Unwinding],
            idle_min: config.stuck_after,
            ..SagaFilter::default()
        };
        let (parked, more_parked) = bounded(journal, &parked, config.named_max).await?;
        let (idle, more_idle) = bounded(journal, &idle, config.named_max).await?;
        // Neither kind leaves the other without a place.
        let places = config.named_max.get();
        let of_parked = places.div_ceil(2).max(places.saturating_sub(idle.len()));
        let of_idle = places - of_parked.min(parked.len());
        sagas.has_more_stuck =
            more_parked || more_idle || parked.len() > of_parked || idle.len() > of_idle;
        let named = parked.iter().take(of_parked).chain(idle.iter().take(of_idle));
        sagas.stuck = named.map(StuckSaga::of).collect();
        Ok(sagas)
    }
}

/// The first of them, and whether there are more.
async fn bounded(
    journal: &dyn SagaJournal,
    filter: &SagaFilter,
    most: NonZeroUsize,
) -> Result<(Vec<SagaHeader>, bool), StoreError> {
    let mut found = journal.list(filter, None, most.saturating_add(1)).await?;
    let or_more = found.len() > most.get();
    found.truncate(most.get());
    Ok((found, or_more))
}
