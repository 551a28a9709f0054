use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use futures::FutureExt;
use tokio::runtime::Builder;
use tokio::time::timeout;

/// How long a fact may take; an adapter that hangs fails it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Enough threads for calls to overlap on any machine.
const THREADS: usize = 4;

/// A fact under way.
pub type FactRun<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A fact of a contract, by name, to be run on a fixture.
///
/// ```
/// use strangler_fig::testkit::conformance::Fact;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let empty = Fact::new("it_is_empty", |fixture: &Vec<u8>| {
///     Box::pin(async move { assert!(fixture.is_empty(), "it holds {} bytes", fixture.len()) })
/// });
/// assert_eq!(empty.check(&Vec::new()).await, Ok(()));
/// assert_eq!(empty.check(&vec![7]).await, Err("it holds 1 bytes".to_owned()));
/// # }
/// ```
pub struct Fact<F> {
    name: &'static str,
    run: for<'a> fn(&'a F) -> FactRun<'a>,
}

impl<F> Fact<F> {
    /// A fact called `name`; `run` panics if it does not hold.
    #[must_use]
    pub const fn new(name: &'static str, run: for<'a> fn(&'a F) -> FactRun<'a>) -> Self {
        Self { name, run }
    }

    /// The name of its function.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Tries it on a fresh fixture, and catches the panic.
    ///
    /// # Errors
    ///
    /// What the fact had to say when it did not hold.
    ///
    /// # Cancel safety
    ///
    /// A dropped check has proven nothing, and leaves on the fixture what it did there.
    pub async fn check(&self, fixture: &F) -> Result<(), String> {
        let run = AssertUnwindSafe((self.run)(fixture)).catch_unwind();
        match timeout(PATIENCE, run).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(panic)) => Err(message(&*panic)),
            Err(_) => Err(format!("it did not finish within {PATIENCE:?}")),
        }
    }
}

impl<F> fmt::Debug for Fact<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fact").field(&self.name).finish()
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it panicked without a message".to_owned())
}

/// What became of a fact.
///
/// ```
/// use strangler_fig::testkit::conformance::FactReport;
///
/// fn line(report: &FactReport) -> String {
///     let why = report.outcome.as_ref().err().map_or("held", String::as_str);
///     format!("{}: {why}", report.fact)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FactReport {
    /// The name of its function.
    pub fact: &'static str,
    /// Whether it held, and if not, why.
    pub outcome: Result<(), String>,
}

/// Tries every fact, each on a fixture that `open` makes for it.
///
/// Facts about concurrent calls need a multi-threaded runtime to bite.
///
/// ```
/// use strangler_fig::memory::in_memory_tables;
/// use strangler_fig::testkit::conformance::{RepositoryFixture, repository, run_all};
/// # use std::sync::Arc;
/// # use strangler_fig::memory::InMemoryPlainRepository;
/// # struct Numbers(Arc<InMemoryPlainRepository<u32, (u32, u32)>>);
/// # impl RepositoryFixture for Numbers {
/// #     type Repository = InMemoryPlainRepository<u32, (u32, u32)>;
/// #     fn repository(&self) -> Arc<Self::Repository> { Arc::clone(&self.0) }
/// #     fn entity(&self, n: u32, variant: u32) -> (u32, u32) { (n, variant) }
/// # }
///
/// # #[tokio::main]
/// # async fn main() {
/// let open = async || Numbers(Arc::new(in_memory_tables(|row: &(u32, u32)| row.0).0));
/// for report in run_all(repository::facts(), open).await {
///     assert_eq!(report.outcome, Ok(()), "{}", report.fact);
/// }
/// # }
/// ```
///
/// # Cancel safety
///
/// A dropped run reports nothing, and leaves on the last fixture what it did there.
pub async fn run_all<F>(facts: Vec<Fact<F>>, open: impl AsyncFn() -> F) -> Vec<FactReport> {
    let mut reports = Vec::with_capacity(facts.len());
    for fact in facts {
        let outcome = fact.check(&open().await).await;
        let fact = fact.name;
        reports.push(FactReport { fact, outcome });
    }
    reports
}

/// Proves one fact on a runtime of its own, as each test of a macro does.
///
/// ```
/// use strangler_fig::testkit::conformance::{Fact, prove};
///
/// let empty = Fact::new("it_is_empty", |fixture: &Vec<u8>| {
///     Box::pin(async move { assert!(fixture.is_empty()) })
/// });
/// prove(async { Vec::new() }, &empty);
/// ```
///
/// # Panics
///
/// When the fact does not hold.
pub fn prove<F>(open: impl Future<Output = F>, fact: &Fact<F>) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .expect("the machine can start threads");
    let outcome = runtime.block_on(async {
        let fixture = open.await;
        fact.check(&fixture).await
    });
    runtime.shutdown_background();
    if let Err(why) = outcome {
        panic!("{}: {why}", fact.name);
    }
}

/// What a macro puts in a test: the fact called `name`.
#[doc(hidden)]
pub fn __prove_one_of<F>(open: impl Future<Output = F>, facts: Vec<Fact<F>>, name: &str) {
    let fact = facts.into_iter().find(|fact| fact.name == name);
    prove(open, &fact.expect("the tests are made of the list of the facts"));
}
