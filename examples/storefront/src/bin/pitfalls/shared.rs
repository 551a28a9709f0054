//! One database for several services: whoever can open another's tables will read them, and then neither can change them alone.

use storefront::Failed;
use storefront::stage::Doors;

use crate::scene::Scene;
use crate::verdict::Verdict;

/// Tries every login on every database; and again, after one was let in.
pub(crate) async fn run(scene: &Scene<'_>) -> Result<Verdict, Failed> {
    let mut verdict = Verdict::default();
    let doors = Doors::tried(scene.rooms).await?;
    verdict.see(format!("{} doors tried with others' keys: {:?} opened", doors.closed, doors.open));
    verdict.expect(doors.open.is_empty(), format!("each login opens its own: {:?}", doors.open));

    scene.rooms.unlock("inventory", "orders").await?;
    let naive = Doors::tried(scene.rooms).await?;
    scene.rooms.lock("inventory", "orders").await?;
    verdict.see(format!("naive: the inventory is let in to the orders: found {:?}", naive.open));
    verdict.expect_caught(naive.open == ["inventory opens orders"], "a shared database");
    Ok(verdict.measured(format!(
        "{} doors closed, {} open; shared: {} found open",
        doors.closed,
        doors.open.len(),
        naive.open.len()
    )))
}
