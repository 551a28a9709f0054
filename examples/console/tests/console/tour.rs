//! One operator clicks a migration under load through every phase, forward and back, and a picture is kept of each.

use crate::browser::signed_in;
use crate::driver::Driver;
use crate::served::Served;

/// Acts, and waits for the page that tells what came of it.
async fn acts(driver: &Driver, action: &str, reason: &str) -> String {
    driver.writes(&format!("#{action}-reason"), reason).await;
    driver.says("document.body.dataset.before = 1").await;
    driver.clicks(&format!("#{action}-button")).await;
    driver.until("the next page", async || driver.says("return document.body.dataset.before === undefined && !!document.getElementById('told')").await == true).await;
    driver.text("#told").await
}

/// Advances as soon as nothing blocks it.
async fn advances(driver: &Driver, reason: &str) {
    driver
        .until("nothing blocks the next step", async || {
            driver.text("#status").await.contains("nothing blocks it")
        })
        .await;
    let told = acts(driver, "advance", reason).await;
    assert!(told.starts_with("Done: "), "{told}");
}

async fn is_in(driver: &Driver, phase: &str, authority: &str) {
    let wanted = format!(": {phase}, {authority}");
    driver.until(&wanted, async || driver.text("#status h1").await.contains(&wanted)).await;
    driver.until("latencies", async || !driver.all("#latency").await.is_empty()).await;
    driver.pictures(phase).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_is_clicked_through_every_phase_and_back() {
    let served = Served::new().await;
    let driver = signed_in("tour", &served).await;
    is_in(&driver, "legacy_only", "legacy is authoritative").await;
    advances(&driver, "OPS-12: both are written").await;
    is_in(&driver, "dual_write", "legacy is authoritative").await;

    // A cohort, and back again.
    driver.writes("#percent", "10").await;
    let told = acts(&driver, "share", "OPS-12: a tenth").await;
    assert!(told.contains("cohort of 10.00 % begins"), "{told}");
    driver
        .until("the cohort", async || driver.text("#status").await.contains("cohort 10.00 %"))
        .await;
    driver.is_wide(390).await;
    driver.pictures("cohort-telephone").await;
    driver.is_wide(1100).await;
    driver.pictures("cohort").await;
    driver.writes("#percent", "0").await;
    let told = acts(&driver, "share", "OPS-12: all at once after all").await;
    assert!(told.contains("cohort ends"), "{told}");

    advances(&driver, "OPS-12: compare").await;
    is_in(&driver, "shadow", "legacy is authoritative").await;
    advances(&driver, "OPS-12: cross").await;
    is_in(&driver, "cutover", "both stores are authoritative").await;
    advances(&driver, "OPS-12: sweep").await;
    advances(&driver, "OPS-12: modern").await;
    is_in(&driver, "live", "modern is authoritative").await;
    advances(&driver, "OPS-12: legacy follows").await;
    is_in(&driver, "ramp_down", "modern is authoritative").await;
    advances(&driver, "OPS-12: legacy rests").await;
    is_in(&driver, "modern_only", "modern is authoritative").await;
    let told = acts(&driver, "advance", "OPS-12: further?").await;
    assert!(told.starts_with("Not done: ") && told.contains("nothing lies ahead"), "{told}");
    driver.pictures("refused").await;

    let told = acts(&driver, "roll-back", "OPS-12: the rehearsal of the way back").await;
    assert!(told.starts_with("Done: "), "{told}");
    driver
        .until("back", async || driver.text("#status h1").await.contains(": dual_write, legacy"))
        .await;
    driver.pictures("rolled-back").await;
    let status = console::desk::Desk::status(&*served.migration).await.unwrap();
    assert!(
        status.history.iter().all(|past| past.actor.as_deref() == Some("ann")),
        "{:?}",
        status.history
    );
    assert_eq!(driver.complaints().await, Vec::<String>::new());
    driver.quits().await;
}
