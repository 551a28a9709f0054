use std::sync::Arc;

use adapters::postgres::{
    CUSTOMER_SCHEMA, PostgresDatabase, PostgresRepairQueue, PostgresRepository, REPAIR_QUEUE_SCHEMA,
};
use axum::Router;
use contracts::Agreement;
use serde_json::{Value, from_value};
use storefront::Failed;
use storefront::chassis::made;
use storefront::users::{Draft, RemoteUsers, remote, service};
use strangler_fig::async_trait;
use strangler_fig::reconcile::{RepairNote, RepairQueue};
use strangler_fig::repository::MigrationRepository;

use super::room::Room;
use super::stores;
use super::verify::{Stage, assert_untracked, complaints, served};
use crate::migration;

const TABLES: [(&str, &str); 2] =
    [("customer", CUSTOMER_SCHEMA), ("repair_entry", REPAIR_QUEUE_SCHEMA)];
/// Nobody is there: the monolith answers for users no more.
const NOWHERE: &str = "http://127.0.0.1:1";

/// The user service on PostgreSQL, when all users have moved, and what it stands on.
struct UserService {
    users: MigrationRepository<RemoteUsers, PostgresRepository>,
    store: Arc<PostgresRepository>,
    queue: Arc<PostgresRepairQueue>,
}

impl UserService {
    async fn open(room: &Room) -> Self {
        made(&room.url(), &TABLES).await.unwrap();
        let database = PostgresDatabase::new(&room.url()).unwrap();
        let store = PostgresRepository::new(database.clone());
        let queue = Arc::new(PostgresRepairQueue::new(database));
        let (legacy, tracker) = (remote(NOWHERE).unwrap(), migration::over());
        let users = MigrationRepository::new(legacy, store.clone(), tracker).unwrap();
        Self { users, store: Arc::new(store), queue }
    }

    fn routes(&self) -> Router {
        service(self.users.clone(), self.store.clone(), self.queue.clone())
    }
}

/// What the user service does not keep of an agreement, with `changed` routes.
pub(crate) async fn of_users(
    agreement: Agreement,
    changed: impl FnOnce(Router) -> Router,
) -> Vec<String> {
    assert_untracked();
    let room = Room::new().await;
    let users = UserService::open(&room).await;
    let address = served(changed(users.routes())).await;
    let said = complaints(agreement, address, Arc::new(users)).await;
    room.remove().await;
    said
}

#[async_trait]
impl Stage for UserService {
    async fn set(&self, state: &str, mut params: Value) -> Result<(), Failed> {
        let mut param = |name: &str| params[name].take();
        match state {
            "there is a user" => {
                let (id, draft): (_, Draft) =
                    (from_value(param("id"))?, from_value(param("draft"))?);
                self.users.save(draft.of(id)).await?;
            }
            "there is no such user" => {
                let id: String = from_value(param("id"))?;
                self.users.delete(&id.into_bytes()).await?;
            }
            "a repair waits" => {
                let note: RepairNote = from_value(params)?;
                self.queue.note(&[note]).await?;
            }
            other => stores::set(&*self.store, other, params).await?,
        }
        Ok(())
    }
}
