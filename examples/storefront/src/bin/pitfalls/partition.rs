//! A network that is parted: whoever waits without a deadline waits for ever, and what was written on one side only is lost,
//! unless somebody remembers it.

use std::time::{Duration, Instant};

use axum::http::Method;
use mysql_async::prelude::Queryable;
use serde_json::json;
use storefront::Failed;
use storefront::stage::{Answer, GATEWAY, http};
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;

use crate::dual_write;
use crate::kept::{self, Kept, Store, differing};
use crate::line::Weather;
use crate::orders::{order, place_at_gateway, sent};
use crate::scene::Scene;
use crate::verdict::Verdict;

/// How long the gateway is parted from the user service, by breaks and in silence.
const CUT: Duration = Duration::from_secs(1);
const SILENT: Duration = Duration::from_secs(4);
/// How long a read may take: the route's deadline, and what the monolith takes then.
const READ: Duration = Duration::from_millis(3_900);
/// How long user service and monolith are, and order service and broker.
const PARTED: Duration = Duration::from_secs(3);
/// How long a write may take at the gateway.
const WRITE: Duration = Duration::from_millis(5_500);
const END: Duration = Duration::from_secs(20);
const ORDERS: usize = 10;
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) async fn run(scene: &mut Scene<'_>) -> Result<Verdict, Failed> {
    scene.moved().await?;
    let mut verdict = Verdict::default();
    let longest = read(scene, &mut verdict).await?;
    let (acknowledged, missing) = write(scene, &mut verdict).await?;
    let naive = dual_write::naive(scene).await?;
    let (written, lost) = (naive.kept.len(), kept::missing(&naive.kept, &naive.stores));
    let differ = differing(&naive.stores[0], &naive.stores[1]);
    verdict.see(format!(
        "naive: {lost} of {written} dual writes are missing in a store; {differ} keys differ"
    ));
    verdict.expect_caught(lost > 0 && differ > 0, "a dual write that nobody repairs");
    Ok(verdict.measured(format!(
        "no read takes longer than {longest:.1?}, a client without deadline waits on; of {acknowledged} writes {missing} are missing in a store, of {written} naive ones {lost}"
    )))
}

/// What readers get while the gateway does not reach the user service; answers the longest wait.
async fn read(scene: &Scene<'_>, verdict: &mut Verdict) -> Result<Duration, Failed> {
    let mut longest = Duration::ZERO;
    for (weather, length) in [(Weather::Cut, CUT), (Weather::Silent, SILENT)] {
        scene.lines.users.turn(weather);
        let (seen, waits) = tokio::join!(reads(scene, length), waits_on(scene, length));
        scene.lines.users.turn(Weather::Fair);
        let answered = seen.iter().filter(|it| it.status == Some(200)).count();
        let most = seen.iter().map(|it| it.waited).max().unwrap_or_default();
        longest = longest.max(most);
        verdict.see(format!(
            "gateway | user service, {weather:?}: {answered} of {} reads answered, within {most:.1?}",
            seen.len()
        ));
        verdict.expect(!seen.is_empty() && answered == seen.len(), "the monolith answers instead");
        verdict.expect(most < READ, format!("no read hangs: {most:.1?}"));
        if weather == Weather::Silent {
            verdict.see(format!(
                "naive: a client without deadline still waits after {length:.1?}: {waits}"
            ));
            verdict.expect_caught(waits, "a client without deadline");
        }
    }
    Ok(longest)
}

async fn reads(scene: &Scene<'_>, length: Duration) -> Vec<Answer> {
    let by = Instant::now() + length;
    let reader = |number: usize| async move {
        let url = format!("{}/users/user-{number:05}", scene.urls[GATEWAY]);
        let mut seen = Vec::new();
        while Instant::now() < by {
            seen.push(scene.web.get(&url).await);
            sleep(PAUSE).await;
        }
        seen
    };
    let (a, b, c, d) = tokio::join!(reader(0), reader(1), reader(2), reader(3));
    [a, b, c, d].concat()
}

/// Whether somebody who asks the user service by the same line, and sets no deadline, has not come back by then.
async fn waits_on(scene: &Scene<'_>, length: Duration) -> bool {
    let url = format!("{}/users/user-00001", http(scene.lines.users.port()));
    timeout(length, scene.web.get_without_deadline(&url)).await.is_err()
}

/// Writes while the user service does not reach the monolith, and orders while the order service does not reach the broker.
/// Answers how many writes were acknowledged, and how many are missing in a store.
async fn write(scene: &Scene<'_>, verdict: &mut Verdict) -> Result<(i64, usize), Failed> {
    scene.lines.monolith.turn(Weather::Silent);
    scene.lines.bus.turn(Weather::Cut);
    let writer = |number: usize| writes(scene, number);
    let writers = async { tokio::join!(writer(0), writer(1), writer(2), writer(3)) };
    let (((a, b), (c, d)), orders) = tokio::join!(
        async {
            let (a, b, c, d) = writers.await;
            ((a, b), (c, d))
        },
        taken(scene)
    );
    scene.lines.monolith.turn(Weather::Fair);
    scene.lines.bus.turn(Weather::Fair);
    let (kept, waits): (Vec<_>, Vec<_>) = [a, b, c, d].into_iter().unzip();
    let most = waits.into_iter().max().unwrap_or_default();
    let acknowledged: i64 = kept.iter().map(|it| it.acknowledged).sum();
    verdict.see(format!(
        "user service | monolith, Silent: {acknowledged} writes acknowledged, within {most:.1?}"
    ));
    verdict.expect(acknowledged > 0, "modern takes writes alone");
    verdict.expect(most < WRITE, format!("no write hangs: {most:.1?}"));

    let orders = orders?;
    let began = Instant::now();
    let done = sent(scene, "parted-", ORDERS, END).await?;
    verdict.see(format!("order service | broker, Cut: {orders} of {ORDERS} orders taken; {done} done {:.1?} after it", began.elapsed()));
    verdict.expect(orders == ORDERS && done == ORDERS, "orders are taken, and wait in the outbox");

    let began = Instant::now();
    scene.operator.level().await?;
    let stores = [modern(scene).await?, legacy(scene).await?];
    let (missing, differ) = (kept::missing(&kept, &stores), differing(&stores[0], &stores[1]));
    verdict.see(format!(
        "both stores are level {:.1?} later, and {missing} of the last writes are missing",
        began.elapsed()
    ));
    verdict.expect(missing == 0 && differ == 0, format!("nothing is lost: {stores:?}"));
    Ok((acknowledged, missing))
}

async fn writes(scene: &Scene<'_>, number: usize) -> (Kept, Duration) {
    let mut kept = Kept { key: format!("parted-{number}"), ..Kept::default() };
    let (by, mut longest) = (Instant::now() + PARTED, Duration::ZERO);
    let url = format!("{}/users/{}", scene.urls[GATEWAY], kept.key);
    while Instant::now() < by {
        kept.asked += 1;
        let draft = json!({ "name": "Ada", "email": null, "visits": kept.asked });
        let answer = scene.web.ask(Method::PUT, &url, draft.to_string()).await;
        longest = longest.max(answer.waited);
        if answer.status == Some(204) {
            kept.acknowledged = kept.asked;
        }
        sleep(PAUSE).await;
    }
    (kept, longest)
}

/// How many orders are taken.
async fn taken(scene: &Scene<'_>) -> Result<usize, Failed> {
    let caller = "00-0000000000000000000000000000000e-000000000000000f-01";
    let mut taken = 0;
    for number in 0..ORDERS {
        let order = order(format!("parted-{number}"));
        let answer = place_at_gateway(scene, &order, caller).await?;
        taken += usize::from(answer.status == Some(202));
        sleep(PARTED / 20).await;
    }
    Ok(taken)
}

async fn modern(scene: &Scene<'_>) -> Result<Store, Failed> {
    let (client, connection) =
        tokio_postgres::connect(&scene.rooms.postgres("users"), NoTls).await?;
    tokio::spawn(connection);
    let sql = "SELECT convert_from(id, 'UTF8'), visits FROM customer
               WHERE starts_with(convert_from(id, 'UTF8'), 'parted-')";
    let rows = client.query(sql, &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn legacy(scene: &Scene<'_>) -> Result<Store, Failed> {
    let mut conn = mysql_async::Conn::from_url(scene.rooms.shop()).await?;
    let sql = "SELECT CAST(id AS CHAR), visits FROM customer WHERE id LIKE 'parted-%'";
    let rows: Vec<(String, i64)> = conn.query(sql).await?;
    conn.disconnect().await?;
    Ok(rows.into_iter().collect())
}
