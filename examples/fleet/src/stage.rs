use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use strangler_fig::phase::{MigrationName, MigrationState, MigrationStateService};
use strangler_fig::repository::{ScanRepository, StampedRepository};
use strangler_fig::testkit::history::{History, Operation};

use tokio::sync::mpsc::UnboundedSender;

use crate::Outcome;
use crate::crew::{Crew, Orders, id};
use crate::customers::{first, key, numbers, value_of};
use crate::desk::Desk;
use crate::ending::Ending;
use crate::history::operations;
use crate::link::Link;
use crate::moment::now;
use crate::scratch::Scratch;
use crate::server::Server;
use crate::sides::{MIGRATION, Urls};

/// What a run is made of: the server, the way to the state, the fleet, and the
/// director's own desk.
#[derive(Debug)]
pub struct Stage {
    /// The director's operator, and its view of the customers.
    pub desk: Desk,
    /// The way to the state service.
    pub link: Link,
    /// The processes.
    pub crew: Crew,
    server: Server,
    scratch: Scratch,
}

/// How a run is to be.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The URL of the server.
    pub url: String,
    /// What the processes run.
    pub program: PathBuf,
    /// How long each node goes on with what it knows of the phase; one for each.
    pub poll_intervals: Vec<Duration>,
    /// How long a node answers without the state service; for ever if none.
    pub term: Option<Duration>,
    /// Seed of the load.
    pub seed: u64,
    /// Who hears what the director's operator does.
    pub tell: UnboundedSender<String>,
}

impl Stage {
    /// Makes the schemas, the first state, and starts the fleet.
    ///
    /// # Errors
    ///
    /// In one line; nothing is left behind.
    pub async fn open(setting: &Setting) -> Outcome<Self> {
        let server = Server::open(&setting.url).await?;
        match Self::begin(&server, setting).await {
            Ok((desk, link, crew, scratch)) => Ok(Self { desk, link, crew, server, scratch }),
            Err(error) => {
                server.close().await?;
                Err(error)
            }
        }
    }

    async fn begin(server: &Server, setting: &Setting) -> Outcome<(Desk, Link, Crew, Scratch)> {
        let (scratch, link) = (Scratch::new()?, Link::to(&setting.url).await?);
        let urls = |who| Urls {
            state: link.of(&server.url("state", who)),
            legacy: server.url("legacy", who),
            modern: server.url("modern", who),
        };
        let nodes = NonZeroU32::try_from(u32::try_from(setting.poll_intervals.len())?)?;
        let state = MigrationState::new(migration()).with_nodes_expected(nodes);
        urls(DIRECTOR).service().await?.create(&state).await?;
        let orders = Orders {
            program: setting.program.clone(),
            urls: urls(PROCESSES),
            journals: scratch.path().to_owned(),
            poll_intervals: setting.poll_intervals.clone(),
            term: setting.term,
            seed: setting.seed,
        };
        let crew = Crew::start(orders).await?;
        let desk = Desk::open(&urls(DIRECTOR), &id(DIRECTOR)?, setting.tell.clone()).await?;
        Ok((desk, link, crew, scratch))
    }

    /// Lets every node finish, reads every key once more, brings the stores level,
    /// and judges what all of them saw.
    ///
    /// # Errors
    ///
    /// When a process or a store does not do its part.
    pub async fn judge(&self) -> Outcome<Ending> {
        self.crew.finish().await?;
        self.server.at_rest(PROCESSES).await?;
        let mut all = Vec::new();
        for journal in self.crew.journals().filter(|journal| journal.exists()) {
            all.extend(operations(&journal)?);
        }
        for number in numbers() {
            let invoked = now();
            let found = self.desk.customers.find(&key(number)).await?;
            let found = found.map(|found| value_of(number, &found));
            all.push(Operation::final_read(number, found, invoked, now()));
        }
        let mut history = History::new(all)?;
        for (number, value) in first() {
            history = history.with_initial(number, Some(value));
        }
        self.desk.operator.level().await?;
        Ok(Ending::of(&history, self.different().await?))
    }

    /// Leaves the journals where they are; answers where.
    pub fn keep_journals(&mut self) -> PathBuf {
        self.scratch.keep();
        self.scratch.path().to_owned()
    }

    /// Ends every process, and removes what the run made.
    ///
    /// # Errors
    ///
    /// When the schemas stay.
    pub async fn close(self) -> Outcome {
        let Self { desk, link, crew, server, scratch } = self;
        link.turn(crate::link::Weather::Fair);
        for number in 0..crew.len() {
            crew.node(number).await.kill().await?;
        }
        let left = desk.close().await;
        drop((crew, link, scratch));
        server.close().await.and(left)
    }

    /// How many keys have other contents in one store than in the other.
    async fn different(&self) -> Outcome<usize> {
        let customers = &self.desk.customers;
        let legacy = contents(&**customers.legacy()).await?;
        let modern = contents(&**customers.modern()).await?;
        let differ = |key: &&Vec<u8>| legacy.get(*key) != modern.get(*key);
        let only_modern = modern.keys().filter(|key| !legacy.contains_key(*key));
        Ok(legacy.keys().chain(only_modern).filter(differ).count())
    }
}

const DIRECTOR: &str = "director";
const PROCESSES: &str = "process";

/// The name of the migration.
///
/// # Panics
///
/// Never: it is a name.
#[must_use]
pub fn migration() -> MigrationName {
    MIGRATION.parse().expect("it is a name")
}

type Contents<S> =
    std::collections::BTreeMap<<S as StampedRepository>::Key, <S as StampedRepository>::Entity>;

/// Every record of a store as the domain sees it: no stamps, no tombstones.
async fn contents<S: ScanRepository>(store: &S) -> Outcome<Contents<S>> {
    let limit = std::num::NonZeroUsize::new(1_000).expect("it is not zero");
    let (mut contents, mut after) = (Contents::<S>::new(), None);
    loop {
        let page = store.scan(after.as_ref(), limit).await?;
        after = page.records.last().map(|(key, _)| key.clone());
        let live = page.records.into_iter();
        contents.extend(live.filter_map(|(key, record)| Some((key, record.value?))));
        if page.is_last {
            return Ok(contents);
        }
    }
}
