use std::path::{Path, PathBuf};

use super::cast::NAMES;
use super::own::OwnServers;
use super::rooms::Rooms;
use super::servers::Servers;
use crate::Failed;
use crate::chassis::interrupted;

/// Users that there are from the beginning.
pub const USERS: usize = 2_000;

/// What a run is given.
#[derive(Debug)]
pub struct House {
    /// A database for each service, and the broker.
    pub rooms: Rooms,
    /// The servers, if it has started them for itself.
    pub own: Option<OwnServers>,
    /// Where the programs are.
    pub programs: PathBuf,
    /// What the processes log to.
    pub logs: PathBuf,
}

impl House {
    /// Opens one on the servers that are found, or on new ones of its `own`, and lets somebody `play` in it. Whatever becomes of
    /// that, what was made is removed again; the log stays, unless all was well. Answers what `play` does.
    ///
    /// # Errors
    ///
    /// Programs are missing, servers are away, somebody has interrupted it; or `play` fails. That what was made cannot be removed
    /// is told beside, not instead.
    pub async fn staged(
        own: bool,
        play: impl AsyncFnOnce(&Self) -> Result<bool, Failed>,
    ) -> Result<bool, Failed> {
        let programs = programs()?;
        let home = programs.parent().unwrap_or(&programs).join("storefront");
        let own =
            if own { Some(undisturbed(Box::pin(OwnServers::start(&home))).await?) } else { None };
        let servers = match &own {
            Some(own) => own.found().await,
            None => Servers::find().await?,
        };
        let rooms = Rooms::open(servers).await?;
        let logs = home.join(rooms.run());
        let house = Self { rooms, own, programs, logs };
        let played = undisturbed(house.logged(play)).await;
        let played = match &house.own {
            // What was made is gone with them; what they have said stays.
            Some(own) => {
                if let Err(error) = own.copy_logs(&house.logs).await {
                    println!("what the servers logged is lost: {error}");
                }
                played
            }
            None => closed(played, house.rooms.close().await),
        };
        match played {
            Ok(true) => std::fs::remove_dir_all(&house.logs)?,
            _ => println!("what the processes logged is in {}", house.logs.display()),
        }
        played
    }

    async fn logged(
        &self,
        play: impl AsyncFnOnce(&Self) -> Result<bool, Failed>,
    ) -> Result<bool, Failed> {
        std::fs::create_dir_all(&self.logs)?;
        Box::pin(play(self)).await
    }
}

/// What comes of it, unless somebody interrupts.
async fn undisturbed<T>(work: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    tokio::select! {
        done = work => done,
        interrupted = interrupted() => interrupted.and(Err("interrupted".into())),
    }
}

/// What has become of it, and of removing what was made for it.
pub(super) fn closed<T>(
    played: Result<T, Failed>,
    removed: Result<(), Failed>,
) -> Result<T, Failed> {
    match (played, removed) {
        (played, Ok(())) => played,
        (Ok(_), Err(left)) => Err(format!("what was made is not removed: {left}").into()),
        (Err(why), Err(left)) => {
            Err(format!("{why}; and what was made is not removed: {left}").into())
        }
    }
}

/// Where this program is, the others are.
fn programs() -> Result<PathBuf, Failed> {
    let own = std::env::current_exe()?;
    let programs = own.parent().ok_or("this program is nowhere")?.to_owned();
    let mut names = ["operate", "migrate"].into_iter().chain(NAMES);
    match names.find(|name| !programs.join(name).exists()) {
        Some(name) => {
            Err(format!("there is no {name} beside this program: {}", build(&programs)).into())
        }
        None => Ok(programs),
    }
}

/// How programs are built that are in this directory.
fn build(programs: &Path) -> String {
    let profile = match programs.file_name().and_then(|name| name.to_str()) {
        None | Some("debug") => String::new(),
        Some(name) => format!(" --profile {name}"),
    };
    format!("cargo build{profile} -p adapters -p storefront")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_it_failed_is_not_hidden_by_what_is_left() {
        let failed = |why: &str| -> Result<(), Failed> { Err(why.into()) };
        assert_eq!(closed(Ok(1), Ok(())).unwrap(), 1);
        let said = |played, removed| closed(played, removed).unwrap_err().to_string();
        assert_eq!(said(failed("a"), Ok(())), "a");
        assert_eq!(said(Ok(()), failed("b")), "what was made is not removed: b");
        assert_eq!(said(failed("a"), failed("b")), "a; and what was made is not removed: b");
    }

    #[test]
    fn programs_are_built_where_they_are_looked_for() {
        let build = |directory: &str| build(Path::new(directory));
        assert_eq!(build("/t/debug"), "cargo build -p adapters -p storefront");
        assert_eq!(build("/t/release"), "cargo build --profile release -p adapters -p storefront");
    }
}
