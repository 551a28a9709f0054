use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use fastrand::Rng;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::ending::Ending;
use crate::link::Weather;
use crate::options::Options;
use crate::plan::{LEGS, Leg};
use crate::report::Report;
use crate::stage::{Setting, Stage};
use crate::tormentor::Tormentor;
use crate::{Outcome, chain};

/// The node that polls least often goes on with what it knows for so long.
const POLL_INTERVAL_MAX: Duration = Duration::from_millis(300);
const POLL_INTERVAL_MIN: Duration = Duration::from_millis(20);
/// How long a node answers without the state service, with `--fenced`.
const TERM: Duration = Duration::from_millis(800);

/// Starts a fleet of processes running `program` on the server at `url`, moves it
/// under load and torment, and judges what its callers saw.
///
/// # Errors
///
/// In one line. Nothing is left behind: no process, no schema.
pub async fn direct(options: &Options, url: &str, program: PathBuf) -> Outcome<Ending> {
    let (say, heard) = unbounded_channel();
    let setting = Setting {
        url: url.to_owned(),
        program,
        poll_intervals: poll_intervals(options.nodes),
        term: options.fenced.then_some(TERM),
        seed: options.seed,
        tell: say,
    };
    let mut stage = Stage::open(&setting).await?;
    let ending = tokio::select! {
        ending = migrate(&stage, options, heard) => ending,
        () = interrupted() => Err("interrupted".into()),
    };
    let is_bad = ending.as_ref().is_ok_and(|ending| !ending.is_clean());
    let kept = is_bad.then(|| stage.keep_journals());
    let closed = stage.close().await;
    if let Some(kept) = kept {
        tell(&format!("\nthe journals are in {}", kept.display()));
    }
    let ending = ending?;
    closed.map(|()| ending)
}

/// Resolves when somebody wants the run to end.
async fn interrupted() {
    let Ok(mut end) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = end.recv() => {}
    }
}

/// The nodes disagree after each move, for different times.
fn poll_intervals(nodes: u32) -> Vec<Duration> {
    let part = |number| f64::from(number) / f64::from(nodes);
    let interval = |number| POLL_INTERVAL_MAX.mul_f64(part(number) * part(number));
    (1..=nodes).map(|number| interval(number).max(POLL_INTERVAL_MIN)).collect()
}

async fn migrate(
    stage: &Stage,
    options: &Options,
    heard: UnboundedReceiver<String>,
) -> Outcome<Ending> {
    let (report, mut rng) = (Report::new(), Rng::with_seed(options.seed));
    let say = |line: &str| report.tell(line, stage.crew.journals());
    let tormentor = Tormentor::new(stage, options.duration, &say);
    let (end, over) = watch::channel(false);
    let mut torment = rng.fork();
    let walked = async {
        let walked = walk(stage, options.duration, &tormentor, &mut rng, &say).await;
        end.send_replace(true);
        walked
    };
    tokio::try_join!(walked, tormentor.run(&mut torment, &over), hear(heard, &over, &say))?;

    stage.link.turn(Weather::Fair);
    say("the fleet finishes");
    let ending = stage.judge().await?;
    tell(&format!("\n{tormentor}\n{ending}"));
    Ok(ending)
}

/// What the director's own operator says.
async fn hear(
    mut heard: UnboundedReceiver<String>,
    over: &watch::Receiver<bool>,
    say: &(dyn Fn(&str) + Sync),
) -> Outcome {
    let mut over = over.clone();
    loop {
        tokio::select! {
            line = heard.recv() => match line {
                Some(line) => say(&format!("  {line}")),
                None => return Ok(()),
            },
            _ = over.wait_for(|over| *over) => return Ok(()),
        }
    }
}

/// Every leg of the way, in time.
async fn walk(
    stage: &Stage,
    duration: Duration,
    tormentor: &Tormentor<'_>,
    rng: &mut Rng,
    say: &(dyn Fn(&str) + Sync),
) -> Outcome {
    let began = Instant::now();
    for leg in LEGS {
        let stuck =
            |error: Box<dyn Error + Send + Sync>| format!("{}: {}", leg.name, chain(&*error));
        reach(stage, leg, tormentor, rng).await.map_err(stuck)?;
        say(leg.name);
        // For a moment at least.
        let until = began + duration * leg.until / 100;
        sleep_until(until.max(Instant::now() + duration / 50)).await;
    }
    Ok(())
}

/// The director's operator goes there, or others in processes of their own, or both
/// at once.
async fn reach(stage: &Stage, leg: Leg, tormentor: &Tormentor<'_>, rng: &mut Rng) -> Outcome {
    let own = stage.desk.operator.reach(leg.goal);
    match rng.u8(..3) {
        0 => own.await,
        1 => tormentor.operate(leg.goal, rng).await,
        _ => tokio::try_join!(own, tormentor.operate(leg.goal, rng)).map(drop),
    }
}

#[expect(clippy::print_stdout, reason = "a command")]
fn tell(text: &str) {
    println!("{text}");
}
