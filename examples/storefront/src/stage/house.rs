use std::path::{Path, PathBuf};

use crate::Failed;

/// Users that there are from the beginning.
pub const USERS: usize = 2_000;

/// Where this program is, the others are.
///
/// # Errors
///
/// They are not.
pub fn programs() -> Result<PathBuf, Failed> {
    let own = std::env::current_exe()?;
    let programs = own.parent().ok_or("this program is nowhere")?.to_owned();
    for name in ["operate", "migrate", "monolith", "gateway"] {
        if !programs.join(name).exists() {
            let build = "cargo build --release -p adapters -p storefront";
            return Err(format!("there is no {name} beside this program: {build}").into());
        }
    }
    Ok(programs)
}

/// Makes the directory that a run's processes log to.
///
/// # Errors
///
/// It cannot be made.
pub fn logs(programs: &Path, run: &str) -> Result<PathBuf, Failed> {
    let logs = programs.parent().unwrap_or(programs).join("storefront").join(run);
    std::fs::create_dir_all(&logs)?;
    Ok(logs)
}

/// Ctrl-C, or what a supervisor sends.
///
/// # Errors
///
/// Nobody can tell.
pub async fn interrupted() -> Result<(), Failed> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        asked = tokio::signal::ctrl_c() => Ok(asked?),
        _ = terminated.recv() => Ok(()),
    }
}

/// Fills the monolith's table of users.
///
/// # Errors
///
/// The server is away, or refuses.
pub async fn load(url: &str) -> Result<(), Failed> {
    use mysql_async::prelude::Queryable;
    let mut conn = mysql_async::Conn::from_url(url).await?;
    conn.query_drop(adapters::mariadb::CUSTOMER_SCHEMA).await?;
    let last = USERS - 1;
    conn.query_drop(format!(
        "INSERT INTO customer (id, name, email, balance, joined, visits, is_active)
         SELECT CONCAT('user-', LPAD(seq, 5, '0')), CONCAT('User ', seq),
             CONCAT(seq, '@example.org'), 0, '2020-01-01 00:00:00', seq, 1
         FROM seq_0_to_{last}"
    ))
    .await?;
    Ok(conn.disconnect().await?)
}
