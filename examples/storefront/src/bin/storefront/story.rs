//! From the first request to the judgement.

use std::time::{Duration, Instant};

use fastrand::Rng;
use storefront::Failed;
use storefront::stage::{
    Crew, Doors, GATEWAY, House, Operator, Part, USERS, Web, cast, free_ports, load,
};
use tokio::sync::watch;

use crate::chaos;
use crate::ending;
use crate::judge::Seen;
use crate::migration::{Migration, stages};
use crate::options::Options;
use crate::table::Table;
use crate::tally::Tally;
use crate::traffic::People;

/// What takes longer beside the shopping is stuck, however busy the machine.
const BESIDE_MAX: Duration = Duration::from_mins(5);

/// Tells it; answers whether all is well.
pub(crate) async fn tell(options: &Options) -> Result<bool, Failed> {
    House::staged(options.is_chaotic, async |house| play(options, house).await).await
}

async fn play(options: &Options, house: &House) -> Result<bool, Failed> {
    let House { rooms, programs, logs, .. } = house;
    let began = Instant::now();
    println!("-- {}: a database and a login for each service", rooms.run());
    let doors = Doors::tried(rooms).await?;
    if !doors.open.is_empty() {
        return Err(doors.open.join(", ").into());
    }
    println!("    {} doors tried with others' keys: all of them closed", doors.closed);
    load(&rooms.shop()).await?;
    println!("    the monolith holds {USERS} users");
    let mut rng = Rng::with_seed(options.seed);
    let hand = options.is_chaotic.then(|| rng.fork());
    let operator = Operator::new(programs, rooms, hand);
    operator.operate(&["create"], "users leave the monolith").await?;
    operator.migrate(&["copy", "--dry-run"]).await?;

    let parts = cast(rooms, programs, logs, free_ports()?);
    let urls: Vec<_> = parts.iter().map(Part::url).collect();
    let (web, tally) = (Web::default(), Tally::default());
    let crew = Crew::start(parts, web.clone()).await?;
    println!("    {} services are ready after {:.1?}", crew.size(), began.elapsed());
    if let Some(own) = &house.own {
        own.keep_queues(rooms.run()).await?;
    }
    let stock = ending::pieces(&rooms.shop()).await?;
    let people = People::new(web.clone(), urls[GATEWAY].clone(), tally.clone());

    let migration =
        Migration { operator: &operator, crew: &crew, tally: &tally, shopping: options.shopping };
    shop(house, &migration, &people, &mut rng).await?;

    for number in 0..crew.size() {
        crew.ready(number).await?;
    }
    let (calls, stages) = (tally.calls(), stages());
    let table = Table { calls: &calls, stages: &stages }.to_string();
    let seen = Seen { calls, stages, is_chaotic: options.is_chaotic };
    let evidence = ending::evidence(&web, &urls, &people, rooms, stock, seen).await?;
    let killed = crew.end().await?;
    let evidence = match options.plant {
        Some(plant) => evidence.spoilt_by(plant)?,
        None => evidence,
    };
    let judgement = evidence.judge();
    println!("\n{table}\n{judgement}");
    let took = began.elapsed();
    println!("it took {took:.1?}");
    // Where nobody strikes, nobody falls.
    let is_steady = options.is_chaotic || (crew.fallen() == 0 && killed.is_empty());
    if !is_steady {
        println!("{} processes fell, and {killed:?} did not end when asked to", crew.fallen());
    }
    let is_quick = took <= options.shopping + BESIDE_MAX;
    if !is_quick {
        println!("that is more than {BESIDE_MAX:?} beside the shopping");
    }
    Ok(judgement.is_clean() && is_steady && is_quick)
}

/// People come, users move, and where servers are the run's own, chaos reigns.
async fn shop(
    house: &House,
    migration: &Migration<'_>,
    people: &People,
    rng: &mut Rng,
) -> Result<(), Failed> {
    let (shut, over) = watch::channel(false);
    let mut shoppers = people.come(rng, &over);
    let crew = migration.crew;
    let count = chaos::Count::default();
    let chaos = async {
        match &house.own {
            Some(own) => chaos::rage(rng.fork(), crew, &house.rooms, own, &count, &over).await,
            None => Ok(()),
        }
    };
    let moved = async {
        let moved = migration.run().await;
        shut.send_replace(true);
        moved
    };
    // Whatever fails first ends it: nobody waits for the others.
    tokio::try_join!(moved, chaos, crew.keep(over.clone()))?;
    while shoppers.join_next().await.is_some() {}
    if house.own.is_some() {
        println!("-- {count}");
    }
    Ok(())
}
