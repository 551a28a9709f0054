//! A relay of twenty lines, to be broken.

use std::num::{NonZeroU16, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::event::{
    EventPublisher, FetchLimit, LaneClaim, Message, OutboxRow, OutboxStore, RowEnd,
    publish_in_waves,
};
use strangler_fig::phase::NodeId;
use tokio::time::{sleep, timeout};

use super::bus::SimPublisher;
use super::sim::Planted;
use super::store::SimStore;
use super::world::{REFUSALS_MAX, TERM};

pub(crate) struct Naive {
    pub(crate) store: Arc<SimStore>,
    pub(crate) bus: Arc<SimPublisher>,
    pub(crate) node: NodeId,
}

impl Naive {
    pub(crate) async fn run(&self) {
        loop {
            let _ = timeout(TERM / 2, self.round()).await;
            sleep(Duration::from_millis(200)).await;
        }
    }

    async fn round(&self) -> Result<(), StoreError> {
        let claims = self.store.claim(&self.node, NonZeroU16::MAX, TERM).await?.held;
        let few = NonZeroUsize::new(20).unwrap();
        let limit = FetchLimit { rows: few, bytes: NonZeroUsize::MAX };
        let rows = self.store.fetch(&claims, limit).await?;
        let messages: Vec<_> = rows.iter().map(|row| row.message.clone().unwrap()).collect();
        let planted = self.store.sim.planted;
        if planted == Planted::MarkBeforePublish {
            for row in &rows {
                self.settle(&claims, row, RowEnd::Sent).await?;
            }
        }
        let answers = if planted == Planted::NoWaves {
            self.bus.publish(&messages).await
        } else {
            self.in_waves(&messages).await
        };
        for (row, answer) in rows.iter().zip(answers) {
            match answer {
                Ok(()) => self.settle(&claims, row, RowEnd::Sent).await?,
                Err(error) if error.kind() == StoreErrorKind::Rejected => {
                    let error = error.to_string();
                    let end = if row.refusals + 1 < REFUSALS_MAX {
                        RowEnd::Refused { delay: Duration::from_millis(200), error }
                    } else {
                        RowEnd::Parked { reason: error }
                    };
                    self.settle(&claims, row, end).await?;
                }
                Err(_) => {}
            }
        }
        Ok(())
    }

    async fn in_waves(&self, messages: &[Message]) -> Vec<Result<(), StoreError>> {
        let prepare = |message: &Message| Ok(message.clone());
        publish_in_waves(messages, prepare, |wave| async move { self.bus.publish(&wave).await })
            .await
    }

    async fn settle(
        &self,
        claims: &[LaneClaim],
        row: &OutboxRow,
        end: RowEnd,
    ) -> Result<(), StoreError> {
        let claim = claims.iter().find(|claim| claim.lane == row.lane);
        let Some(claim) = claim else { return Ok(()) };
        self.store.settle(claim, &[(row.position, end)]).await
    }
}
