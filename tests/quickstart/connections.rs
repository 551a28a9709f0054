use std::thread;
use std::time::Duration;

use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::repository::Access;

use crate::database::Database;
use crate::scratch::Scratch;
use crate::support::dropped_after;

const SCHEMA: &str = "
    CREATE TABLE parent (id INTEGER PRIMARY KEY);
    CREATE TABLE child (
        id INTEGER PRIMARY KEY,
        parent REFERENCES parent DEFERRABLE INITIALLY DEFERRED,
        text TEXT CHECK (text <> ''));";

fn database() -> (Scratch, Database) {
    let scratch = Scratch::new().unwrap();
    let database = Database::open(&scratch.file("test.db"), SCHEMA).unwrap();
    (scratch, database)
}

async fn written(database: &Database, sql: &'static str) -> Result<(), StoreErrorKind> {
    let done = database.write(move |connection| connection.execute_batch(sql));
    done.await.map_err(|error| error.kind())
}

async fn children(database: &Database) -> Result<i64, StoreError> {
    let count = "SELECT count(*) FROM child";
    database.read(move |connection| connection.query_row(count, [], |row| row.get(0))).await
}

#[tokio::test]
async fn a_broken_constraint_is_a_rejection() {
    let (_scratch, database) = database();
    let wrong = "INSERT INTO child VALUES (1, NULL, 'a'), (2, NULL, '')";
    assert_eq!(written(&database, wrong).await, Err(StoreErrorKind::Rejected));
    assert_eq!(children(&database).await.unwrap(), 0);
}

#[tokio::test]
async fn a_constraint_that_commit_finds_broken_is_a_rejection_too() {
    let (_scratch, database) = database();
    let orphan = "INSERT INTO child VALUES (1, 99, 'a')";
    assert_eq!(written(&database, orphan).await, Err(StoreErrorKind::Rejected));
    assert_eq!(children(&database).await.unwrap(), 0);
    let child = "INSERT INTO child VALUES (1, NULL, 'a')";
    assert_eq!(written(&database, child).await, Ok(()));
}

#[tokio::test]
async fn a_full_database_is_unavailable_and_unchanged() {
    let (_scratch, database) = database();
    let limit = "PRAGMA max_page_count = 8";
    let limited = |connection: &rusqlite::Connection| connection.query_row(limit, [], |_| Ok(()));
    database.write(limited).await.unwrap();
    let much = "
        INSERT INTO child VALUES (1, NULL, 'a');
        INSERT INTO child VALUES (2, NULL, hex(zeroblob(100000)));";
    assert_eq!(written(&database, much).await, Err(StoreErrorKind::Unavailable));
    assert_eq!(children(&database).await.unwrap(), 0);
    let little = "INSERT INTO child VALUES (1, NULL, 'a')";
    assert_eq!(written(&database, little).await, Ok(()));
}

#[tokio::test]
async fn a_commit_that_may_have_happened_is_unknown() {
    let (_scratch, database) = database();
    let early = "INSERT INTO child VALUES (1, NULL, 'a'); COMMIT";
    assert_eq!(written(&database, early).await, Err(StoreErrorKind::Unknown));
    assert_eq!(children(&database).await.unwrap(), 1);
    let next = "INSERT INTO child VALUES (2, NULL, 'a')";
    assert_eq!(written(&database, next).await, Ok(()));
}

#[tokio::test]
async fn a_failed_call_ends_its_transaction() {
    let (_scratch, database) = database();
    let mut open = database.begin(Access::Write).await.unwrap();
    let wrong = "INSERT INTO child VALUES (1, NULL, 'a'), (1, NULL, 'b')";
    let error = open.run(move |connection| connection.execute_batch(wrong)).await;
    assert_eq!(error.unwrap_err().kind(), StoreErrorKind::Rejected);
    let error = open.run(|connection| connection.execute_batch("SELECT 1")).await;
    assert_eq!(error.unwrap_err().kind(), StoreErrorKind::Unavailable);
    let child = "INSERT INTO child VALUES (1, NULL, 'a')";
    assert_eq!(written(&database, child).await, Ok(()));
}

#[tokio::test]
async fn a_call_that_is_dropped_ends_its_transaction() {
    let (_scratch, database) = database();
    let mut open = database.begin(Access::Write).await.unwrap();
    let slow = open.run(|connection| {
        thread::sleep(Duration::from_millis(50));
        connection.execute_batch("INSERT INTO child VALUES (1, NULL, 'a')")
    });
    dropped_after(1, slow).await;
    let error = open.commit().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    // Waits until the dropped call has ended.
    let child = "INSERT INTO child VALUES (2, NULL, 'a')";
    assert_eq!(written(&database, child).await, Ok(()));
    assert_eq!(children(&database).await.unwrap(), 1);
}

#[tokio::test]
async fn a_panic_leaves_the_connection_usable() {
    let (_scratch, database) = database();
    let panicked = database.write(|connection| {
        connection.execute_batch("INSERT INTO child VALUES (1, NULL, 'a')")?;
        assert_eq!(connection.changes(), 0, "a bug in an adapter");
        Ok(())
    });
    assert_eq!(panicked.await.unwrap_err().kind(), StoreErrorKind::Unknown);
    assert_eq!(children(&database).await.unwrap(), 0);
    let child = "INSERT INTO child VALUES (1, NULL, 'a')";
    assert_eq!(written(&database, child).await, Ok(()));
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let (_scratch, database) = database();
    let write = "INSERT INTO child VALUES (1, NULL, 'a')";
    let refused = database.read(move |connection| connection.execute_batch(write));
    assert_eq!(refused.await.unwrap_err().kind(), StoreErrorKind::Unavailable);
}
