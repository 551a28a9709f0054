//! A distributed monolith: services that wait for each other are one program with a network in it. A trace shows whom a request
//! waits for.

use std::time::Duration;

use storefront::Failed;
use storefront::stage::PAYMENT;

use crate::orders::{order, place, place_at_gateway, sent};
use crate::scene::{CHAINED, Scene};
use crate::spans::Story;
use crate::verdict::Verdict;

/// How many orders are timed.
const ORDERS: usize = 20;
/// How long orders may take to their end.
const END: Duration = Duration::from_secs(15);
/// How long payments are away.
const AWAY: Duration = Duration::from_secs(1);

pub(crate) async fn run(scene: &mut Scene<'_>) -> Result<Verdict, Failed> {
    let mut verdict = Verdict::default();
    let caller = scene.caller();
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

    let caller = scene.caller();
    place(scene, &scene.urls[CHAINED], &order("chained-0".to_owned()), &caller).await?;
    let naive = ["chained-orders", "inventory-service", "payment-service"];
    let chained = scene.story(&caller, &naive).await;
    verdict.see(format!("naive: a chain of calls waits for {}", told(&chained)));
    let is_coupled = chained.waited_for().keys().eq(&naive);
    verdict.expect_caught(is_coupled, format!("the chain waits: {:?}", chained.waited_for()));
    let chain = chained.waited_for().len();

    let ours = timed(scene, "coupled", None).await?;
    let theirs = timed(scene, "chained", Some(CHAINED)).await?;
    verdict.see(format!("half of {ORDERS} orders within {ours:.1?}; in a chain, {theirs:.1?}"));
    without_payments(scene, &mut verdict).await?;
    Ok(verdict.measured(format!(
        "an order waits for {hops} services, and is taken while payments are away; a chain waits for {chain}, and stops"
    )))
}

/// While payments are away, and after.
async fn without_payments(scene: &Scene<'_>, verdict: &mut Verdict) -> Result<(), Failed> {
    let caller = "00-0000000000000000000000000000000a-000000000000000b-01";
    let mut payments = scene.crew.member(PAYMENT).await;
    let (killed, answers) = tokio::join!(payments.kill(AWAY), async {
        tokio::time::sleep(AWAY / 4).await;
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

/// The median of what callers wait.
async fn timed(scene: &Scene<'_>, name: &str, service: Option<usize>) -> Result<Duration, Failed> {
    let caller = "00-0000000000000000000000000000000c-000000000000000d-01";
    let mut waits = Vec::with_capacity(ORDERS);
    for number in 0..ORDERS {
        let order = order(format!("{name}-timed-{number}"));
        let answer = match service {
            Some(service) => place(scene, &scene.urls[service], &order, caller).await?,
            None => place_at_gateway(scene, &order, caller).await?,
        };
        waits.push(answer.waited);
    }
    waits.sort_unstable();
    Ok(waits[ORDERS / 2])
}

fn told(story: &Story) -> String {
    let mut waits: Vec<_> = story.waited_for().into_iter().collect();
    waits.sort_by_key(|(_, depth)| *depth);
    let waits: Vec<_> = waits.iter().map(|(name, depth)| format!("{name} ({depth})")).collect();
    format!("{} (and so many calls deep)", waits.join(", "))
}
