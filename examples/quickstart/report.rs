use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::table::grouped;

/// What callers saw, stage by stage.
#[derive(Debug)]
pub struct Report {
    started: Instant,
    stages: Mutex<Vec<Stage>>,
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
        Self { started: Instant::now(), stages: Mutex::default() }
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
        println!("{seconds:5.1} s {:>8} calls  {what}", grouped(calls));
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
