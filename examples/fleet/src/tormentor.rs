use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::phase::NodeId;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::Outcome;
use crate::link::Weather;
use crate::operator::Goal;
use crate::process::Process;
use crate::stage::Stage;

/// How long a node is stopped, or lies dead, and the state service is away, at
/// most.
const STOP_MAX: Duration = Duration::from_secs(4);
const DEATH_MAX: Duration = Duration::from_secs(1);
const OUTAGE_MAX: Duration = Duration::from_secs(3);
/// Pauses between two of a kind, at most.
const STOP_PAUSE: Duration = Duration::from_secs(2);
const DEATH_PAUSE: Duration = Duration::from_secs(9);
const OUTAGE_PAUSE: Duration = Duration::from_secs(7);
/// Between two attempts to take a lease away, and two looks at the nodes.
const BURIAL_RETRY: Duration = Duration::from_millis(200);
const WATCH_PAUSE: Duration = Duration::from_millis(200);
/// How often one goal's operator is killed, at most, and how soon.
const OPERATORS: u32 = 2;
const OPERATOR_LASTS: Duration = Duration::from_millis(400);
/// How long an operator that is left alone may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// Stops, continues and kills processes, and takes the state service away, as a
/// seed says. Every one comes back.
pub struct Tormentor<'a> {
    stage: &'a Stage,
    tell: &'a (dyn Fn(&str) + Sync),
    /// How long what is done lasts: 1 in a minute's run, less in a shorter one.
    scale: f64,
    stops: AtomicU32,
    kills: AtomicU32,
    operators: AtomicU32,
    outages: AtomicU32,
    evictions: AtomicU32,
    /// Lives that have ended, and whose lease is being taken away.
    burials: Mutex<JoinSet<()>>,
}

impl<'a> Tormentor<'a> {
    /// A tormentor of `stage`, in a run that takes so long.
    pub fn new(stage: &'a Stage, duration: Duration, tell: &'a (dyn Fn(&str) + Sync)) -> Self {
        let scale = (duration.as_secs_f64() / 60.0).clamp(0.2, 1.0);
        let [stops, kills, operators, outages, evictions] = [(); 5].map(|()| AtomicU32::new(0));
        let burials = Mutex::default();
        Self { stage, tell, scale, stops, kills, operators, outages, evictions, burials }
    }

    /// Torments until it is over; then every node runs and the service is there.
    ///
    /// # Errors
    ///
    /// When a process cannot be stopped, killed or started.
    pub async fn run(&self, rng: &mut Rng, over: &watch::Receiver<bool>) -> Outcome {
        let [mut first, mut second, mut third] = [rng.fork(), rng.fork(), rng.fork()];
        tokio::try_join!(
            self.stop_nodes(&mut first, over),
            self.kill_nodes(&mut second, over),
            self.cut_off(&mut third, over),
            self.watch(over),
        )?;
        Ok(())
    }

    /// Lets operators in processes of their own go to `goal`, and kills some of them
    /// half way.
    ///
    /// # Errors
    ///
    /// When one that is left alone does not get there.
    pub async fn operate(&self, goal: Goal, rng: &mut Rng) -> Outcome {
        for attempt in 0.. {
            let mut operator = self.stage.crew.operator(goal)?;
            let is_doomed = attempt < OPERATORS && rng.u8(..3) > 0;
            let lasts = if is_doomed { OPERATOR_LASTS.mul_f64(rng.f64()) } else { PATIENCE };
            if timeout(lasts, self.hear(&mut operator)).await.is_ok() {
                return operator.end(PATIENCE).await;
            }
            if !is_doomed {
                return Err("an operator does not get anywhere".into());
            }
            operator.kill().await?;
            self.operators.fetch_add(1, Ordering::Relaxed);
            (self.tell)("  the operator is killed");
            self.bury(operator.id.clone()).await;
        }
        Ok(())
    }

    async fn hear(&self, operator: &mut Process) {
        while let Some(line) = operator.told().await {
            (self.tell)(&format!("  {line}"));
        }
    }

    async fn stop_nodes(&self, rng: &mut Rng, over: &watch::Receiver<bool>) -> Outcome {
        while self.pause(STOP_PAUSE, rng, over).await {
            let number = rng.usize(..self.stage.crew.len());
            let mut node = self.stage.crew.node(number).await;
            node.stop()?;
            self.stops.fetch_add(1, Ordering::Relaxed);
            // Mostly short, sometimes long.
            let length = STOP_MAX.mul_f64(self.scale * rng.f64().powi(2));
            sleep(length).await;
            if rng.u8(..10) == 0 {
                self.kill(number, &mut node, rng).await?;
            } else {
                node.resume()?;
            }
        }
        Ok(())
    }

    async fn kill_nodes(&self, rng: &mut Rng, over: &watch::Receiver<bool>) -> Outcome {
        while self.pause(DEATH_PAUSE, rng, over).await {
            let number = rng.usize(..self.stage.crew.len());
            let mut node = self.stage.crew.node(number).await;
            self.kill(number, &mut node, rng).await?;
        }
        Ok(())
    }

    /// The dead life loses its lease while the next one begins.
    async fn kill(&self, number: usize, node: &mut Process, rng: &mut Rng) -> Outcome {
        node.kill().await?;
        self.kills.fetch_add(1, Ordering::Relaxed);
        (self.tell)(&format!("  {} is killed", node.id.name));
        sleep(DEATH_MAX.mul_f64(self.scale * rng.f64())).await;
        let dead = std::mem::replace(node, self.stage.crew.new_life(number)?);
        self.bury(dead.id).await;
        Ok(())
    }

    async fn cut_off(&self, rng: &mut Rng, over: &watch::Receiver<bool>) -> Outcome {
        while self.pause(OUTAGE_PAUSE, rng, over).await {
            let weather = [Weather::Refusing, Weather::Hanging, Weather::Deaf][rng.usize(..3)];
            let length = OUTAGE_MAX.mul_f64(self.scale * rng.f64());
            self.outages.fetch_add(1, Ordering::Relaxed);
            let seconds = length.as_secs_f64();
            (self.tell)(&format!("  the state service is {weather} for {seconds:.1} s"));
            self.stage.link.turn(weather);
            sleep(length).await;
            self.stage.link.turn(Weather::Fair);
        }
        Ok(())
    }

    /// Takes the lease of a dead life away, which holds crossings up until then. The
    /// service may be away; nobody waits for it.
    async fn bury(&self, dead: NodeId) {
        let operator = Arc::clone(&self.stage.desk.operator);
        self.burials.lock().await.spawn(async move {
            while operator.bury(&dead).await.is_err() {
                sleep(BURIAL_RETRY).await;
            }
        });
    }

    /// Starts nodes again that ended by themselves, as the fleet went on without
    /// them. No other end is allowed for.
    async fn watch(&self, over: &watch::Receiver<bool>) -> Outcome {
        while self.pause(WATCH_PAUSE, &mut Rng::with_seed(0), over).await {
            for number in 0..self.stage.crew.len() {
                let mut node = self.stage.crew.node(number).await;
                if self.stage.crew.has_left(&mut node)? {
                    self.evictions.fetch_add(1, Ordering::Relaxed);
                    (self.tell)(&format!("  {} finds itself evicted", node.id.name));
                    *node = self.stage.crew.new_life(number)?;
                }
            }
        }
        Ok(())
    }

    /// Waits for a while; answers whether to go on.
    async fn pause(&self, max: Duration, rng: &mut Rng, over: &watch::Receiver<bool>) -> bool {
        let (length, mut over) = (max.mul_f64(0.2 + 0.8 * rng.f64()), over.clone());
        timeout(length, over.wait_for(|over| *over)).await.is_err()
    }
}

impl fmt::Debug for Tormentor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tormentor").field("scale", &self.scale).finish_non_exhaustive()
    }
}

impl fmt::Display for Tormentor<'_> {
    /// What was done so far.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [stops, kills, operators, outages, evictions] =
            [&self.stops, &self.kills, &self.operators, &self.outages, &self.evictions]
                .map(|count| count.load(Ordering::Relaxed));
        write!(
            f,
            "{stops} stops and {kills} deaths of nodes, {operators} deaths of operators, \
             {outages} outages of the state service, {evictions} evictions of living nodes"
        )
    }
}
