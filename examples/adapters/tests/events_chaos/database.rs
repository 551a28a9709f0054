//! The database with the outbox, the inbox and the effects: what both kinds have in common.

use std::error::Error;
use std::time::Duration;

use tokio::time::timeout;

use crate::judge::Effect;
use crate::script::Batch;
use crate::{mariadb, postgres};
use own_servers::Product;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How long a transaction may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Of different messages.
    pub(crate) effects: u64,
    pub(crate) unsent: u64,
    pub(crate) parked: u64,
    /// How often the inbox has said "again".
    pub(crate) repeats: u64,
}

#[derive(Debug, Clone)]
pub(crate) enum Database {
    Postgres(String),
    Mariadb(String),
}

impl Database {
    pub(crate) fn new(product: Product, url: String) -> Self {
        if product == Product::Postgres { Self::Postgres(url) } else { Self::Mariadb(url) }
    }

    /// Makes the tables.
    pub(crate) async fn prepare(&self) -> Outcome<()> {
        match self {
            Self::Postgres(url) => postgres::prepare(url).await,
            Self::Mariadb(url) => mariadb::prepare(url).await,
        }
    }

    /// Makes a transaction, unless it has committed before: of one whose commit was in doubt its own row tells.
    pub(crate) async fn stage(&self, batch: &Batch) -> Outcome<()> {
        let staged = async {
            match self {
                Self::Postgres(url) => postgres::stage(url, batch).await,
                Self::Mariadb(url) => mariadb::stage(url, batch).await,
            }
        };
        timeout(DEADLINE, staged).await?
    }

    pub(crate) async fn tally(&self) -> Outcome<Tally> {
        let counted = async {
            match self {
                Self::Postgres(url) => postgres::tally(url).await,
                Self::Mariadb(url) => mariadb::tally(url).await,
            }
        };
        timeout(DEADLINE, counted).await?
    }

    /// In their order.
    pub(crate) async fn effects(&self) -> Outcome<Vec<Effect>> {
        match self {
            Self::Postgres(url) => postgres::effects(url).await,
            Self::Mariadb(url) => mariadb::effects(url).await,
        }
    }
}
