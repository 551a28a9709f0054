use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fastrand::Rng;
use mysql_async::Pool;
use mysql_async::prelude::Queryable;
use storefront::Failed;
use tokio::time::sleep_until;

use super::truth::Truth;

const INSERT: &str = "\
    INSERT INTO plain_customer (id, name, email, balance, joined, visits, is_active)
    VALUES (?, 'Ada', NULL, 0, '2020-01-01 00:00:00', ?, 1)";
const UPDATE: &str = "UPDATE plain_customer SET visits = ? WHERE id = ?";
const DELETE: &str = "DELETE FROM plain_customer WHERE id = ?";

/// The monolith's customers, as its own SQL changes them. It knows of no model.
#[derive(Debug)]
pub(super) struct Customers {
    pool: Pool,
}

impl Customers {
    pub(super) async fn open(url: &str) -> Result<Self, Failed> {
        let pool = Pool::from_url(url)?;
        drop(pool.get_conn().await?);
        Ok(Self { pool })
    }

    /// As many as there are to begin with, in version 0.
    pub(super) async fn fill(&self, count: usize, truth: &RefCell<Truth>) -> Result<(), Failed> {
        let mut conn = self.pool.get_conn().await?;
        let ids: Vec<_> = (0..count).map(|number| format!("customer-{number:04}")).collect();
        for id in &ids {
            truth.borrow_mut().asked(id, Some(0));
        }
        conn.exec_batch(INSERT, ids.iter().map(|id| (id, 0))).await?;
        for id in &ids {
            truth.borrow_mut().done(id);
        }
        Ok(())
    }

    /// Changes one after the other: of seven, one is deleted, and whoever is not there comes back. Answers how many.
    pub(super) async fn change(
        &self,
        by: Instant,
        pause: Duration,
        mut rng: Rng,
        truth: &RefCell<Truth>,
    ) -> Result<u32, Failed> {
        let mut conn = self.pool.get_conn().await?;
        let (began, mut count) = (tokio::time::Instant::now(), 0);
        while Instant::now() < by {
            count += 1;
            let id = truth.borrow().any(&mut rng);
            let is_there = truth.borrow().is_there(&id);
            let is_end = is_there && rng.u8(..7) == 0;
            let version = (!is_end).then_some(i64::from(count));
            truth.borrow_mut().asked(&id, version);
            match version {
                None => conn.exec_drop(DELETE, (&id,)).await?,
                Some(version) if is_there => conn.exec_drop(UPDATE, (version, &id)).await?,
                Some(version) => conn.exec_drop(INSERT, (&id, version)).await?,
            }
            truth.borrow_mut().done(&id);
            sleep_until(began + pause * count).await;
        }
        Ok(count)
    }

    /// The version of one; none, if there is no such customer.
    pub(super) async fn version(&self, id: &str) -> Result<Option<i64>, Failed> {
        let mut conn = self.pool.get_conn().await?;
        Ok(conn.exec_first("SELECT visits FROM plain_customer WHERE id = ?", (id,)).await?)
    }

    pub(super) async fn all(&self) -> Result<BTreeMap<String, i64>, Failed> {
        let mut conn = self.pool.get_conn().await?;
        let sql = "SELECT CAST(id AS CHAR), visits FROM plain_customer";
        let rows: Vec<(String, i64)> = conn.query(sql).await?;
        Ok(rows.into_iter().collect())
    }
}
