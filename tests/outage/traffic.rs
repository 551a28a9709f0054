use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use measure::state_in;
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::phase::{Phase, PhaseTracker, Share, Side};
use strangler_fig::repository::{MigrationConfig, MigrationRepository};
use strangler_fig::resilience::{
    BreakerConfig, Bulkhead, CircuitBreaker, Exponential, Policy, Retry, RetryBudget,
};
use strangler_fig::stamp::StampClock;
use strangler_fig::testkit::faults::FaultyRepository;
use tokio::time::Instant;

pub(crate) type Store = FaultyRepository<InMemoryRepository<u32, (u32, u64)>>;

/// How long a breaker stays open, and so how long a side that is well again may wait.
pub(crate) const HALF_OPEN: Duration = Duration::from_secs(5);

/// How often operations come.
pub(crate) const TICK: Duration = Duration::from_millis(250);

const CONCURRENCY: u32 = 16;
const QUEUE: u32 = 16;
const KEYS: u32 = 64;

/// As [`Policy::standard`], but with small limits, so that they are met.
pub(crate) fn standard(name: &'static str) -> Policy {
    let breaker = BreakerConfig::default().with_open_for(HALF_OPEN);
    let retry = Retry::new(Exponential::default().with_count(2).with_seed(7));
    Policy::new(name)
        .with_deadline(Duration::from_secs(5))
        .with_retry(retry.with_budget(RetryBudget::default()))
        .with_breaker(CircuitBreaker::new(name, breaker))
        .with_bulkhead(
            Bulkhead::new(name, NonZeroU32::new(CONCURRENCY).unwrap())
                .with_queue(QUEUE, Duration::from_millis(100)),
        )
        .with_try_deadline(Duration::from_secs(1))
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) rows: MigrationRepository<Store, Store>,
    policies: Option<[Policy; 2]>,
}

impl World {
    pub(crate) fn new(phase: Phase, policy: Option<fn(&'static str) -> Policy>) -> Self {
        let policies = policy.map(|policy| ["legacy", "modern"].map(policy));
        let config = MigrationConfig::default().with_shadow_share(Share::percent(50));
        let config = match policies.clone() {
            Some([legacy, modern]) => {
                config.with_policy(Side::Legacy, legacy).with_policy(Side::Modern, modern)
            }
            None => config,
        };
        let [legacy, modern] =
            [(); 2].map(|()| Store::new(InMemoryRepository::new(|row: &(u32, u64)| row.0)));
        let tracker = PhaseTracker::detached(state_in(phase));
        let stamps = Arc::new(StampClock::new().unwrap());
        let rows =
            MigrationRepository::with_parts(legacy, modern, tracker, stamps, config).unwrap();
        Self { rows, policies }
    }

    pub(crate) fn store(&self, side: Side) -> &Store {
        match side {
            Side::Legacy => self.rows.legacy(),
            Side::Modern => self.rows.modern(),
        }
    }

    pub(crate) fn policy(&self, side: Side) -> &Policy {
        let [legacy, modern] = self.policies.as_ref().unwrap();
        match side {
            Side::Legacy => legacy,
            Side::Modern => modern,
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    made: AtomicU64,
    ended: AtomicU64,
    failed: AtomicU64,
    slowest: AtomicU64,
}

/// Eight operations, half of them saves, every quarter of a second, each by a caller who
/// waits as long as it takes.
#[derive(Debug)]
pub(crate) struct Traffic {
    rows: MigrationRepository<Store, Store>,
    counts: Arc<Counts>,
    under_way_most: u64,
}

impl Traffic {
    pub(crate) fn new(world: &World) -> Self {
        Self { rows: world.rows.clone(), counts: Arc::default(), under_way_most: 0 }
    }

    pub(crate) async fn runs(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            for _ in 0..8 {
                let number = self.counts.made.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(operate(self.rows.clone(), Arc::clone(&self.counts), number));
            }
            tokio::time::sleep(TICK).await;
            self.under_way_most = self.under_way_most.max(self.under_way());
        }
    }

    pub(crate) fn made(&self) -> u64 {
        self.counts.made.load(Ordering::Relaxed)
    }

    pub(crate) fn failed(&self) -> u64 {
        self.counts.failed.load(Ordering::Relaxed)
    }

    pub(crate) fn under_way(&self) -> u64 {
        self.made() - self.counts.ended.load(Ordering::Relaxed)
    }

    pub(crate) fn slowest(&self) -> Duration {
        Duration::from_millis(self.counts.slowest.load(Ordering::Relaxed))
    }

    /// No queue is longer than it may be, now or ever.
    pub(crate) fn is_within_bounds(&self, world: &World, what: &str) {
        for side in [Side::Legacy, Side::Modern] {
            let bulkhead = world.policy(side).bulkhead().unwrap();
            assert!(bulkhead.waiting() <= QUEUE, "{what}");
            assert!(bulkhead.under_way() <= CONCURRENCY as usize, "{what}");
        }
        // Those who call, those who queue, those who pause before a retry: of an
        // operation on two sides, on either.
        let most = u64::from(4 * (CONCURRENCY + QUEUE));
        assert!(self.under_way_most <= most, "{what}: {} under way", self.under_way_most);
        assert!(self.rows.sink().len() <= KEYS as usize, "{what}");
    }
}

async fn operate(rows: MigrationRepository<Store, Store>, counts: Arc<Counts>, number: u64) {
    let key = u32::try_from(number / 2 % u64::from(KEYS)).unwrap();
    let began = Instant::now();
    let done = match number % 2 {
        0 => rows.save((key, number)).await,
        _ => rows.find(&key).await.map(drop),
    };
    let took = u64::try_from(began.elapsed().as_millis()).unwrap();
    counts.slowest.fetch_max(took, Ordering::Relaxed);
    counts.ended.fetch_add(1, Ordering::Relaxed);
    counts.failed.fetch_add(u64::from(done.is_err()), Ordering::Relaxed);
}
