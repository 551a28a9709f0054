//! The databases: the same customers in each, but for the differences that are
//! planted.

use adapters::mariadb::CUSTOMER_SCHEMA as MARIADB_SCHEMA;
use adapters::postgres::{CHECKPOINT_SCHEMA, CUSTOMER_SCHEMA, REPAIR_QUEUE_SCHEMA};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::runtime::Builder;

use crate::error::Failure;
use crate::servers::{Servers, beside};

/// What every name of ours begins with.
const PREFIX: &str = "strangler_bench_";
/// The databases of PostgreSQL.
const NAMES: [&str; 5] = ["legacy", "modern", "few", "many", "empty"];
/// Those that are compared with `legacy`: the same, a little different, and more.
const VARIANTS: [&str; 3] = ["modern", "few", "many"];
/// How many differences `few` has.
const FEW: u64 = 10;

/// Databases that are filled.
#[derive(Debug, Clone)]
pub(crate) struct Fixture {
    pub(crate) servers: Servers,
    pub(crate) rows: u64,
    /// The differences of `many`.
    pub(crate) many: u64,
    /// The databases that are compared with `legacy`.
    pub(crate) variants: &'static [&'static str],
}

impl Fixture {
    /// The databases, made or found as they were left.
    pub(crate) fn made(servers: &Servers, rows: u64, growth: bool) -> Result<Self, Failure> {
        let variants = if growth { &VARIANTS[..1] } else { &VARIANTS };
        let fixture = Self { servers: servers.clone(), rows, many: rows / 10, variants };
        if fixture.is_there() {
            println!("the databases of before are used");
        } else {
            fixture.drop()?;
            fixture.fill()?;
            fixture.spread()?;
        }
        // What was written before is not to be flushed while something is timed.
        servers.sql(None, "CHECKPOINT")?;
        Ok(fixture)
    }

    /// The address of a database.
    pub(crate) fn url(&self, name: &str) -> String {
        self.servers.database(&full(name))
    }

    /// The same rows in MariaDB.
    pub(crate) fn mariadb(&self) -> Option<String> {
        self.servers.mariadb.as_ref().map(|url| beside(url, &full("legacy")))
    }

    /// How many differences a database has from `legacy`.
    pub(crate) fn differences(&self, name: &str) -> u64 {
        match name {
            "few" => FEW,
            "many" => self.many,
            _ => 0,
        }
    }

    /// How many lines reladiff prints of them: two for a key that both sides have,
    /// one for each of the two that one side lacks.
    pub(crate) fn lines(&self, name: &str) -> u64 {
        let lacking = if name == "few" { 2 } else { 0 };
        2 * self.differences(name) - lacking
    }

    /// Statements in a database, parted by `;;`.
    pub(crate) fn sql(&self, name: &str, sql: &str) -> Result<String, Failure> {
        self.servers.sql(Some(&full(name)), sql)
    }

    /// The target of a copy as it was at first.
    pub(crate) fn emptied(&self) -> Result<(), Failure> {
        self.sql("empty", "TRUNCATE customer ;; CHECKPOINT").map(drop)
    }

    fn is_there(&self) -> bool {
        let marked = self.sql("empty", "SELECT rows FROM bench_done");
        let in_mariadb = self.mariadb().is_none_or(|url| mariadb_answers(&url));
        marked.is_ok_and(|mark| mark == self.mark().to_string()) && in_mariadb
    }

    fn fill(&self) -> Result<(), Failure> {
        println!("filling the databases");
        self.servers.sql(None, &format!("CREATE DATABASE {}", full("legacy")))?;
        self.sql("legacy", CUSTOMER_SCHEMA)?;
        let rows = self.rows;
        self.sql(
            "legacy",
            &format!("INSERT INTO customer {CUSTOMERS} generate_series(1, {rows}::bigint) AS n"),
        )?;
        // reladiff takes no `bytea` for a key: the same rows with a number for it,
        // and without the types it does not know, which is in its favour.
        if self.servers.reladiff.is_some() {
            self.sql("legacy", NUMBERED)?;
        }
        self.sql("legacy", "VACUUM ANALYZE ;; CHECKPOINT")?;
        if let (Some(server), Some(url)) = (&self.servers.mariadb, self.mariadb()) {
            let database = format!("CREATE DATABASE {}", full("legacy"));
            mariadb(server, &[database])?;
            let filled = format!("INSERT INTO customer {MARIADB_CUSTOMERS} FROM seq_1_to_{rows}");
            mariadb(
                &url,
                &[MARIADB_SCHEMA.to_owned(), filled, "ANALYZE TABLE customer".to_owned()],
            )?;
        }
        Ok(())
    }

    /// Copies with differences, and the empty one, marked once all is done.
    fn spread(&self) -> Result<(), Failure> {
        for name in self.variants {
            let (copy, legacy) = (full(name), full("legacy"));
            self.servers.sql(None, &format!("CREATE DATABASE {copy} TEMPLATE {legacy}"))?;
        }
        if self.variants.contains(&"few") {
            self.plant()?;
        }
        self.servers.sql(None, &format!("CREATE DATABASE {}", full("empty")))?;
        for schema in [CUSTOMER_SCHEMA, CHECKPOINT_SCHEMA, REPAIR_QUEUE_SCHEMA] {
            self.sql("empty", schema)?;
        }
        let marked = format!("CREATE TABLE bench_done AS SELECT {} AS rows", self.mark());
        self.sql("empty", &marked).map(drop)
    }

    /// Plants the differences.
    fn plant(&self) -> Result<(), Failure> {
        let (tenth, rows) = (self.rows / FEW, self.rows);
        // One key is gone, one is too many, the others differ in a field.
        let few = format!(
            "UPDATE customer SET balance = balance + 1 WHERE visits % {tenth} = 7 AND visits > {tenth} * 2
            ;; DELETE FROM customer WHERE visits = {tenth} + 7
            ;; INSERT INTO customer {CUSTOMERS} generate_series({rows}::bigint + 1, {rows} + 1) AS n"
        );
        self.sql("few", &few)?;
        self.sql("many", "UPDATE customer SET name = upper(name) WHERE visits % 10 = 3")?;
        for name in ["few", "many"] {
            let renewed = format!(
                "DROP TABLE IF EXISTS customer_numbered ;; {NUMBERED} ;; VACUUM ANALYZE ;; CHECKPOINT"
            );
            self.sql(name, &renewed)?;
        }
        Ok(())
    }

    /// What tells these databases from others of the same names.
    fn mark(&self) -> u64 {
        let numbered = u64::from(self.servers.reladiff.is_some());
        self.rows * 100 + self.variants.len() as u64 * 10 + numbered
    }

    /// Drops what was made.
    pub(crate) fn drop(&self) -> Result<(), Failure> {
        for name in NAMES {
            let gone = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", full(name));
            self.servers.sql(None, &format!("SET client_min_messages = error ;; {gone}"))?;
        }
        match &self.servers.mariadb {
            Some(url) => mariadb(url, &[format!("DROP DATABASE IF EXISTS {}", full("legacy"))]),
            None => Ok(()),
        }
    }
}

fn full(name: &str) -> String {
    format!("{PREFIX}{name}")
}

// Rows of about a hundred bytes: some without an e-mail, few with a seal.
const CUSTOMERS: &str = "\
    SELECT decode(lpad(to_hex(n), 16, '0'), 'hex'),
        decode(lpad(to_hex(1700000000000 + n), 16, '0') || lpad(to_hex(n), 16, '0'), 'hex'),
        'customer number ' || n, CASE WHEN n % 7 > 0 THEN 'customer.' || n || '@example.org' END,
        n * 7919, timestamptz '2020-01-01 00:00:00+00' + n * interval '1 second', n, n % 2 = 0,
        CASE WHEN n % 10 = 0 THEN decode(md5(n::text), 'hex') END
    FROM";
const MARIADB_CUSTOMERS: &str = "\
    SELECT UNHEX(LPAD(HEX(seq), 16, '0')),
        UNHEX(CONCAT(LPAD(HEX(1700000000000 + seq), 16, '0'), LPAD(HEX(seq), 16, '0'))),
        CONCAT('customer number ', seq), IF(seq % 7 > 0, CONCAT('customer.', seq, '@example.org'), NULL),
        seq * 7919 / 10000, TIMESTAMP '2020-01-01 00:00:00' + INTERVAL seq SECOND, seq, seq % 2 = 0,
        IF(seq % 10 = 0, UNHEX(MD5(seq)), NULL)";
const NUMBERED: &str = "\
    CREATE TABLE customer_numbered AS
        SELECT visits AS id, encode(stamp, 'hex') AS stamp, name, email, balance, joined,
            is_active, encode(seal, 'hex') AS seal
        FROM customer ORDER BY id
    ;; ALTER TABLE customer_numbered ADD PRIMARY KEY (id)";

/// Whether there is a MariaDB with this database.
pub(crate) fn mariadb_answers(url: &str) -> bool {
    mariadb(url, &["SELECT 1".to_owned()]).is_ok()
}

fn mariadb(url: &str, statements: &[String]) -> Result<(), Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = Conn::from_url(url).await?;
        for statement in statements {
            connection.query_drop(statement.as_str()).await?;
        }
        connection.disconnect().await?;
        Ok(())
    })
}
