//! The storefront as it is shown: its processes, with lines between them that can be parted, and a collector for their traces.

use std::path::Path;
use std::time::{Duration, Instant};

use fastrand::Rng;
use observability::Collector;
use storefront::Failed;
use storefront::stage::{
    Crew, GATEWAY, House, INVENTORY, MONOLITH, ORDERS, Operator, PAYMENT, Part, Rooms,
    USER_SERVICE, Web, cast, free_ports, http, load,
};
use tokio::time::sleep;

use crate::chained;
use crate::hop::Hop;
use crate::line::{Line, address, through};
use crate::options::SERVE;
use crate::spans::{Story, is_work};

/// The naive service, behind the cast.
pub(crate) const CHAINED: usize = 6;
/// How often spans are sent, in milliseconds.
const EXPORTED: &str = "100";
/// How long spans may take to the collector, and how long to wait for those that nobody expects.
const TOLD: Duration = Duration::from_secs(10);
const QUIET: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(50);

/// Processes, lines, collector.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) rooms: &'a Rooms,
    pub(crate) crew: Crew,
    pub(crate) web: Web,
    pub(crate) operator: Operator,
    pub(crate) rng: Rng,
    pub(crate) urls: Vec<String>,
    pub(crate) lines: Lines,
    collector: Collector,
    is_moved: bool,
}

/// What can be parted, or be slow.
#[derive(Debug)]
pub(crate) struct Lines {
    /// From the gateway to the user service.
    pub(crate) users: Line,
    /// From the user service to the monolith.
    pub(crate) monolith: Line,
    /// From the order service to the broker.
    pub(crate) bus: Line,
    /// From callers here to the user service, and to its gRPC.
    pub(crate) caller: Line,
    pub(crate) grpc: Line,
    /// From the user service to its database.
    pub(crate) database: Line,
    /// From the gateway to the order service.
    pub(crate) orders: Hop,
}

impl<'a> Scene<'a> {
    /// Starts everybody.
    pub(crate) async fn open(house: &'a House, seed: u64) -> Result<Self, Failed> {
        let House { rooms, programs, logs, .. } = house;
        load(&rooms.shop()).await?;
        let operator = Operator::new(programs, rooms, None).quiet();
        operator.operate(&["create"], "users leave the monolith").await?;
        let (collector, traces) = Collector::listening().await?;
        let free = free_ports::<7>()?;
        let mut parts = cast(rooms, programs, logs, free);
        let urls: Vec<_> = parts.iter().map(Part::url).collect();
        let (orders, hop) = Hop::before(urls[ORDERS].clone()).await?;
        let lines = Lines {
            users: Line::to(address(&urls[USER_SERVICE])).await?,
            monolith: Line::to(address(&urls[MONOLITH])).await?,
            bus: Line::to(address(rooms.amqp())).await?,
            caller: Line::to(address(&urls[USER_SERVICE])).await?,
            grpc: Line::to(format!("127.0.0.1:{}", free[6])).await?,
            database: Line::to(address(&rooms.postgres("users"))).await?,
            orders,
        };
        let led = |url: &str, line| through(url, line);
        parts[GATEWAY].set("USER_SERVICE_URL", &led(&urls[USER_SERVICE], &lines.users));
        parts[GATEWAY].set("ORDER_SERVICE_URL", &hop);
        parts[USER_SERVICE].set("MONOLITH_URL", &led(&urls[MONOLITH], &lines.monolith));
        parts[USER_SERVICE].set("DATABASE_URL", &led(&rooms.postgres("users"), &lines.database));
        parts[ORDERS].set("AMQP_URL", &led(rooms.amqp(), &lines.bus));
        parts[MONOLITH].set("DIRECT_WRITES", "off");
        parts.push(naive(&parts, logs)?);
        for part in &mut parts {
            part.settings.push(("OTEL_EXPORTER_OTLP_ENDPOINT", traces.clone()));
            part.settings.push(("OTEL_BSP_SCHEDULE_DELAY", EXPORTED.to_owned()));
        }
        let urls = parts.iter().map(Part::url).collect();
        let (web, rng) = (Web::default(), Rng::with_seed(seed));
        let crew = Crew::start(parts, web.clone()).await?;
        Ok(Self { rooms, crew, web, operator, rng, urls, lines, collector, is_moved: false })
    }

    /// Moves the users until their service answers for them; the monolith may fall behind, and is kept up with.
    pub(crate) async fn moved(&mut self) -> Result<(), Failed> {
        if self.is_moved {
            return Ok(());
        }
        let began = Instant::now();
        let nodes = self.operator.serving().await?.to_string();
        self.operator.operate(&["expect", &nodes], "so many serve").await?;
        self.operator.advance("dual_write", "modern may follow").await?;
        self.operator.settled().await?;
        self.operator.migrate(&["copy"]).await?;
        self.operator.advance("shadow", "compare reads").await?;
        self.operator.level().await?;
        self.operator.advance("ramp_down", "modern answers, legacy may fall behind").await?;
        self.operator.settled().await?;
        self.is_moved = true;
        println!("    users are answered by their service, after {:.1?}", began.elapsed());
        Ok(())
    }

    /// A caller, as its `traceparent`. What was told before is forgotten, once it has been told.
    pub(crate) async fn caller(&mut self) -> String {
        let work = || self.collector.spans().iter().filter(|it| is_work(it)).count();
        let (by, mut known) = (Instant::now() + TOLD, usize::MAX);
        while known != work() && Instant::now() < by {
            known = work();
            sleep(QUIET).await;
        }
        self.collector.clear();
        format!("00-{:032x}-{:016x}-01", self.rng.u128(1..), self.rng.u64(1..))
    }

    /// What became of a caller's request, once all of these services have told of it, or long enough after.
    pub(crate) async fn story(&self, caller: &str, services: &[&str]) -> Story {
        let by = Instant::now() + TOLD;
        loop {
            let spans = self.collector.spans();
            let has_told = |name: &&str| spans.iter().any(|it| it.service == **name);
            if services.iter().all(has_told) || Instant::now() > by {
                break;
            }
            sleep(LOOK).await;
        }
        sleep(QUIET).await;
        Story::of(caller, self.collector.spans())
    }
}

/// The service that waits for all others: this program itself.
fn naive(parts: &[Part], logs: &Path) -> Result<Part, Failed> {
    let [port] = free_ports()?;
    Ok(Part {
        name: chained::NAME,
        program: std::env::current_exe()?,
        args: &[SERVE],
        settings: vec![
            ("LISTEN", address(&http(port))),
            ("INVENTORY_SERVICE_URL", parts[INVENTORY].url()),
            ("PAYMENT_SERVICE_URL", parts[PAYMENT].url()),
        ],
        port,
        log: logs.join("chained-orders.log"),
    })
}
