use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::bar::{Bar, Stream};
use crate::table::grouped;

/// How often the bar is drawn.
const DRAWN_EVERY: Duration = Duration::from_millis(100);

/// What callers saw, stage by stage.
#[derive(Debug)]
pub struct Report {
    started: Instant,
    stages: Mutex<Vec<Stage>>,
    /// How much of the time is over, where somebody looks on.
    bar: Option<Bar>,
}

/// What callers saw while the migration stood in one place.
#[derive(Debug, Clone)]
pub struct Stage {
    pub name: &'static str,
    began: Instant,
    ended: Option<Instant>,
    pub reads: Vec<Duration>,
    pub writes: Vec<Duration>,
    /// Calls that surely had no effect.
    pub failed: u64,
    /// Writes that may have had one.
    pub unknown: u64,
    /// Keys that a node noted because the stores might differ.
    pub seen: u64,
    /// Of these and earlier ones, those that were joined.
    pub repaired: u64,
}

impl Stage {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            began: Instant::now(),
            ended: None,
            reads: Vec::new(),
            writes: Vec::new(),
            failed: 0,
            unknown: 0,
            seen: 0,
            repaired: 0,
        }
    }

    pub fn duration(&self) -> Duration {
        self.ended.unwrap_or_else(Instant::now) - self.began
    }

    /// Calls that were answered.
    pub fn calls(&self) -> u64 {
        (self.reads.len() + self.writes.len()) as u64
    }
}

impl Report {
    /// A report that begins now.
    pub fn new() -> Self {
        Self { started: Instant::now(), stages: Mutex::default(), bar: None }
    }

    /// The same, with a bar for as long as it takes, if there is a terminal to draw it on.
    pub fn drawn(duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let bar = Bar::new("migrating", millis, Stream::Stdout);
        Self { bar: bar.is_drawn().then_some(bar), ..Self::new() }
    }

    /// Draws the bar, until its task is dropped.
    pub async fn draw(&self) {
        while let Some(bar) = &self.bar {
            let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
            let calls = self.stages().iter().map(Stage::calls).sum();
            let stage = self.stages().last().map_or("", |stage| stage.name);
            bar.show(millis, &format!("{stage}, {} calls", grouped(calls)));
            tokio::time::sleep(DRAWN_EVERY).await;
        }
    }

    /// The bar goes.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.end();
        }
    }

    /// Everything from now on belongs to stage `name`.
    pub fn enter(&self, name: &'static str) {
        self.tell(name);
        self.close();
        self.stages().push(Stage::new(name));
    }

    /// The last stage is over.
    pub fn close(&self) {
        if let Some(stage) = self.stages().last_mut() {
            stage.ended.get_or_insert_with(Instant::now);
        }
    }

    /// A line of progress.
    pub fn tell(&self, what: &str) {
        let calls = self.stages().iter().map(Stage::calls).sum();
        let seconds = self.started.elapsed().as_secs_f64();
        let line = format!("{seconds:5.1} s {:>8} calls  {what}", grouped(calls));
        match &self.bar {
            Some(bar) => bar.line(&line),
            None => println!("{line}"),
        }
    }

    /// Changes the stage that is under way.
    pub fn count(&self, change: impl FnOnce(&mut Stage)) {
        if let Some(stage) = self.stages().last_mut() {
            change(stage);
        }
    }

    /// The stages so far.
    pub fn stages_so_far(&self) -> Vec<Stage> {
        self.stages().clone()
    }

    fn stages(&self) -> MutexGuard<'_, Vec<Stage>> {
        self.stages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
