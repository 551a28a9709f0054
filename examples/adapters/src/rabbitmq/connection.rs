use std::sync::Arc;
use std::time::Duration;

use lapin::options::ConfirmSelectOptions;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use strangler_fig::error::StoreError;
use tokio::sync::Mutex;

use super::RabbitmqConfig;
use super::error::{opened, within};

/// After how many seconds of silence a connection is dead.
const HEARTBEAT: u16 = 10;

/// A connection with its one channel; closed when the last handle is dropped.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) channel: Channel,
    _connection: Connection,
}

impl Link {
    /// Without the driver's own recovery: what it makes of an unconfirmed message is not said.
    pub(super) async fn open(url: &str, deadline: Duration) -> Result<Self, StoreError> {
        let mut uri: AMQPUri = url.parse().map_err(StoreError::rejected)?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        let connect = Connection::connect_uri(uri, ConnectionProperties::default());
        let connection = within(deadline, connect, StoreError::unavailable).await?;
        let channel = within(deadline, connection.create_channel(), opened).await?;
        Ok(Self { channel, _connection: connection })
    }

    pub(super) fn is_open(&self) -> bool {
        self.channel.status().connected()
    }
}

/// The link by which messages are sent, made when it is needed.
#[derive(Debug, Default)]
pub(super) struct Sender(Mutex<Option<Arc<Link>>>);

impl Sender {
    /// The link that is open, or a new one, on which messages are confirmed.
    pub(super) async fn link(
        &self,
        url: &str,
        config: &RabbitmqConfig,
    ) -> Result<Arc<Link>, StoreError> {
        let mut kept = self.0.lock().await;
        if let Some(link) = kept.as_ref().filter(|link| link.is_open()) {
            return Ok(Arc::clone(link));
        }
        *kept = None;
        let link = Arc::new(Link::open(url, config.deadline).await?);
        config.declare_bus(&link.channel).await?;
        let confirmed = link.channel.confirm_select(ConfirmSelectOptions::default());
        within(config.deadline, confirmed, opened).await?;
        Ok(Arc::clone(kept.insert(link)))
    }

    /// Gives up a link on which something has failed: the next call makes another.
    pub(super) async fn forget(&self, link: &Arc<Link>) {
        let mut kept = self.0.lock().await;
        if kept.as_ref().is_some_and(|it| Arc::ptr_eq(it, link)) {
            *kept = None;
        }
    }
}
