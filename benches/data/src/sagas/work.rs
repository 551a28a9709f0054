//! What a measured process does: its part of the sagas, or what stands for them.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use adapters::postgres::{PostgresDatabase, PostgresSagaJournal};
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::saga::{
    Conclusion, SagaBuilder, SagaConfig, SagaDefinition, SagaId, SagaOrchestrator, step_fn,
};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;
use tokio_postgres::types::ToSql;

use super::documents::{STEPS, entries};
use super::{CONNECTIONS, IN_FLIGHT, NODES};
use crate::error::Failure;

/// Threads of the runtime.
const WORKERS: usize = 2;

/// The numbers of the sagas of this process, shared by its loops.
#[derive(Debug, Clone)]
struct Numbers {
    next: Arc<AtomicU64>,
    end: u64,
}

impl Iterator for Numbers {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        Some(self.next.fetch_add(NODES, Ordering::Relaxed)).filter(|&n| n < self.end)
    }
}

/// Does `task` in the database at `url`. The numbers: which process this is, how many
/// sagas there are, every other of which is its own, and how many rows are inserted at
/// once.
pub(crate) fn run(task: &str, url: &str, numbers: [&str; 3]) -> Result<(), Failure> {
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let [node, end, rows] = numbers;
    let node: u64 = node.parse()?;
    let numbers = Numbers { next: Arc::new(AtomicU64::new(node)), end: end.parse()? };
    runtime.block_on(async {
        match task {
            "sagas" => orchestrate(url, &runner(node)?, &numbers).await,
            "insert" => insert(url, rows.parse()?, &numbers).await,
            other => Err(Failure::new(format!("{other}? There is no such task."))),
        }
    })
}

fn runner(node: u64) -> Result<NodeId, Failure> {
    Ok(NodeId { name: format!("node-{node}").parse()?, incarnation: Incarnation::random()? })
}

fn id(n: u64) -> Result<SagaId, Failure> {
    Ok(format!("order:{n}").parse()?)
}

/// Four steps that hand a number on.
fn checkout() -> Result<SagaDefinition<u64, u64>, Failure> {
    let mut saga = SagaBuilder::new("checkout", 1);
    let mut last = saga.input();
    for name in STEPS {
        last = saga.step(name, step_fn(|n: u64, _| async move { Ok(n) }), last);
    }
    Ok(saga.build(last)?)
}

async fn ended(mut loops: JoinSet<Result<(), Failure>>) -> Result<(), Failure> {
    while let Some(ended) = loops.join_next().await {
        ended??;
    }
    Ok(())
}

async fn orchestrate(url: &str, runner: &NodeId, numbers: &Numbers) -> Result<(), Failure> {
    let journal = Arc::new(PostgresSagaJournal::new(PostgresDatabase::new(url)?));
    let orchestrator =
        SagaOrchestrator::with_runner(journal, runner.clone(), SagaConfig::default());
    let checkout = checkout()?;
    orchestrator.register(&checkout);
    let worker = orchestrator.clone();
    tokio::spawn(async move { worker.run(pending()).await });
    let mut loops = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (orchestrator, checkout, numbers) =
            (orchestrator.clone(), checkout.clone(), numbers.clone());
        loops.spawn(async move {
            for n in numbers {
                let saga = orchestrator.start(&checkout, id(n)?, n).await?;
                match saga.wait().await? {
                    Conclusion::Committed(output) if output == n => {}
                    other => return Err(Failure::new(format!("saga {n}: {other:?}"))),
                }
            }
            Ok(())
        });
    }
    ended(loops).await
}

/// Inserts entries, so many rows each time, which the server commits by itself.
async fn insert(url: &str, rows: usize, numbers: &Numbers) -> Result<(), Failure> {
    let mut loops = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        let (statement, numbers) = (client.prepare(&insertion(rows)).await?, numbers.clone());
        loops.spawn(async move {
            let mut waiting = Vec::new();
            for n in numbers {
                for (position, entry) in (0_i64..).zip(entries(n)?) {
                    waiting.push((format!("order:{n}"), position, entry.to_document()));
                }
                while waiting.len() >= rows {
                    let rest = waiting.split_off(rows);
                    client.execute(&statement, &params(&waiting)).await?;
                    waiting = rest;
                }
            }
            if !waiting.is_empty() {
                let last = client.prepare(&insertion(waiting.len())).await?;
                client.execute(&last, &params(&waiting)).await?;
            }
            Ok(())
        });
    }
    ended(loops).await
}

type Row = (String, i64, String);

/// The statement for so many rows.
fn insertion(rows: usize) -> String {
    let values = |row: usize| format!("(${}, ${}, ${})", row * 3 + 1, row * 3 + 2, row * 3 + 3);
    let values: Vec<_> = (0..rows).map(values).collect();
    format!("INSERT INTO saga_entry (saga, position, document) VALUES {}", values.join(", "))
}

fn params(rows: &[Row]) -> Vec<&(dyn ToSql + Sync)> {
    let params = rows.iter().map(|(saga, position, document)| {
        let params: [&(dyn ToSql + Sync); 3] = [saga, position, document];
        params
    });
    params.flatten().collect()
}
