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

use crate::line::{Line, Weather};
use crate::scene::Scene;
use crate::verdict::Verdict;

/// How many users are read: as many as the service gives at once.
const USERS: usize = 200;
/// What a round trip takes where it takes anything.
const ROUND_TRIP: Duration = Duration::from_millis(1);
/// How many round trips all of them at once may take, over any line.
const TRIPS_MAX: usize = 4;
/// The same to the store, over a line on which the service's own workers talk meanwhile.
const STORE_TRIPS_MAX: usize = 20;
/// Of batches the best counts, of so many.
const ROUNDS: usize = 3;

type Grpc = UsersClient<Client<HttpConnector, tonic::body::Body>>;

/// What it takes to read them: time, and how often something is sent over the line.
#[derive(Debug, Clone, Copy)]
struct Read {
    time: Duration,
    trips: usize,
}

/// One by one, and at once.
#[derive(Debug, Clone, Copy)]
struct Both {
    singly: Read,
    at_once: Read,
}

impl Both {
    fn ratio(self) -> f64 {
        self.singly.time.as_secs_f64() / self.at_once.time.as_secs_f64()
    }

    fn told(self, how: &str) -> String {
        let [singly, at_once] = [self.singly, self.at_once]
            .map(|it| format!("{:>9.1} ms{:>6}", it.time.as_secs_f64() * 1e3, it.trips));
        format!("{how:<44}{singly}{at_once}{:>8.1} x", self.ratio())
    }
}

pub(crate) async fn run(scene: &mut Scene<'_>) -> Result<Verdict, Failed> {
    scene.moved().await?;
    // What it tells of each request would be measured, too.
    scene.crew.replace(USER_SERVICE, &[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]).await?;
    let mut verdict = Verdict::default();
    let (head, lines) = (format!("{USERS} users: time, and trips over the line"), &scene.lines);
    verdict.see(format!("{head:<44}{:>18}{:>18}", "one by one", "at once"));
    let mut slow = Vec::new();
    for (weather, how) in [(Weather::Fair, "on loopback"), (Weather::Slow(ROUND_TRIP), "1 ms away")]
    {
        lines.caller.turn(weather);
        lines.grpc.turn(weather);
        let (http, grpc) = (over_http(scene, &lines.caller).await?, over_grpc(scene).await?);
        verdict.see(http.told(&format!("over HTTP, {how}")));
        verdict.see(grpc.told(&format!("over gRPC, {how}")));
        slow = vec![("HTTP", http), ("gRPC", grpc)];
    }
    lines.caller.turn(Weather::Fair);
    lines.grpc.turn(Weather::Fair);
    lines.database.turn(Weather::Slow(ROUND_TRIP));
    let behind = over_http(scene, &lines.database).await?;
    lines.database.turn(Weather::Fair);
    verdict.see(behind.told("over HTTP, on loopback, the store 1 ms away"));
    for (name, both) in &slow {
        let (singly, at_once) = (both.singly, both.at_once);
        let budget = format!("{USERS} users over {name} in {TRIPS_MAX} trips: {at_once:?}");
        verdict.expect(at_once.trips <= TRIPS_MAX && at_once.time < singly.time, budget);
        let is_caught = singly.trips > TRIPS_MAX && singly.time > ROUND_TRIP * 200;
        verdict.expect_caught(is_caught, format!("one by one over {name}: {singly:?}"));
    }
    let (singly, at_once) = (behind.singly, behind.at_once);
    let budget =
        format!("{USERS} users of a store 1 ms away in {STORE_TRIPS_MAX} trips: {at_once:?}");
    verdict.expect(at_once.trips <= STORE_TRIPS_MAX && at_once.time < singly.time, budget);
    let is_caught = singly.trips > STORE_TRIPS_MAX;
    verdict.expect_caught(is_caught, format!("one by one of a store 1 ms away: {singly:?}"));
    let told = |(name, it): &(&str, Both)| {
        let (singly, at_once) = (it.singly.trips, it.at_once.trips);
        format!("{:.0} x faster over {name} ({at_once} trips for {singly})", it.ratio())
    };
    let told = slow.iter().map(told).collect::<Vec<_>>().join(", ");
    Ok(verdict.measured(format!(
        "{USERS} users 1 ms away, at once and not one by one: {told}; a store 1 ms away: {} trips for {}",
        at_once.trips, singly.trips
    )))
}

/// How often something was sent over a line meanwhile, and how long it took.
struct Watch<'a> {
    line: &'a Line,
    trips: usize,
    began: Instant,
}

impl<'a> Watch<'a> {
    fn of(line: &'a Line) -> Self {
        Self { line, trips: line.trips(), began: Instant::now() }
    }

    fn read(&self) -> Read {
        Read { time: self.began.elapsed(), trips: self.line.trips() - self.trips }
    }
}

fn ids() -> impl Iterator<Item = String> {
    (0..USERS).map(|number| format!("user-{number:05}"))
}

async fn over_http(scene: &Scene<'_>, line: &Line) -> Result<Both, Failed> {
    let base = format!("{}/users", http(scene.lines.caller.port()));
    let mut users = Vec::with_capacity(USERS);
    let watch = Watch::of(line);
    for id in ids() {
        let answer = scene.web.get(&format!("{base}/{id}")).await;
        users.push(answer.json::<User>().ok_or_else(|| format!("{id}: {:?}", answer.status))?);
    }
    let singly = watch.read();
    let url = format!("{base}?ids={}", ids().collect::<Vec<_>>().join(","));
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let watch = Watch::of(line);
        let answer = scene.web.get(&url).await;
        rounds.push(watch.read());
        if answer.json::<Vec<User>>().as_ref() != Some(&users) {
            return Err(format!("at once others are read: {:?}", answer.status).into());
        }
    }
    Ok(Both { singly, at_once: best(rounds) })
}

async fn over_grpc(scene: &Scene<'_>) -> Result<Both, Failed> {
    let line = &scene.lines.grpc;
    let origin: Uri = http(line.port()).parse()?;
    let mut connector = HttpConnector::new();
    // A request is two frames: the second would wait for the first to be acknowledged, which takes 40 ms.
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build(connector);
    let mut service: Grpc = UsersClient::with_origin(client, origin);
    let mut users = Vec::with_capacity(USERS);
    let watch = Watch::of(line);
    for id in ids() {
        users.push(service.get(GetRequest { id }).await?.into_inner());
    }
    let singly = watch.read();
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let watch = Watch::of(line);
        let listed = service.list(ListRequest { ids: ids().collect() }).await?.into_inner();
        rounds.push(watch.read());
        if listed.users != users {
            return Err("at once others are read".into());
        }
    }
    Ok(Both { singly, at_once: best(rounds) })
}

fn best(mut rounds: Vec<Read>) -> Read {
    rounds.sort_unstable_by_key(|it| it.time);
    rounds[0]
}
