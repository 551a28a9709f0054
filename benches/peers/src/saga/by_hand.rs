//! What one would write by hand: a loop over steps, and a journal that nobody reads back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::engine::{End, Engine};

pub(crate) const NAME: &str = "by_hand";

#[async_trait]
trait Step: Send + Sync {
    fn name(&self) -> &'static str;
    async fn execute(&self, input: u64) -> Result<u64, &'static str>;
    async fn undo(&self, output: u64) -> Result<(), &'static str>;
}

#[async_trait]
trait Journal: Send + Sync {
    async fn append(&self, saga: &str, entry: Entry) -> Result<(), &'static str>;
}

#[derive(Debug, Clone)]
#[expect(dead_code, reason = "it would be read after a crash")]
enum Entry {
    Begun(u64),
    Started(&'static str),
    Succeeded(&'static str, u64),
    Failed(&'static str, &'static str),
    Undone(&'static str),
    Ended(bool),
}

struct NoOp {
    name: &'static str,
    fails: bool,
}

#[async_trait]
impl Step for NoOp {
    fn name(&self) -> &'static str {
        self.name
    }

    #[inline(never)]
    async fn execute(&self, input: u64) -> Result<u64, &'static str> {
        if self.fails { Err("out of stock") } else { Ok(input) }
    }

    #[inline(never)]
    async fn undo(&self, _: u64) -> Result<(), &'static str> {
        Ok(())
    }
}

#[derive(Default)]
struct InMemory(Mutex<HashMap<String, Vec<Entry>>>);

#[async_trait]
impl Journal for InMemory {
    async fn append(&self, saga: &str, entry: Entry) -> Result<(), &'static str> {
        let mut sagas = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match sagas.get_mut(saga) {
            Some(entries) => entries.push(entry),
            None => drop(sagas.insert(saga.to_owned(), vec![entry])),
        }
        Ok(())
    }
}

pub(crate) struct ByHand {
    success: Vec<Box<dyn Step>>,
    failure: Vec<Box<dyn Step>>,
    journal: Arc<dyn Journal>,
}

impl Default for ByHand {
    fn default() -> Self {
        let journal = Arc::new(InMemory::default());
        Self { success: four(End::Success), failure: four(End::Undone), journal }
    }
}

fn four(end: End) -> Vec<Box<dyn Step>> {
    let names = ["reserve", "charge", "pack", "ship"].into_iter().enumerate();
    let step = |(at, name)| NoOp { name, fails: end == End::Undone && at == 3 };
    names.map(|it| Box::new(step(it)) as Box<dyn Step>).collect()
}

impl ByHand {
    /// Whether every step was done.
    async fn drive(
        &self,
        steps: &[Box<dyn Step>],
        saga: &str,
        input: u64,
    ) -> Result<bool, &'static str> {
        let journal = &self.journal;
        journal.append(saga, Entry::Begun(input)).await?;
        let mut outputs = Vec::with_capacity(steps.len());
        let mut value = input;
        for step in steps {
            journal.append(saga, Entry::Started(step.name())).await?;
            match step.execute(value).await {
                Ok(output) => {
                    journal.append(saga, Entry::Succeeded(step.name(), output)).await?;
                    outputs.push(output);
                    value = output;
                }
                Err(error) => {
                    journal.append(saga, Entry::Failed(step.name(), error)).await?;
                    break;
                }
            }
        }
        let is_done = outputs.len() == steps.len();
        if !is_done {
            for (step, output) in steps.iter().zip(outputs).rev() {
                step.undo(output).await?;
                journal.append(saga, Entry::Undone(step.name())).await?;
            }
        }
        journal.append(saga, Entry::Ended(is_done)).await?;
        Ok(is_done)
    }
}

impl Engine for ByHand {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn renew(&mut self) {
        self.journal = Arc::new(InMemory::default());
    }

    async fn run(&self, number: u64, end: End) {
        let steps = if end == End::Success { &self.success } else { &self.failure };
        let is_done = self.drive(steps, &format!("order:{number}"), number).await;
        assert_eq!(is_done, Ok(end == End::Success));
    }
}
