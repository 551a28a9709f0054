//! Short runs of the whole: the same load and the same verdict as the command's.

use std::sync::Arc;
use std::time::Duration;

use crate::airport::Airport;
use crate::data::airports;
use crate::options::Options;
use crate::quickstart::{migrate, textbook};
use crate::report::Report;
use crate::support::data_file;

fn short(seed: u64) -> Options {
    Options { seed, duration: Duration::from_millis(1_500), ..Options::default() }
}

fn some_airports() -> Vec<Airport> {
    let mut airports = airports(&data_file()).unwrap();
    airports.truncate(2_000);
    airports
}

async fn migrated_without_a_loss(options: Options) {
    let report = Arc::new(Report::new());
    let ending = migrate(&options, some_airports(), &report).await.unwrap();
    assert!(ending.is_clean(), "{options:?}\n{ending}");
    assert!(ending.acknowledged() > 100, "{ending}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_forward_loses_nothing() {
    migrated_without_a_loss(short(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_back_loses_nothing() {
    migrated_without_a_loss(Options { back: true, ..short(2) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_modern_store_lose_nothing() {
    migrated_without_a_loss(Options { faults: true, ..short(3) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_textbook_is_found_out() {
    let report = Arc::new(Report::new());
    let ending = textbook::migrate(&short(4), some_airports(), &report).await.unwrap();
    assert!(!ending.is_clean());
    assert!(ending.lost() > 0 && ending.stale() > 0, "{ending}");
    let last = ending.to_string().lines().last().unwrap().to_owned();
    let counts = last.split(' ').map(|count| count.split_once('=').unwrap().0);
    let names = ["acknowledged", "lost", "stale", "resurrected", "different"];
    assert!(counts.eq(names), "{last}");
}
