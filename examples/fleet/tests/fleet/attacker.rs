use fleet::stage::migration;
use serde_json::{Value, json};
use strangler_fig::phase::{MigrationState, MigrationStateService, MoveId};

/// Writes the state document by hand: in `Live`, and complete. No move leads here.
///
/// Answers the epoch of the forged state.
pub(crate) async fn cross(service: &dyn MigrationStateService) -> u64 {
    let found = service.current(&migration()).await.unwrap().unwrap();
    let forged = forged(&found.state);
    service.compare_and_set(found.revision, &forged).await.unwrap();
    forged.epoch()
}

fn forged(state: &MigrationState) -> MigrationState {
    let mut document: Value = serde_json::from_str(&state.to_document()).unwrap();
    let epoch = state.epoch() + 1;
    let forged = &mut document["state"];
    forged["epoch"] = json!(epoch);
    let move_id = MoveId::random().unwrap().to_string();
    forged["move_id"] = json!(move_id);
    forged["base"]["phase"] = json!("live");
    forged["base"]["entered_from"] = json!("modern");
    forged["base"]["since_epoch"] = json!(epoch);
    forged["steered"] = json!({ "epoch": epoch, "move_id": move_id });
    forged["cut_over"]["below"] = json!(10_000);
    forged["base"]["modern_complete"] = json!(true);
    MigrationState::from_document(&document.to_string(), &migration()).unwrap()
}
