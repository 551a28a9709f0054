//! `docs/START.md` shows this program, what it prints, and what the suite says of a
//! store that keeps what is there.

use std::io;
use std::process::Command;
use std::sync::Arc;

use strangler_fig::async_trait;
use strangler_fig::testkit::conformance::{
    FactReport, RepositoryFixture, list, repository, run_all,
};

use crate::{Customer, Customers, Plain, Table};

const PAGE: &str = include_str!("../../docs/START.md");

/// The blocks of code whose first line is this fence.
fn blocks<'a>(page: &'a str, fence: &str) -> Vec<&'a str> {
    let opening = format!("```{fence}\n");
    page.split(&opening).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// What the page shows of a file: all behind the lines that are for this test alone.
fn shown(file: &str) -> &str {
    file.split_once("mod page;\n\n").map_or(file, |(_, program)| program)
}

#[test]
fn the_page_shows_the_program_and_its_test() {
    assert_eq!(blocks(PAGE, "rust"), [shown(include_str!("main.rs"))]);
    let [test, broken] = blocks(PAGE, "rust,ignore")[..] else { panic!("two more blocks") };
    assert_eq!(test, include_str!("conformance.rs"));
    let tried = include_str!("page.rs").replace("self.0.rows_mut", "self.rows_mut");
    assert!(tried.contains(broken.trim()));
}

#[test]
#[ignore = "its output is what the next test looks at"]
fn the_program() {
    crate::main().unwrap();
}

#[test]
fn the_program_prints_what_the_page_shows() {
    let mut alone = Command::new(std::env::current_exe().unwrap());
    alone.args(["--exact", "page::the_program", "--ignored", "--nocapture"]);
    let output = alone.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let expected = blocks(PAGE, "console")[1].strip_prefix("$ cargo run\n").unwrap();
    assert!(expected.lines().count() > 10 && printed.contains(expected), "{printed}");
}

/// Keeps what is there.
#[derive(Debug, Default)]
struct KeepsTheFirst(Table);

#[async_trait]
impl Customers for KeepsTheFirst {
    async fn load(&self, id: u64) -> io::Result<Option<Customer>> {
        self.0.load(id).await
    }

    async fn store(&self, customer: Customer) -> io::Result<()> {
        self.0.rows_mut()?.entry(customer.id).or_insert(customer.name);
        Ok(())
    }

    async fn remove(&self, id: u64) -> io::Result<()> {
        self.0.remove(id).await
    }

    async fn page(&self, after: Option<u64>, limit: usize) -> io::Result<Vec<Customer>> {
        self.0.page(after, limit).await
    }

    async fn last_id(&self) -> io::Result<Option<u64>> {
        self.0.last_id().await
    }
}

struct Broken(Arc<Plain<KeepsTheFirst>>);

#[async_trait]
impl RepositoryFixture for Broken {
    type Repository = Plain<KeepsTheFirst>;

    fn repository(&self) -> Arc<Plain<KeepsTheFirst>> {
        self.0.clone()
    }

    fn entity(&self, n: u32, variant: u32) -> Customer {
        Customer { id: n.into(), name: format!("variant {variant}") }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_says_of_a_store_that_keeps_what_is_there_what_the_page_shows() {
    let open = async || Broken(Arc::new(Plain(KeepsTheFirst::default())));
    let mut reports = run_all(repository::facts(), open).await;
    reports.extend(run_all(list::facts(), open).await);
    let said = |report: &FactReport| {
        let why = report.outcome.as_ref().err()?;
        Some(format!("{}: {why}\n", report.fact))
    };
    let mut said: Vec<_> = reports.iter().filter_map(said).collect();
    said.sort();
    let page = blocks(PAGE, "console")[3];
    let shown: Vec<_> = page.split("…\n").filter(|part| said.iter().any(|it| it == part)).collect();
    assert_eq!(shown, said, "{page}");
    let (passed, failed) = (reports.len() - said.len(), said.len());
    assert!(page.contains(&format!("{passed} passed; {failed} failed;")), "{page}");
}
