use std::fmt;

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// With `wal_level=logical`.
    Postgres,
    /// One that flushes each commit.
    Mariadb,
    /// With a daemon of names of its own.
    Rabbitmq,
    /// With JetStream.
    Nats,
}

impl Product {
    /// What names its directory.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mariadb => "mariadb",
            Self::Rabbitmq => "rabbitmq",
            Self::Nats => "nats",
        }
    }

    /// A user that it runs as where whoever starts it is root, whom it refuses.
    pub(crate) const fn account(self) -> Option<&'static str> {
        match self {
            Self::Postgres => Some("postgres"),
            Self::Mariadb => Some("mysql"),
            Self::Rabbitmq | Self::Nats => None,
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "PostgreSQL",
            Self::Mariadb => "MariaDB",
            Self::Rabbitmq => "RabbitMQ",
            Self::Nats => "NATS",
        })
    }
}
