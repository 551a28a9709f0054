use std::path::Path;

use own_servers::{OwnServer, Product};
use tokio::sync::{Mutex, MutexGuard};

use super::servers::{Servers, install};
use crate::Failed;
use crate::orders::Mailbox;

/// Servers that a run has started for itself, so that it may stop and kill them. They end with it.
#[derive(Debug)]
pub struct OwnServers {
    postgres: Mutex<OwnServer>,
    mariadb: Mutex<OwnServer>,
    rabbitmq: Mutex<OwnServer>,
}

impl OwnServers {
    /// How many they are.
    pub const COUNT: usize = 3;

    /// Installs what is missing, and starts them, each in a directory below `parent`.
    pub(super) async fn start(parent: &Path) -> Result<Self, Failed> {
        install().await?;
        let own = async |product| OwnServer::new(product, parent).await.map(Mutex::new);
        let (postgres, mariadb, rabbitmq) = tokio::try_join!(
            own(Product::Postgres),
            own(Product::Mariadb),
            own(Product::Rabbitmq)
        )?;
        Ok(Self { postgres, mariadb, rabbitmq })
    }

    pub(super) async fn found(&self) -> Servers {
        Servers {
            postgres: self.postgres.lock().await.url(),
            mariadb: self.mariadb.lock().await.url(),
            amqp: self.rabbitmq.lock().await.url(),
        }
    }

    /// One of them, whom nobody else stops or kills meanwhile.
    pub async fn server(&self, number: usize) -> MutexGuard<'_, OwnServer> {
        [&self.postgres, &self.mariadb, &self.rabbitmq][number % Self::COUNT].lock().await
    }

    /// Copies what they have logged into a directory that is there.
    pub(super) async fn copy_logs(&self, to: &Path) -> Result<(), Failed> {
        for number in 0..Self::COUNT {
            self.server(number).await.copy_log(to)?;
        }
        Ok(())
    }

    /// Both that hold databases, whom nobody stops or kills meanwhile.
    pub async fn databases(&self) -> [MutexGuard<'_, OwnServer>; 2] {
        [self.postgres.lock().await, self.mariadb.lock().await]
    }

    /// Waits until the broker would find its queues again if it were killed: it syncs their names some time after they were
    /// declared. `prefix` is that of the run.
    ///
    /// # Errors
    ///
    /// It takes two minutes.
    pub async fn keep_queues(&self, prefix: &str) -> Result<(), Failed> {
        let broker = self.rabbitmq.lock().await;
        for mailbox in Mailbox::ALL {
            // The last that is declared of each subscription.
            broker.keeps(&format!("{prefix}.{}.dead", mailbox.subscription())).await?;
        }
        Ok(())
    }
}
