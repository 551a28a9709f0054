use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use super::rooms::{OPERATOR, ROOMS, Rooms, SHOP, administrator};
use super::servers::door;
use crate::Failed;

/// Logins tried where they have nothing to do: on PostgreSQL each service's on every other database, and the operator's on those
/// that do not move; on MariaDB, which knows the monolith's and the operator's alone, the monolith's on the server's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Doors {
    /// How many stayed closed.
    pub closed: usize,
    /// Those that did not: which login opens which database.
    pub open: Vec<String>,
}

/// What does not move is nothing to the operator.
const STAYS: [&str; 3] = ["orders", "inventory", "payments"];

impl Doors {
    /// Tries them. Each login has to open its own.
    ///
    /// # Errors
    ///
    /// A server is away, or a login does not open its own.
    pub async fn tried(rooms: &Rooms) -> Result<Self, Failed> {
        let mut doors = Self::default();
        for login in ROOMS {
            drop(tokio_postgres::connect(&rooms.postgres(login), NoTls).await?);
            for other in ROOMS.into_iter().filter(|other| *other != login) {
                doors.try_door(rooms, login, other).await?;
            }
        }
        for other in STAYS {
            doors.try_door(rooms, OPERATOR, other).await?;
        }
        doors.tried_on_mariadb(rooms).await?;
        Ok(doors)
    }

    async fn try_door(&mut self, rooms: &Rooms, login: &str, other: &str) -> Result<(), Failed> {
        match tokio_postgres::connect(&rooms.door(login, other), NoTls).await {
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                self.closed += 1;
            }
            Err(error) => return Err(error.into()),
            Ok(_) => self.open.push(format!("{login} opens {other}")),
        }
        Ok(())
    }

    async fn tried_on_mariadb(&mut self, rooms: &Rooms) -> Result<(), Failed> {
        mysql_async::Conn::from_url(rooms.shop()).await?.disconnect().await?;
        let (login, password) = (rooms.name(SHOP), &rooms.password);
        let other = door(&rooms.servers.mariadb, &login, password, "mysql");
        match mysql_async::Conn::from_url(other).await {
            Err(mysql_async::Error::Server(error)) if error.state == "42000" => self.closed += 1,
            Err(error) => return Err(error.into()),
            Ok(_) => self.open.push(format!("{SHOP} opens mysql")),
        }
        Ok(())
    }
}

impl Rooms {
    /// Lets a login of PostgreSQL into a database that is not its own, as whoever shares one does.
    ///
    /// # Errors
    ///
    /// The server is away, or refuses.
    pub async fn unlock(&self, login: &str, room: &str) -> Result<(), Failed> {
        let [login, room] = [login, room].map(|name| self.name(name));
        self.administer(&format!("GRANT CONNECT ON DATABASE {room} TO {login}")).await
    }

    /// And never again.
    ///
    /// # Errors
    ///
    /// The server is away, or refuses.
    pub async fn lock(&self, login: &str, room: &str) -> Result<(), Failed> {
        let [login, room] = [login, room].map(|name| self.name(name));
        self.administer(&format!("REVOKE CONNECT ON DATABASE {room} FROM {login}")).await
    }

    async fn administer(&self, sql: &str) -> Result<(), Failed> {
        let postgres = administrator(&self.servers.postgres).await?;
        Ok(postgres.batch_execute(sql).await?)
    }
}
