//! Missing traces: one hop that hands on no `traceparent`, and what happens behind it belongs to nobody.

use std::time::Duration;

use storefront::Failed;

use crate::orders::{order, place_at_gateway, sent};
use crate::scene::Scene;
use crate::verdict::Verdict;

const END: Duration = Duration::from_secs(15);
/// Through gateway, service, outbox, broker, participants and back, and to whoever sends the parcel.
const SERVICES: [&str; 4] = ["gateway", "inventory-service", "order-service", "payment-service"];

pub(crate) async fn run(scene: &mut Scene<'_>) -> Result<Verdict, Failed> {
    let mut verdict = Verdict::default();
    let caller = scene.caller().await;
    place_at_gateway(scene, &order("traced-0".to_owned()), &caller).await?;
    sent(scene, "traced-", 1, END).await?;
    let whole = scene.story(&caller, &SERVICES).await;
    let (spans, reached, lost) = (whole.size(), whole.reached(), whole.lost());
    verdict.see(format!("{spans} spans of {reached:?} follow from one request"));
    verdict.expect(reached.iter().eq(&SERVICES), format!("every service tells: {reached:?}"));
    verdict.expect(lost.is_empty(), format!("all work has a cause: {lost:?}"));

    let caller = scene.caller().await;
    scene.lines.orders.forget(true);
    place_at_gateway(scene, &order("forgotten-0".to_owned()), &caller).await?;
    scene.lines.orders.forget(false);
    sent(scene, "forgotten-", 1, END).await?;
    let torn = scene.story(&caller, &SERVICES).await;
    let (rest, lost) = (torn.reached(), torn.lost());
    verdict.see(format!("naive: a proxy drops the header: {rest:?} is all that is known,"));
    verdict.see(format!("and work begins out of nothing in {lost:?}"));
    verdict.expect_caught(lost == ["order-service: request /orders"], format!("it: {lost:?}"));
    verdict.expect_caught(rest.iter().eq(&["gateway"]), "the rest is not known");
    Ok(verdict.measured(format!(
        "{spans} spans in {} services hang together; a dropped header is found behind {:?}",
        reached.len(),
        rest
    )))
}
