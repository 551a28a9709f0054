//! What an order service knows of the monolith's customers: a model of its own, which a replicator keeps by the monolith's change
//! feed. The replicator is the one who opens both databases; the service opens its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use adapters::customer::Customer;
use adapters::mariadb::{
    ChangeMode, MariadbChangeFeed, MariadbCustomers, MariadbDatabase, MariadbStamps, PLAIN_SCHEMA,
};
use adapters::postgres::{CUSTOMER_SCHEMA, PostgresDatabase, PostgresRepository};
use mysql_async::prelude::Queryable;
use storefront::Failed;
use storefront::stage::Rooms;
use strangler_fig::memory::InMemoryRepairQueue;
use strangler_fig::phase::{MigrationState, PhaseTracker};
use strangler_fig::replicator::{Replicator, ReplicatorConfig};
use strangler_fig::repository::{MigrationRepository, SideStamped, StampedRepository};
use tokio_postgres::NoTls;

/// How often the feed is asked when it has told everything.
const POLL: Duration = Duration::from_millis(50);

type Monolith = SideStamped<MariadbCustomers, MariadbStamps>;
pub(crate) type Follower = Replicator<MariadbChangeFeed, Monolith, PostgresRepository>;

/// The model, as the service asks it.
#[derive(Debug, Clone)]
pub(crate) struct ReadModel {
    store: Arc<PostgresRepository>,
    url: String,
}

impl ReadModel {
    /// An empty one, and whoever fills it: the feed begins with the table.
    pub(crate) async fn made(rooms: &Rooms) -> Result<(Self, Follower), Failed> {
        let url = rooms.postgres("orders");
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
        tokio::spawn(connection);
        client.batch_execute(CUSTOMER_SCHEMA).await?;
        let shop = rooms.shop();
        let mut conn = mysql_async::Conn::from_url(&shop).await?;
        conn.query_drop(PLAIN_SCHEMA).await?;
        conn.disconnect().await?;

        let feed = MariadbChangeFeed::new(MariadbDatabase::marked(&shop)?, ChangeMode::Records);
        feed.install().await?;
        let monolith = MariadbCustomers::new(MariadbDatabase::marked(&shop)?).stamped();
        let store = PostgresRepository::new(PostgresDatabase::new(&url)?);
        // It stays where the monolith is what counts: nobody migrates here.
        let tracker = PhaseTracker::detached(MigrationState::new("read-model".parse()?));
        let both = MigrationRepository::new(monolith, store.clone(), tracker)?;
        let repairs = Arc::<InMemoryRepairQueue>::default();
        let config = ReplicatorConfig::default().with_poll_interval(POLL);
        let follower = Replicator::new(&both, Arc::new(feed), repairs).with_config(config);
        Ok((Self { store: Arc::new(store), url }, follower))
    }

    /// The version of a customer; none, if there is no such customer.
    pub(crate) async fn version(&self, id: &str) -> Result<Option<i64>, Failed> {
        let record = self.store.read(&id.as_bytes().to_vec()).await?;
        Ok(record.value.map(|customer: Customer| customer.visits))
    }

    /// All of it.
    pub(crate) async fn all(&self) -> Result<BTreeMap<String, i64>, Failed> {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await?;
        tokio::spawn(connection);
        let sql = "SELECT convert_from(id, 'UTF8'), visits FROM customer WHERE name IS NOT NULL";
        let rows = client.query(sql, &[]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}
