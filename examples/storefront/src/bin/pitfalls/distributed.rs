//! A distributed monolith: services that wait for each other are one program with a network in it. A trace shows whom a request
//! waits for.

use std::time::Duration;

use storefront::Failed;
use storefront::stage::PAYMENT;
use tokio::time::sleep;

use crate::orders::{order, place, place_at_gateway, sent};
use crate::scene::{CHAINED, Scene};
use crate::spans::Story;
use crate::verdict::Verdict;

/// How long orders may take to their end.
const END: Duration = Duration::from_secs(15);
/// How long payments stand still, and are away.
const AWAY: Duration = Duration::from_secs(1);

pub(crate) async fn run(scene: &mut Scene<'_>) -> Result<Verdict, Failed> {
    let mut verdict = Verdict::default();
    let caller = scene.caller().await;
    place_at_gateway(scene, &order("coupled-0".to_owned()), &caller).await?;
    sent(scene, "coupled-", 1, END).await?;
    let services = ["gateway", "order-service", "inventory-service", "payment-service"];
    let story = scene.story(&caller, &services).await;
    verdict.see(format!("an order waits for {}", told(&story)));
    verdict.see(format!("and is worked at by {:?}", story.reached()));
    let waits = story.waited_for();
    let is_loose = waits.keys().eq(&["gateway", "order-service"]);
    verdict.expect(is_loose, format!("an order waits for one service: {waits:?}"));
    verdict.expect(services.iter().all(|it| story.reached().contains(it)), "all four work at it");
    let hops = waits.len();

    let caller = scene.caller().await;
    place(scene, &scene.urls[CHAINED], &order("chained-0".to_owned()), &caller).await?;
    let naive = ["chained-orders", "inventory-service", "payment-service"];
    let chained = scene.story(&caller, &naive).await;
    verdict.see(format!("naive: a chain of calls waits for {}", told(&chained)));
    let is_coupled = chained.waited_for().keys().eq(&naive);
    verdict.expect_caught(is_coupled, format!("the chain waits: {:?}", chained.waited_for()));
    let chain = chained.waited_for().len();

    let (ours, theirs) = with_slow_payments(scene, &mut verdict).await?;
    without_payments(scene, &mut verdict).await?;
    Ok(verdict.measured(format!(
        "an order waits for {hops} services, {ours:.0?} while payments stand still, and is taken while they are away; a chain waits for {chain}, {theirs:.1?}, and fails"
    )))
}

/// While payments stand still; answers what is waited for an order, and in a chain.
async fn with_slow_payments(
    scene: &Scene<'_>,
    verdict: &mut Verdict,
) -> Result<(Duration, Duration), Failed> {
    let caller = "00-0000000000000000000000000000000c-000000000000000d-01";
    let mut payments = scene.crew.member(PAYMENT).await;
    let (orders, chain) =
        ([order("slow-0".to_owned()), order("slow-1".to_owned())], &scene.urls[CHAINED]);
    let asked = async {
        // All of its threads are to have stopped.
        sleep(AWAY / 20).await;
        tokio::join!(
            place_at_gateway(scene, &orders[0], caller),
            place(scene, chain, &orders[1], caller),
        )
    };
    let (paused, (ours, theirs)) = tokio::join!(payments.pause(AWAY), asked);
    drop(payments);
    paused?;
    let (ours, theirs) = (ours?, theirs?);
    let [waited, chained] = [ours.waited, theirs.waited];
    verdict.see(format!(
        "payments stand still for {AWAY:?}: an order is answered {:?} after {waited:.1?}",
        ours.status
    ));
    verdict.see(format!("naive: the chain answers {:?} after {chained:.1?}", theirs.status));
    verdict
        .expect(ours.status == Some(202) && waited < AWAY, "an order does not wait for payments");
    verdict.expect_caught(chained >= AWAY * 9 / 10, "a chain waits for its slowest link");
    Ok((waited, chained))
}

/// While payments are away, and after.
async fn without_payments(scene: &Scene<'_>, verdict: &mut Verdict) -> Result<(), Failed> {
    let caller = "00-0000000000000000000000000000000a-000000000000000b-01";
    let mut payments = scene.crew.member(PAYMENT).await;
    let (killed, answers) = tokio::join!(payments.kill(AWAY), async {
        sleep(AWAY / 4).await;
        let ours = place_at_gateway(scene, &order("alone-0".to_owned()), caller).await;
        let order = order("alone-1".to_owned());
        let theirs = place(scene, &scene.urls[CHAINED], &order, caller).await;
        (ours, theirs)
    });
    drop(payments);
    killed?;
    let (ours, theirs) = (answers.0?, answers.1?);
    scene.crew.ready(PAYMENT).await?;
    let done = sent(scene, "alone-0", 1, END).await?;
    verdict.see(format!(
        "payments are killed: an order is answered {:?} after {:.1?}, and {done} of 1 is done once they are back",
        ours.status, ours.waited
    ));
    verdict.see(format!("naive: the chain answers {:?}", theirs.status));
    verdict.expect(ours.status == Some(202), "orders are taken while payments are away");
    verdict.expect(done == 1, "an order comes to its end when they are back");
    verdict.expect_caught(theirs.status == Some(503), "a chain stops with any of its links");
    Ok(())
}

fn told(story: &Story) -> String {
    let mut waits: Vec<_> = story.waited_for().into_iter().collect();
    waits.sort_by_key(|(_, depth)| *depth);
    let waits: Vec<_> =
        waits.iter().map(|(name, depth)| format!("{name} at depth {depth}")).collect();
    waits.join(", ")
}
