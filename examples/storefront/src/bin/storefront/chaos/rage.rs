use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use fastrand::Rng;
use storefront::Failed;
use storefront::stage::{Crew, OwnServers, Rooms};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::blows::Blows;
use super::deed::{Deed, Stroke};
use super::strokes::Strokes;

/// What was done.
#[derive(Debug, Default)]
pub(crate) struct Count {
    kills: AtomicUsize,
    stops: AtomicUsize,
    cuts: AtomicUsize,
    servers_killed: AtomicUsize,
    servers_stopped: AtomicUsize,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [kills, stops, cuts] = [&self.kills, &self.stops, &self.cuts].map(read);
        let [killed, stopped] = [&self.servers_killed, &self.servers_stopped].map(read);
        write!(f, "{kills} processes killed, {stops} stopped, {cuts} databases cut off; ")?;
        write!(f, "{killed} servers killed, {stopped} stopped")
    }
}

fn read(count: &AtomicUsize) -> usize {
    count.load(Ordering::Relaxed)
}

fn add(count: &AtomicUsize) {
    count.fetch_add(1, Ordering::Relaxed);
}

/// Strikes with three hands, two at processes and one at servers, until it is over. Whoever was struck is up again then.
pub(crate) async fn rage(
    mut rng: Rng,
    crew: &Crew,
    rooms: &Rooms,
    own: &OwnServers,
    count: &Count,
    over: &watch::Receiver<bool>,
) -> Result<(), Failed> {
    let mut strokes = || Strokes::new(rng.fork(), crew.size());
    let (left, right) = (strokes(), strokes());
    let blows = Blows::new(rng, OwnServers::COUNT);
    let at_processes = async |stroke| strike(stroke, crew, rooms, own, count).await;
    let at_servers = async |stroke| strike_server(stroke, own, count).await;
    tokio::try_join!(
        until_over(left, over.clone(), at_processes),
        until_over(right, over.clone(), at_processes),
        until_over(blows, over.clone(), at_servers),
    )?;
    Ok(())
}

async fn until_over(
    strokes: impl Iterator<Item = Stroke>,
    mut over: watch::Receiver<bool>,
    strike: impl AsyncFn(Stroke) -> Result<(), Failed>,
) -> Result<(), Failed> {
    for stroke in strokes {
        if timeout(stroke.after, over.wait_for(|over| *over)).await.is_ok() {
            break;
        }
        strike(stroke).await?;
    }
    Ok(())
}

async fn strike(
    stroke: Stroke,
    crew: &Crew,
    rooms: &Rooms,
    own: &OwnServers,
    count: &Count,
) -> Result<(), Failed> {
    match stroke.deed {
        Deed::Kill(down) => {
            let mut victim = crew.member(stroke.victim).await;
            println!("    {} is killed", victim.name());
            victim.kill(down).await?;
            add(&count.kills);
        }
        Deed::Stop(length) => {
            let mut victim = crew.member(stroke.victim).await;
            println!("    {} stands still for {length:.1?}", victim.name());
            victim.pause(length).await?;
            add(&count.stops);
        }
        Deed::Cut => {
            // Who is down cannot be asked to.
            let _up = own.databases().await;
            println!("    the database {} ends its sessions", rooms.cut(stroke.victim).await?);
            add(&count.cuts);
        }
    }
    Ok(())
}

async fn strike_server(blow: Stroke, own: &OwnServers, count: &Count) -> Result<(), Failed> {
    let mut server = own.server(blow.victim).await;
    match blow.deed {
        Deed::Kill(down) => {
            println!("    {} is killed, for {down:.1?}", server.product());
            server.kill();
            sleep(down).await;
            server.restart().await?;
            add(&count.servers_killed);
        }
        Deed::Stop(length) => {
            println!("    {} stands still for {length:.1?}", server.product());
            server.stop();
            sleep(length).await;
            server.go_on();
            server.ready().await?;
            add(&count.servers_stopped);
        }
        Deed::Cut => {}
    }
    Ok(())
}
