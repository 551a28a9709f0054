//! Chatty services: a request for each record, where one for all of them would do. What one round trip costs is paid as often.

use std::time::{Duration, Instant};

use axum::http::Uri;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use storefront::Failed;
use storefront::stage::{USER_SERVICE, http};
use storefront::users::User;
use storefront::users::v1::users_client::UsersClient;
use storefront::users::v1::{GetRequest, ListRequest};

use crate::line::Weather;
use crate::scene::Scene;
use crate::verdict::Verdict;

/// How many users are read: as many as the service gives at once.
const USERS: usize = 200;
/// What a round trip takes where it takes anything.
const ROUND_TRIP: Duration = Duration::from_millis(1);
/// How long a page with all of them may take: as long as so many round trips, which one by one cannot be had.
const PAGE: Duration = Duration::from_millis(200);
/// Of batches the best counts, of so many.
const ROUNDS: usize = 3;

type Grpc = UsersClient<Client<HttpConnector, tonic::body::Body>>;

/// How long it takes to read them.
#[derive(Debug, Clone, Copy)]
struct Read {
    singly: Duration,
    at_once: Duration,
}

impl Read {
    fn ratio(self) -> f64 {
        self.singly.as_secs_f64() / self.at_once.as_secs_f64()
    }

    fn told(self, how: &str) -> String {
        let [singly, at_once] =
            [self.singly, self.at_once].map(|it| format!("{:.1} ms", it.as_secs_f64() * 1e3));
        format!("{how:<44}{singly:>12}{at_once:>12}{:>8.1} x", self.ratio())
    }
}

pub(crate) async fn run(scene: &mut Scene<'_>) -> Result<Verdict, Failed> {
    scene.live().await?;
    // What it tells of each request would be measured, too.
    scene.crew.replace(USER_SERVICE, &[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]).await?;
    let mut verdict = Verdict::default();
    verdict.see(format!("{:<44}{:>12}{:>12}", format!("{USERS} users"), "one by one", "at once"));
    let mut slow = Vec::new();
    for (weather, how) in [(Weather::Fair, "on loopback"), (Weather::Slow(ROUND_TRIP), "1 ms away")]
    {
        scene.lines.caller.turn(weather);
        scene.lines.grpc.turn(weather);
        let (http, grpc) = (over_http(scene).await?, over_grpc(scene).await?);
        verdict.see(http.told(&format!("over HTTP, {how}")));
        verdict.see(grpc.told(&format!("over gRPC, {how}")));
        slow = vec![("HTTP", http), ("gRPC", grpc)];
    }
    for line in [&scene.lines.caller, &scene.lines.grpc] {
        line.turn(Weather::Fair);
    }
    scene.lines.database.turn(Weather::Slow(ROUND_TRIP));
    let behind = over_http(scene).await?;
    scene.lines.database.turn(Weather::Fair);
    verdict.see(behind.told("over HTTP, on loopback, the store 1 ms away"));
    for (name, read) in &slow {
        verdict.expect(read.at_once < PAGE, format!("{USERS} at once over {name} within {PAGE:?}"));
        verdict.expect_caught(read.singly > PAGE, format!("one by one over {name}"));
    }
    let ratios = slow.iter().map(|(name, it)| format!("{:.0} x over {name}", it.ratio()));
    let ratios = ratios.collect::<Vec<_>>().join(", ");
    Ok(verdict
        .measured(format!("{USERS} users 1 ms away: at once is {ratios} faster than one by one")))
}

fn ids() -> impl Iterator<Item = String> {
    (0..USERS).map(|number| format!("user-{number:05}"))
}

async fn over_http(scene: &Scene<'_>) -> Result<Read, Failed> {
    let base = format!("{}/users", http(scene.lines.caller.port()));
    let mut users = Vec::with_capacity(USERS);
    let began = Instant::now();
    for id in ids() {
        let answer = scene.web.get(&format!("{base}/{id}")).await;
        users.push(answer.json::<User>().ok_or_else(|| format!("{id}: {:?}", answer.status))?);
    }
    let singly = began.elapsed();
    let url = format!("{base}?ids={}", ids().collect::<Vec<_>>().join(","));
    let mut at_once = Duration::MAX;
    for _ in 0..ROUNDS {
        let answer = scene.web.get(&url).await;
        if answer.json::<Vec<User>>().as_ref() != Some(&users) {
            return Err(format!("at once others are read: {:?}", answer.status).into());
        }
        at_once = at_once.min(answer.waited);
    }
    Ok(Read { singly, at_once })
}

async fn over_grpc(scene: &Scene<'_>) -> Result<Read, Failed> {
    let origin: Uri = http(scene.lines.grpc.port()).parse()?;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let mut service: Grpc = UsersClient::with_origin(client, origin);
    let mut users = Vec::with_capacity(USERS);
    let began = Instant::now();
    for id in ids() {
        users.push(service.get(GetRequest { id }).await?.into_inner());
    }
    let singly = began.elapsed();
    let mut at_once = Duration::MAX;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let listed = service.list(ListRequest { ids: ids().collect() }).await?.into_inner();
        at_once = at_once.min(began.elapsed());
        if listed.users != users {
            return Err("at once others are read".into());
        }
    }
    Ok(Read { singly, at_once })
}
