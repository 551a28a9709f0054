use adapters::mariadb::CUSTOMER_SCHEMA;
use mysql_async::prelude::Queryable;

use crate::Outcome;
use crate::options::Place;

/// Fills a table in MariaDB, if there is none; answers how many rows it holds.
pub(crate) async fn fill(legacy: &Place, rows: u64) -> Outcome<u64> {
    let cannot = |error| format!("legacy, {}, cannot be filled: {error}", legacy.said_by);
    let mut conn = mysql_async::Conn::from_url(&legacy.url).await.map_err(cannot)?;
    let found: Option<String> =
        conn.query_first("SHOW TABLES LIKE 'customer'").await.map_err(cannot)?;
    if found.is_none() {
        conn.query_drop(CUSTOMER_SCHEMA).await.map_err(cannot)?;
        conn.query_drop(customers(rows)).await.map_err(cannot)?;
    }
    let counted: Option<u64> =
        conn.query_first("SELECT COUNT(*) FROM customer").await.map_err(cannot)?;
    conn.disconnect().await?;
    Ok(counted.unwrap_or_default())
}

/// Rows as an old application leaves them: no stamps, keys of any bytes, names
/// of every kind, missing mails and seals.
fn customers(rows: u64) -> String {
    format!(
        "INSERT INTO customer (id, name, email, balance, joined, visits, is_active, seal)
         SELECT UNHEX(SHA1(seq)),
            CONCAT(ELT(seq MOD 5 + 1, 'Ada ', 'Жanna ', '李 ', 'Zoë 🎁 ', ''), seq),
            IF(seq MOD 3 = 0, NULL, IF(seq MOD 7 = 0, '', CONCAT(seq, '@example.org'))),
            (CAST(seq AS SIGNED) - 500) * 1.2345,
            TIMESTAMP '1970-01-01 00:00:00.000001' + INTERVAL seq * 7919 SECOND,
            seq * seq, seq MOD 2, IF(seq MOD 4 = 0, NULL, UNHEX(MD5(seq)))
         FROM seq_1_to_{rows}"
    )
}
