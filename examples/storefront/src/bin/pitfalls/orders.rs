use std::time::{Duration, Instant};

use axum::http::{Method, Request};
use storefront::Failed;
use storefront::orders::Order;
use storefront::stage::{Answer, GATEWAY};
use tokio::time::sleep;
use tokio_postgres::NoTls;

use crate::scene::Scene;

const LOOK: Duration = Duration::from_millis(20);
const CONFIRMED: &str =
    "SELECT count(*) FROM customer_order WHERE status = 'confirmed' AND starts_with(id, $1)";
const SENT: &str =
    "SELECT count(*) FROM reservation WHERE parcels > 0 AND starts_with(customer_order, $1)";

/// An order that can be had, and paid.
pub(crate) fn order(id: String) -> Order {
    Order {
        order: id,
        user: "user-00001".to_owned(),
        product: "p-5".to_owned(),
        pieces: 1,
        cents: 100,
        card: "4242".to_owned(),
    }
}

/// Orders something of whoever takes orders at `url`, in the trace of this `traceparent`.
pub(crate) async fn place(
    scene: &Scene<'_>,
    url: &str,
    order: &Order,
    traceparent: &str,
) -> Result<Answer, Failed> {
    let request = Request::builder().method(Method::POST).uri(format!("{url}/orders"));
    let request = request.header("content-type", "application/json");
    let request = request.header("traceparent", traceparent);
    let body = serde_json::to_vec(order)?;
    Ok(scene.web.send(request.body(body.into())?).await)
}

/// The same, of the gateway.
pub(crate) async fn place_at_gateway(
    scene: &Scene<'_>,
    order: &Order,
    traceparent: &str,
) -> Result<Answer, Failed> {
    place(scene, &scene.urls[GATEWAY], order, traceparent).await
}

/// Waits until so many orders of this prefix are confirmed, and on their way; answers how many are, after `within` at most.
/// It asks the stores, not the services, which would tell of it.
pub(crate) async fn sent(
    scene: &Scene<'_>,
    prefix: &str,
    count: usize,
    within: Duration,
) -> Result<usize, Failed> {
    let by = Instant::now() + within;
    let count = i64::try_from(count)?;
    loop {
        let confirmed = counted(&scene.rooms.postgres("orders"), CONFIRMED, prefix).await?;
        let sent = counted(&scene.rooms.postgres("inventory"), SENT, prefix).await?;
        let both = confirmed.min(sent);
        if both >= count || Instant::now() > by {
            return Ok(usize::try_from(both)?);
        }
        sleep(LOOK).await;
    }
}

async fn counted(url: &str, sql: &str, prefix: &str) -> Result<i64, Failed> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client.query_one(sql, &[&prefix]).await?.get(0))
}
