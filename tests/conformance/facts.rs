//! Suites as values, and what a fact says when it does not hold.

use std::future::ready;

use strangler_fig::testkit::conformance::{Fact, prove, run_all, stamped};

use crate::flawed::{Flaw, FlawedFixture};

#[tokio::test]
async fn a_report_for_each_fact_says_which_did_not_hold() {
    let facts = stamped::facts();
    let names: Vec<_> = facts.iter().map(Fact::name).collect();
    let open = async || FlawedFixture::open(Flaw::AnswersAnEmptyBatch);
    let reports = run_all(facts, open).await;
    let reported: Vec<_> = reports.iter().map(|report| report.fact).collect();
    assert_eq!(reported, names);

    let failed = reports.iter().filter(|report| report.outcome.is_err());
    let failed: Vec<_> = failed.map(|report| report.fact).collect();
    assert_eq!(failed, ["no_records_have_no_answers"]);
}

#[tokio::test]
async fn a_fact_says_what_it_found() {
    let fact: Fact<()> = Fact::new("two_is_one", |()| Box::pin(async { assert_eq!(2, 1, "two") }));
    let why = fact.check(&()).await.unwrap_err();
    assert!(why.contains("two") && why.contains("left: 2"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_fact_that_hangs_does_not_hold() {
    let fact: Fact<()> = Fact::new("never", |()| Box::pin(std::future::pending()));
    let why = fact.check(&()).await.unwrap_err();
    assert_eq!(why, "it did not finish within 60s");
}

#[test]
#[should_panic(expected = "two_is_one: ")]
fn a_test_fails_under_the_name_of_its_fact() {
    let fact = Fact::new("two_is_one", |()| Box::pin(async { assert_eq!(2, 1) }));
    prove(ready(()), &fact);
}
