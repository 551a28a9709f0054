//! A gateway in front of a monolith and a new service, all three of axum, in one process.
//!
//! ```console
//! $ cargo run --release --example gateway
//! ```
//!
//! A thousand users move to the new service; a tester goes ahead of them; the monolith stands in; answers are
//! compared, and joined; and orders are made on both sides, though a gateway dies: another one reads in its files what
//! is left to do. What must be so is checked, and this ends with an error if it is not.

#![expect(clippy::print_stdout, reason = "it tells a story")]

mod caller;
mod front;
mod scratch;
mod services;
mod story;
mod table;

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::gateway::{Mirror, ResponseFields};
use strangler_fig::resilience::Bulkhead;
use strangler_fig::route::{RouteTable, TableHandle};

use self::caller::Caller;
use self::front::{Front, Setup, client};
use self::scratch::Scratch;
use self::services::Shop;
use self::story::{Chapter, Story};
use self::table::Reads;

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let (legacy, modern) = (Shop::new(false), Shop::new(true));
    let queue = Bulkhead::new("mirror", 16.try_into()?).with_queue(1_000, Duration::from_secs(10));
    let mirror = Mirror::new(Arc::new(ResponseFields::default())).with_bulkhead(queue);
    let requests = Scratch::new()?;
    let setup = Setup {
        legacy: legacy.serve().await?,
        modern: modern.serve().await?,
        tables: TableHandle::new(RouteTable::from_document(&Reads::default().document())?),
        // Callers are quicker than comparisons, each of which is to be seen.
        mirror: mirror.with_kept_max(1_000.try_into()?),
        requests: requests.path.clone(),
    };
    let (gateway, _) = setup.gateway("gateway-0")?;
    let gateway = Arc::new(gateway);
    let front = Front::start(Arc::clone(&gateway))?;
    let caller = Caller { client: client(), at: front.address };
    let story = Story { legacy, modern, setup, gateway, caller };

    let mut broken = told("A thousand users move", &story.ramp().await?);
    broken += told("A tester goes ahead", &story.overrides().await?);
    broken += told("The monolith stands in", &story.net().await?);
    broken += told("Answers are compared", &story.mirror().await?);
    broken += told("Two answers are joined", &story.page().await?);
    broken += told("Orders are made on both sides", &story.dual().await?);
    if broken > 0 {
        return Err(format!("{broken} facts are not so").into());
    }
    Ok(())
}

/// Tells a chapter, and how many of its facts are not so.
fn told(title: &str, chapter: &Chapter) -> usize {
    println!("{title}\n");
    for line in &chapter.lines {
        println!("    {line}");
    }
    println!();
    for (holds, fact) in &chapter.facts {
        println!("{}  {fact}", if *holds { "yes" } else { "NO " });
    }
    println!();
    chapter.facts.iter().filter(|(holds, _)| !holds).count()
}
