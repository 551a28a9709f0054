//! What an error of a server tells: what was broken, and nothing of the record.

use std::error::Error;

use adapters::customer::Customer;
use adapters::mariadb::{self, MariadbCustomers, MariadbRepository};
use adapters::postgres::{self, PostgresCustomers, PostgresRepository};
use mysql_async::prelude::Queryable;
use strangler_fig::error::StoreError;
use strangler_fig::error::StoreErrorKind::Rejected;
use strangler_fig::repository::{Applied, Repository, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};

use crate::customers::customer;
use crate::{mariadb_schema, postgres_schema};

trait Store: StampedRepository<Key = Vec<u8>, Entity = Customer> {}
impl<R: StampedRepository<Key = Vec<u8>, Entity = Customer>> Store for R {}

/// A customer whose texts are all to be kept to oneself.
fn secret(n: u32) -> Customer {
    let text = || format!("sécret{n}");
    Customer { name: text(), email: Some(text()), seal: Some(text().into()), ..customer(n, 0) }
}

/// It says `why`, and nothing that was in the record.
fn tells(error: &StoreError, why: &[&str]) {
    assert_eq!(error.kind(), Rejected);
    let mut told = Vec::new();
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(error) = cause {
        told.push(format!("{error} {error:?}"));
        cause = error.source();
    }
    let told = told.join(" ");
    // Bytes too, as numbers or escaped.
    for part in ["cret", "99, 114, 101, 116", "63726574", "C3A9", "xC3"] {
        assert!(!told.contains(part), "{told}");
    }
    let account = error.with_causes();
    assert!(why.iter().all(|part| account.contains(part)), "{account}");
}

/// What a customer breaks, alone and in a batch.
async fn refused(store: &impl Store, customer: Customer, why: &[&str], in_batch: &[&str]) {
    let record = (customer.id.clone(), Record::live(Stamp::MAX, customer));
    tells(&store.apply(&record.0, &record.1).await.expect_err("it breaks a rule"), why);
    let batch = store.apply_many(&[record]).await.remove(0);
    tells(&batch.expect_err("it breaks a rule"), in_batch);
}

async fn stored(store: &impl Store, customer: Customer) {
    let answer = store.apply(&customer.id.clone(), &Record::live(Stamp::BASE, customer)).await;
    assert_eq!(answer.ok(), Some(Applied::Stored));
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_tells_what_was_broken_and_nothing_of_the_record() {
    let schema = postgres_schema::Schema::with(postgres::CUSTOMER_SCHEMA).await;
    let store = PostgresRepository::new(schema.database());
    stored(&store, secret(20)).await;
    let break_by = async |rule: &str, customer: Customer, why: &[&str]| {
        schema.client.batch_execute(rule).await.expect("a rule can be made");
        refused(&store, customer, why, why).await;
    };
    let same = || Customer { email: secret(20).email, ..secret(21) };
    let unique = "CREATE UNIQUE INDEX by_email ON customer (email)";
    break_by(unique, same(), &["23505", "by_email", "customer"]).await;
    let found = store.apply(&same().id, &Record::live(Stamp::MAX, same())).await;
    let found = found.expect_err("it breaks a rule");
    let answer: &postgres::PostgresAnswer = found.downcast_ref().expect("it is the server's");
    assert_eq!(answer.code().code(), "23505");
    let long = Customer { name: "sécret".repeat(50), ..secret(22) };
    break_by("", long.clone(), &["23514", "customer_name_check"]).await;
    let rule = "ALTER TABLE customer ALTER COLUMN name TYPE VARCHAR(40)";
    break_by(rule, long, &["ERROR 22001: a text is too long"]).await;
    let rule = "ALTER TABLE customer ADD CONSTRAINT short CHECK (length(seal) < 20)";
    let longer = Customer { seal: Some("sécret".repeat(9).into()), ..secret(23) };
    break_by(rule, longer, &["23514", "short"]).await;
    let rule = "ALTER TABLE customer ALTER COLUMN seal SET NOT NULL";
    break_by(rule, Customer { seal: None, ..secret(24) }, &["23502", "column seal"]).await;

    // A number in a text, as a column that is computed reads it.
    schema.client.batch_execute("DELETE FROM customer").await.expect("rows can be deleted");
    let rule = "\
        ALTER TABLE customer ADD COLUMN code INTEGER GENERATED ALWAYS AS (email::integer) STORED";
    break_by(rule, secret(25), &["22P02"]).await;
    let rule = "\
        ALTER TABLE customer DROP COLUMN code;
        CREATE FUNCTION refuses() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE unique_violation USING MESSAGE = NEW.email, DETAIL = NEW.name, COLUMN = NEW.name;
        END $$;
        CREATE TRIGGER refuses BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION refuses()";
    break_by(rule, secret(26), &["ERROR 23505"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_tells_nothing_of_a_row_of_a_plain_table() {
    let sql = postgres::PLAIN_SCHEMA;
    let unique = "CREATE UNIQUE INDEX by_email ON plain_customer (email)";
    let schema = postgres_schema::Schema::with(&format!("{sql} {unique}")).await;
    let customers = PostgresCustomers::new(schema.database());
    customers.save(secret(20)).await.expect("it can be saved");
    let same = || Customer { email: secret(20).email, ..secret(21) };
    let why = ["23505", "by_email"];
    tells(&customers.save(same()).await.expect_err("it is taken"), &why);
    refused(&customers.stamped(), same(), &why, &why).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_tells_what_was_broken_and_nothing_of_the_record() {
    let schema = mariadb_schema::Schema::with(mariadb::CUSTOMER_SCHEMA).await;
    let store = MariadbRepository::new(schema.database());
    stored(&store, secret(20)).await;
    let make = async |rule: &str| {
        schema.conn.lock().await.query_drop(rule).await.expect("a rule can be made");
    };
    let same = || Customer { email: secret(20).email, ..secret(21) };
    make("CREATE UNIQUE INDEX by_email ON customer (email)").await;
    refused(&store, same(), &["unique index"], &["1062", "23000", "'by_email'"]).await;
    stored(&store, Customer { email: None, ..same() }).await;
    let why = ["1062", "'by_email'"];
    refused(&store, same(), &why, &why).await;

    let break_by = async |rule: &str, customer: Customer, why: &[&str]| {
        make(rule).await;
        refused(&store, customer, why, why).await;
    };
    let long = Customer { name: "sécret".repeat(50), ..secret(22) };
    break_by("DO 0", long, &["1406", "'name'"]).await;
    let rule = "ALTER TABLE customer ADD CONSTRAINT short CHECK (LENGTH(seal) < 20)";
    let longer = Customer { seal: Some("sécret".repeat(9).into()), ..secret(23) };
    break_by(rule, longer, &["4025", "`short`"]).await;
    let rule = "ALTER TABLE customer MODIFY email VARCHAR(320) CHARACTER SET ascii";
    make("DELETE FROM customer").await;
    break_by(rule, secret(24), &["1366", "`email`"]).await;

    // A batch makes its rows before it fills them.
    let rule = "
        CREATE TRIGGER refuses BEFORE UPDATE ON customer FOR EACH ROW
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = NEW.name";
    let stays = Customer { email: None, ..secret(25) };
    stored(&store, stays.clone()).await;
    break_by(rule, stays, &["ERROR 1644 (45000)"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_tells_nothing_of_a_row_of_a_plain_table() {
    let sql = mariadb::PLAIN_SCHEMA;
    let rules = "\
        CREATE UNIQUE INDEX by_email ON plain_customer (email);
        ALTER TABLE plain_customer MODIFY seal MEDIUMBLOB NOT NULL";
    let schema = mariadb_schema::Schema::with(&format!("{sql} {rules}")).await;
    let customers = MariadbCustomers::new(schema.database());
    customers.save(secret(20)).await.expect("it can be saved");
    let same = || Customer { email: secret(20).email, ..secret(21) };
    let taken = ["unique index"];
    tells(&customers.save(same()).await.expect_err("it is taken"), &taken);
    let unsealed = Customer { seal: None, ..secret(22) };
    tells(&customers.save(unsealed).await.expect_err("it is no seal"), &["1048", "'seal'"]);
    customers.save(Customer { email: None, ..same() }).await.expect("it can be saved");
    tells(&customers.save(same()).await.expect_err("it is taken"), &["1062", "'by_email'"]);
    refused(&customers.stamped(), same(), &["1062"], &["1062"]).await;
}

/// A value that cannot be read is not told either.
#[tokio::test(flavor = "multi_thread")]
async fn mariadb_tells_nothing_of_a_row_that_cannot_be_read() {
    let schema = mariadb_schema::Schema::with(mariadb::PLAIN_SCHEMA).await;
    let customers = MariadbCustomers::new(schema.database());
    customers.save(secret(20)).await.expect("it can be saved");
    let types = ["visits VARBINARY(20)", "joined VARBINARY(40)", "name BLOB"];
    for column in types {
        let (name, _) = column.split_once(' ').expect("a name and a type");
        let sql = format!(
            "ALTER TABLE plain_customer MODIFY {column};
             UPDATE plain_customer SET {name} = CONCAT(X'FF', 's', X'C3A9', 'cret')"
        );
        schema.conn.lock().await.query_drop(sql).await.expect("a row can be changed");
        let error = customers.find(&secret(20).id).await.expect_err("it cannot be read");
        tells(&error, &[]);
    }
}
