//! What a measured process does: its part of the sagas, or what stands for them.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use adapters::postgres::{PostgresDatabase, PostgresSagaJournal};
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::saga::{
    Conclusion, Created, NewSaga, SagaAppend, SagaBuilder, SagaConfig, SagaDefinition, SagaEntry,
    SagaId, SagaJournal, SagaOrchestrator, SagaStatus, step_fn,
};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Statement};

use super::documents::{STEPS, appends};
use super::{CONNECTIONS, IN_FLIGHT, NODES};
use crate::error::Failure;

/// Threads of the runtime.
const WORKERS: usize = 2;
/// As an orchestrator's config has it.
const TERM: Duration = Duration::from_secs(30);

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

/// Does `task` in the database at `url`, with every other of so many sagas.
pub(crate) fn run(task: &str, url: &str, node: &str, sagas: &str) -> Result<(), Failure> {
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let node: u64 = node.parse()?;
    let numbers = Numbers { next: Arc::new(AtomicU64::new(node)), end: sagas.parse()? };
    runtime.block_on(async {
        match task {
            "sagas" => orchestrate(url, &runner(node)?, &numbers).await,
            "calls" => call(url, &runner(node)?, &numbers).await,
            "batches" => insert(url, 2, &numbers).await,
            "rows" => insert(url, 1, &numbers).await,
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
    let orchestrator = SagaOrchestrator::with(journal, runner.clone(), SagaConfig::default());
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

async fn call(url: &str, runner: &NodeId, numbers: &Numbers) -> Result<(), Failure> {
    let journal = PostgresSagaJournal::new(PostgresDatabase::new(url)?);
    let definition = checkout()?.id().clone();
    let mut loops = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (journal, runner, numbers) = (journal.clone(), runner.clone(), numbers.clone());
        let definition = definition.clone();
        loops.spawn(async move {
            for n in numbers {
                let (definition, input) = (definition.clone(), u128::from(n));
                let saga = NewSaga { id: id(n)?, definition, input, parent: None };
                recorded(&journal, &saga, &runner, &appends(n)?).await?;
            }
            Ok(())
        });
    }
    ended(loops).await
}

async fn recorded(
    journal: &PostgresSagaJournal,
    saga: &NewSaga,
    runner: &NodeId,
    appends: &[[SagaEntry; 2]],
) -> Result<(), Failure> {
    let Created::New(claim) = journal.create(saga, &appends[0], runner, TERM).await? else {
        return Err(Failure::new(format!("there is a saga {}", saga.id)));
    };
    for (entries, position) in appends.iter().zip((0..).step_by(2)).skip(1) {
        let (status, outcome) = match &entries[1] {
            SagaEntry::Ended { outcome } => (SagaStatus::Committed, Some(outcome)),
            _ => (SagaStatus::Running, None),
        };
        let append = SagaAppend { position, entries, status, outcome };
        journal.append(&claim, &append, TERM).await?;
    }
    Ok(())
}

/// Inserts entries, so many rows each time, which the server commits by itself.
async fn insert(url: &str, rows: usize, numbers: &Numbers) -> Result<(), Failure> {
    let sql = match rows {
        1 => "INSERT INTO saga_entry (saga, position, document) VALUES ($1, $2, $3)",
        _ => "INSERT INTO saga_entry (saga, position, document) VALUES ($1, $2, $3), ($1, $4, $5)",
    };
    let mut loops = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        let (statement, numbers) = (client.prepare(sql).await?, numbers.clone());
        loops.spawn(async move {
            for n in numbers {
                insert_saga(&client, &statement, rows, n).await?;
            }
            Ok(())
        });
    }
    ended(loops).await
}

async fn insert_saga(
    client: &Client,
    statement: &Statement,
    rows: usize,
    n: u64,
) -> Result<(), Failure> {
    let saga = id(n)?;
    let id = saga.as_str();
    let documents = appends(n)?.into_iter().flatten().map(|entry| entry.to_document());
    let entries: Vec<_> = (0_i64..).zip(documents).collect();
    for entries in entries.chunks(rows) {
        let mut params: Vec<&(dyn ToSql + Sync)> = vec![&id];
        for (position, document) in entries {
            params.extend([position as &(dyn ToSql + Sync), document]);
        }
        client.execute(statement, &params).await?;
    }
    Ok(())
}
