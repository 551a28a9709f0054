//! A database for each service, and a login that opens no other; and the names of their queues.

use std::collections::BTreeSet;

use crate::Failed;
use crate::orders::Mailbox;
use adapters::rabbitmq::{RabbitmqBus, RabbitmqConfig};
use mysql_async::prelude::Queryable;
use tokio_postgres::{Client, NoTls};

use super::claim::Claim;
use super::house::closed;
use super::servers::{Servers, door};

/// The databases on PostgreSQL. The state of the migration is one that several may open; each other belongs to a service.
pub(super) const ROOMS: [&str; 5] = ["state", "users", "orders", "inventory", "payments"];
/// The monolith's, on MariaDB.
pub(super) const SHOP: &str = "shop";
/// Whoever moves users has to open where they are and where they go, and the state.
pub(super) const OPERATOR: &str = "operator";
const PREFIX: &str = "storefront";

/// What a run has made on the servers.
#[derive(Debug)]
pub struct Rooms {
    pub(super) servers: Servers,
    run: String,
    pub(super) password: String,
    claim: Claim,
}

impl Rooms {
    /// Makes them; removes what runs have left that were killed.
    ///
    /// # Errors
    ///
    /// A server is away, or refuses.
    pub async fn open(servers: Servers) -> Result<Self, Failed> {
        let postgres = administrator(&servers.postgres).await?;
        let claim = Claim::new(&servers.postgres).await?;
        let password = format!("{:032x}", fastrand::u128(..));
        let rooms = Self { servers, run: run(&claim), password, claim };
        for number in runs(&postgres).await? {
            rooms.remove_left_by(number).await?;
        }
        match rooms.make(&postgres).await {
            Ok(()) => Ok(rooms),
            made => Err(closed(made, rooms.close().await).expect_err("it was not made")),
        }
    }

    /// Removes what the run of this number has left, if it lives no more.
    async fn remove_left_by(&self, number: u32) -> Result<(), Failed> {
        if number == self.claim.number {
            return self.close().await;
        }
        let Some(claim) = Claim::of(&self.servers.postgres, number).await? else { return Ok(()) };
        let (servers, run, password) = (self.servers.clone(), run(&claim), String::new());
        Self { servers, run, password, claim }.close().await
    }

    /// The name of the run, under which all of it is found.
    #[must_use]
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The URL of a database on PostgreSQL, by its own login.
    #[must_use]
    pub fn postgres(&self, room: &str) -> String {
        self.door(room, room)
    }

    /// The URL of the monolith's, by its own login.
    #[must_use]
    pub fn shop(&self) -> String {
        self.shop_by(SHOP)
    }

    /// The URL of a database by the operator's login.
    #[must_use]
    pub fn operated(&self, room: &str) -> String {
        if room == SHOP { self.shop_by(OPERATOR) } else { self.door(OPERATOR, room) }
    }

    /// The URL of the broker.
    #[must_use]
    pub fn amqp(&self) -> &str {
        &self.servers.amqp
    }

    pub(super) fn door(&self, login: &str, room: &str) -> String {
        let [login, room] = [login, room].map(|name| self.name(name));
        door(&self.servers.postgres, &login, &self.password, &room)
    }

    fn shop_by(&self, login: &str) -> String {
        door(&self.servers.mariadb, &self.name(login), &self.password, &self.name(SHOP))
    }

    pub(super) fn name(&self, of: &str) -> String {
        format!("{}_{of}", self.run)
    }

    async fn make(&self, postgres: &Client) -> Result<(), Failed> {
        let password = &self.password;
        for room in ROOMS.map(|room| self.name(room)) {
            for sql in [
                format!("CREATE ROLE {room} LOGIN PASSWORD '{password}'"),
                format!("CREATE DATABASE {room} OWNER {room}"),
                format!("REVOKE ALL ON DATABASE {room} FROM PUBLIC"),
            ] {
                postgres.batch_execute(&sql).await?;
            }
        }
        let [operator, state, users] = [OPERATOR, "state", "users"].map(|name| self.name(name));
        // What it makes there belongs to whom the database belongs to.
        postgres
            .batch_execute(&format!(
                "CREATE ROLE {operator} LOGIN PASSWORD '{password}' IN ROLE {state}, {users};
                 ALTER ROLE {operator} IN DATABASE {state} SET role = '{state}';
                 ALTER ROLE {operator} IN DATABASE {users} SET role = '{users}'"
            ))
            .await?;
        let shop = self.name(SHOP);
        let mut mariadb = administrator_of_shop(&self.servers.mariadb).await?;
        mariadb.query_drop(format!("CREATE DATABASE {shop} CHARACTER SET utf8mb4")).await?;
        for login in [&shop, &operator] {
            let user = format!("CREATE USER {login} IDENTIFIED BY '{password}'");
            mariadb.query_drop(user).await?;
            // An underscore would stand for any character.
            let pattern = shop.replace('_', "\\_");
            mariadb.query_drop(format!("GRANT ALL ON `{pattern}`.* TO {login}")).await?;
        }
        Ok(mariadb.disconnect().await?)
    }

    /// Ends the sessions that services have in a database, as a server does that is started again.
    ///
    /// # Errors
    ///
    /// A server is away, or refuses.
    pub async fn cut(&self, number: usize) -> Result<&'static str, Failed> {
        let Some(room) = ROOMS.get(number % (ROOMS.len() + 1)) else {
            self.cut_shop().await?;
            return Ok(SHOP);
        };
        let postgres = administrator(&self.servers.postgres).await?;
        let login = self.name(room);
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1";
        postgres.query(sql, &[&login]).await?;
        Ok(room)
    }

    async fn cut_shop(&self) -> Result<(), Failed> {
        let mut mariadb = administrator_of_shop(&self.servers.mariadb).await?;
        let sql = "SELECT id FROM information_schema.processlist WHERE user = ?";
        let sessions: Vec<u64> = mariadb.exec(sql, (self.name(SHOP),)).await?;
        for session in sessions {
            // It may have ended by itself.
            let _ = mariadb.query_drop(format!("KILL {session}")).await;
        }
        Ok(mariadb.disconnect().await?)
    }

    /// Removes all of it.
    ///
    /// # Errors
    ///
    /// A server is away, or refuses.
    pub async fn close(&self) -> Result<(), Failed> {
        let bus = RabbitmqConfig::default().with_prefix(&self.run);
        let bus = RabbitmqBus::new(&self.servers.amqp, bus);
        let removed = bus.remove(&Mailbox::ALL.map(Mailbox::subscription)).await;
        removed.map_err(|error| format!("AMQP_URL: {error}"))?;
        let postgres = administrator(&self.servers.postgres).await?;
        for room in ROOMS.map(|room| self.name(room)) {
            let sql = format!("DROP DATABASE IF EXISTS {room} WITH (FORCE)");
            postgres.batch_execute(&sql).await?;
        }
        for login in ROOMS.iter().chain([&OPERATOR]).map(|login| self.name(login)) {
            postgres.batch_execute(&format!("DROP ROLE IF EXISTS {login}")).await?;
        }
        let mut mariadb = administrator_of_shop(&self.servers.mariadb).await?;
        let [shop, operator] = [SHOP, OPERATOR].map(|name| self.name(name));
        mariadb.query_drop(format!("DROP DATABASE IF EXISTS {shop}")).await?;
        mariadb.query_drop(format!("DROP USER IF EXISTS {shop}, {operator}")).await?;
        Ok(mariadb.disconnect().await?)
    }
}

/// Whoever administers PostgreSQL. What is wrong is told by the variable that says where it is: its value may hold a password.
pub(super) async fn administrator(url: &str) -> Result<Client, Failed> {
    let cannot = |error| format!("POSTGRES_URL: {error}");
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(cannot)?;
    tokio::spawn(connection);
    client.batch_execute("SET client_min_messages = error").await?;
    Ok(client)
}

/// And MariaDB.
async fn administrator_of_shop(url: &str) -> Result<mysql_async::Conn, Failed> {
    let connected = mysql_async::Conn::from_url(url).await;
    Ok(connected.map_err(|error| format!("MARIADB_URL: {error}"))?)
}

fn run(claim: &Claim) -> String {
    format!("{PREFIX}_{}", claim.number)
}

/// The numbers of the runs that have made something which is still there.
async fn runs(postgres: &Client) -> Result<BTreeSet<u32>, Failed> {
    let rows = postgres.query("SELECT rolname::text FROM pg_roles", &[]).await?;
    Ok(rows.iter().filter_map(|row| run_of(row.get(0))).collect())
}

/// The number of the run that made a login of this name, if one did.
fn run_of(login: &str) -> Option<u32> {
    let (number, of) = login.strip_prefix(PREFIX)?.strip_prefix('_')?.split_once('_')?;
    (ROOMS.contains(&of) || of == OPERATOR).then(|| number.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_run_has_made_is_taken_for_its_own() {
        assert_eq!(run_of("storefront_17_users"), Some(17));
        for other in ["storefront_users", "storefront_17_cats", "storefront_x_users", "postgres"] {
            assert_eq!(run_of(other), None, "{other}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_server_tells_no_password() {
        for place in ["127.0.0.1:1/test", "127.0.0.1:port/test", "127.0.0.1:1/test?nothing=x"] {
            let servers = Servers {
                postgres: format!("postgres://a:hush@{place}"),
                mariadb: format!("mysql://a:hush@{place}"),
                amqp: format!("amqp://a:hush@{place}"),
            };
            let no_shop = administrator_of_shop(&servers.mariadb).await.unwrap_err();
            let no_bus = RabbitmqBus::new(&servers.amqp, RabbitmqConfig::default());
            let no_bus = no_bus.remove(&Mailbox::ALL.map(Mailbox::subscription)).await;
            let no_bus = no_bus.unwrap_err().to_string().into();
            for error in [Rooms::open(servers).await.unwrap_err(), no_shop, no_bus] {
                let said = format!("{error} {error:?}");
                assert!(!said.contains("hush"), "{said}");
            }
        }
    }
}
