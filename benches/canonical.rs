//! The canonical text of a row of about a hundred bytes, and its hashes.
//!
//! Besides criterion's tables it prints lines `figure NAME VALUE UNIT`.

use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use measure::figure;
use serde::Serialize;
use strangler_fig::canonical;

/// As the rows of the peers' table: a key, a number, a flag, texts, a NULL.
#[derive(Debug, Serialize)]
struct Row {
    id: u64,
    email: String,
    name: String,
    balance: i64,
    active: bool,
    note: Option<String>,
    updated: u64,
}

const ROWS: u64 = 1000;

fn row(n: u64) -> Row {
    Row {
        id: 1_000_000 + n,
        email: format!("user{n:06}@example.org"),
        name: format!("Ada Lovelace {n:05}"),
        balance: -12_345 - i64::try_from(n).expect("it is small"),
        active: n % 2 == 0,
        note: (n % 3 == 0).then(|| "prefers letters".to_owned()),
        updated: 1_700_000_000_000 + n,
    }
}

/// One benchmark over all rows, and rows per second as a figure.
fn measured(c: &mut Criterion, rows: &[Row], name: &str, one: impl Fn(&Row) -> u128) {
    let all = || rows.iter().map(&one).fold(0, u128::wrapping_add);
    let mut group = c.benchmark_group("canonical");
    group.throughput(Throughput::Elements(ROWS));
    group.bench_function(name, |bencher| bencher.iter(|| black_box(all())));
    group.finish();
    let (start, times) = (Instant::now(), 1000);
    for _ in 0..times {
        black_box(all());
    }
    let rows = u32::try_from(ROWS).expect("it is small") * times;
    let per_second = f64::from(rows) / start.elapsed().as_secs_f64();
    figure(format!("canonical/{name}"), per_second / 1e6, "Mrows/s");
}

fn canonical_rows(c: &mut Criterion) {
    let rows: Vec<_> = (0..ROWS).map(row).collect();
    measured(c, &rows, "xxh3", |row| canonical::hash(row, 0).expect("it serializes"));
    measured(c, &rows, "length", |row| {
        let mut length = 0;
        canonical::write(row, |piece| length += piece.len() as u128).expect("it serializes");
        length
    });
    measured(c, &rows, "bytes", |row| {
        canonical::to_bytes(row).expect("it serializes").len() as u128
    });
    measured(c, &rows, "md5", |row| {
        let mut context = md5::Context::new();
        canonical::write(row, |piece| context.consume(piece)).expect("it serializes");
        u128::from_be_bytes(context.finalize().0)
    });
    measured(c, &rows, "json", |row| serde_json::to_vec(row).expect("it serializes").len() as u128);
}

criterion_group!(benches, canonical_rows);
criterion_main!(benches);
