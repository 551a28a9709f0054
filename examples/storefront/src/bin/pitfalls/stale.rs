//! Stale models: a copy that was made once, or a cache that forgets after a while, goes on answering with what was changed, or
//! deleted. A model that follows a change feed is late, and no more than that.

mod customers;
mod truth;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use fastrand::Rng;
use storefront::Failed;
use tokio::sync::oneshot;
use tokio::time::sleep;

use self::customers::Customers;
use self::truth::{Stale, Truth};
use crate::kept::differing;
use crate::read_model::{Follower, ReadModel};
use crate::scene::Scene;
use crate::verdict::Verdict;

/// How many customers there are, and for how long they are changed.
const CUSTOMERS: usize = 300;
const LENGTH: Duration = Duration::from_secs(5);
/// Between two changes, and between two reads of each model.
const CHANGED: Duration = Duration::from_millis(5);
const READ: Duration = Duration::from_millis(8);
/// How long the cache keeps what it has read.
const TTL: Duration = Duration::from_secs(2);
/// How old an answer may be.
const BOUND: Duration = Duration::from_secs(1);
/// How long the model may take to be level.
const LEVEL: Duration = Duration::from_secs(10);

pub(crate) async fn run(scene: &mut Scene<'_>) -> Result<Verdict, Failed> {
    let mut verdict = Verdict::default();
    let (model, follower) = ReadModel::made(scene.rooms).await?;
    let customers = Customers::open(&scene.rooms.shop()).await?;
    let truth = RefCell::new(Truth::default());
    customers.fill(CUSTOMERS, &truth).await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let following = follower.run(async move {
        let _ = stopped.await;
    });
    let shown = async {
        let shown = show(&model, &follower, &customers, &truth, &mut scene.rng, &mut verdict).await;
        drop(stop);
        shown
    };
    let (shown, replica) = tokio::join!(shown, following);
    replica?;
    let measured = shown?;
    Ok(verdict.measured(measured))
}

async fn show(
    model: &ReadModel,
    follower: &Follower,
    customers: &Customers,
    truth: &RefCell<Truth>,
    rng: &mut Rng,
    verdict: &mut Verdict,
) -> Result<String, Failed> {
    level(follower).await?;
    let copy = customers.all().await?;
    verdict.see(format!("{} customers; from now on the monolith changes them", copy.len()));
    let by = Instant::now() + LENGTH;
    let cache = Cache::default();
    let seeds = [rng.fork(), rng.fork(), rng.fork(), rng.fork()];
    let [first, second, third, fourth] = seeds;
    let (changes, lags, replica, cached, copied) = tokio::join!(
        customers.change(by, CHANGED, first, truth),
        lags(follower, by),
        asked(by, second, truth, async |id| model.version(&id).await),
        asked(by, third, truth, async |id| cache.version(&id, customers).await),
        asked(by, fourth, truth, async |id| Ok(copy.get(&id).copied())),
    );
    let (changes, mut lags) = (changes?, lags?);
    let [replica, cached, copied] = [replica?, cached?, copied?];
    let level = level(follower).await?;
    lags.sort_unstable();
    let (half, most) = (lags[lags.len() / 2], lags[lags.len() - 1]);
    let rate = f64::from(changes) / LENGTH.as_secs_f64();
    verdict.see(format!("{rate:.0} changes a second: the feed lags by {half:.0?} in the middle, {most:.0?} at most; level {level:.0?} after the last"));
    let now = customers.all().await?;
    let wrong = [model.all().await?, cache.all(&now), copy].map(|it| differing(&it, &now));
    for ((name, stale), wrong) in ["replicated", "naive: a cache of 2 s", "naive: a copy"]
        .into_iter()
        .zip([&replica, &cached, &copied])
        .zip(&wrong)
    {
        verdict.see(format!("{name}: {stale}; {wrong} customers wrong at the end"));
    }
    verdict.expect(replica.oldest < BOUND, format!("no answer is older than {BOUND:?}: {replica}"));
    verdict.expect(wrong[0] == 0, format!("the model is level: {} differ", wrong[0]));
    for (name, stale) in [("a cache", &cached), ("a copy", &copied)] {
        verdict.expect_caught(stale.oldest > BOUND, format!("{name}: {stale}"));
        verdict.expect_caught(stale.deleted > 0, format!("{name} shows who was deleted"));
    }
    Ok(format!(
        "at {rate:.0} changes/s the feed lags by {half:.0?}; a model is stale by {:.1?} at most, a cache by {:.1?}, a copy by {:.1?} with {} wrong at the end",
        replica.oldest, cached.oldest, copied.oldest, wrong[2]
    ))
}

/// Waits until the feed has told everything; answers how long.
async fn level(follower: &Follower) -> Result<Duration, Failed> {
    let began = Instant::now();
    while !follower.status().await?.is_caught_up() {
        if began.elapsed() > LEVEL {
            return Err("the model does not become level".into());
        }
        sleep(READ).await;
    }
    Ok(began.elapsed())
}

/// How old what is untold is, looked at all the time.
async fn lags(follower: &Follower, by: Instant) -> Result<Vec<Duration>, Failed> {
    let mut lags = Vec::new();
    while Instant::now() < by {
        lags.push(follower.status().await?.lag.oldest.unwrap_or_default());
        sleep(READ * 4).await;
    }
    Ok(lags)
}

/// Asks for one customer after the other, and judges what is answered.
async fn asked(
    by: Instant,
    mut rng: Rng,
    truth: &RefCell<Truth>,
    answer: impl AsyncFn(String) -> Result<Option<i64>, Failed>,
) -> Result<Stale, Failed> {
    let mut stale = Stale::default();
    while Instant::now() < by {
        let (id, began) = (truth.borrow().any(&mut rng), Instant::now());
        let version = answer(id.clone()).await?;
        stale.count(truth.borrow().age(&id, version, began));
        sleep(READ).await;
    }
    Ok(stale)
}

/// What was read of the monolith, for a while.
#[derive(Debug, Default)]
struct Cache(RefCell<HashMap<String, (Instant, Option<i64>)>>);

impl Cache {
    async fn version(&self, id: &str, customers: &Customers) -> Result<Option<i64>, Failed> {
        let known = self.0.borrow().get(id).copied();
        if let Some((_, version)) = known.filter(|(read, _)| read.elapsed() < TTL) {
            return Ok(version);
        }
        let read = Instant::now();
        let version = customers.version(id).await?;
        self.0.borrow_mut().insert(id.to_owned(), (read, version));
        Ok(version)
    }

    /// What it would answer now, of those that there are or that it knows.
    fn all(&self, now: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
        let mut all = now.clone();
        for (id, (read, version)) in &*self.0.borrow() {
            match version {
                _ if read.elapsed() >= TTL => {}
                Some(version) => drop(all.insert(id.clone(), *version)),
                None => drop(all.remove(id)),
            }
        }
        all
    }
}
