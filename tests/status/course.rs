//! One migration, there and back, with what goes wrong on the way: what text, page and JSON say at each moment.

use std::future::pending;
use std::time::Duration;

use serde_json::json;
use strangler_fig::consistency::FieldComparator;
use strangler_fig::controller::{ControllerError, GuardOutcome};
use strangler_fig::phase::{Phase, Share};
use strangler_fig::reconcile::{Reconciler, ReconcilerConfig};
use strangler_fig::testkit::faults::Fault;

use crate::support::{SECOND, World, ann, parcel};

#[tokio::test(start_paused = true)]
async fn before_anything_moves_legacy_counts_and_nothing_blocks_the_first_step() {
    let world = World::new().await;
    let seen = world.picture().await;
    seen.says(&[
        "Migration parcels, epoch 0: legacy_only, legacy is authoritative",
        "base 100.00 % legacy_only legacy all not known complete",
        "queries answered by legacy",
        "to dual_write; nothing blocks it [ok]",
        "never verified [look]",
        "no way on: nothing lies behind: only legacy is used",
    ]);
    assert!(seen.text.contains("\n[legacy_only] > dual_write > shadow > cutover > live >"));
    assert_eq!(seen.at("/parts/0/authority"), "legacy");
    assert_eq!(seen.at("/verification/freshness"), "never");
    assert_eq!(seen.at("/comparisons/rate"), &json!(null), "nothing was compared");
    assert_eq!(seen.at("/backfill"), &json!(null), "nobody told of one");
}

/// Every phase forward and back again.
#[tokio::test(start_paused = true)]
async fn every_phase_there_and_back_is_told_with_who_counts_in_it() {
    let world = World::new().await;
    for (phase, authority, next) in [
        (Phase::DualWrite, "legacy is authoritative", "to shadow"),
        (Phase::Shadow, "legacy is authoritative", "to cutover"),
        (Phase::Cutover, "both stores are authoritative", "sweep every key"),
        (Phase::Live, "modern is authoritative", "to ramp_down"),
        (Phase::RampDown, "modern is authoritative", "to modern_only"),
        (Phase::ModernOnly, "modern is authoritative", "nothing lies ahead"),
        (Phase::RampDown, "modern is authoritative", "to modern_only"),
        (Phase::Live, "modern is authoritative", "to ramp_down"),
        (Phase::Cutover, "both stores are authoritative", "to live"),
        (Phase::Shadow, "legacy is authoritative", "to cutover"),
        (Phase::DualWrite, "legacy is authoritative", "to shadow"),
        (Phase::LegacyOnly, "legacy is authoritative", "to dual_write"),
    ] {
        if phase == Phase::Cutover {
            world.reads(0..30).await;
        }
        world.saves(0..30).await;
        world.goes_to(phase).await;
        let seen = world.picture().await;
        let headline = format!("{phase}, {authority}");
        seen.says(&[&headline, next, "by ann: OPS-12: parcels move", &format!("to {phase}")]);
        assert!(seen.text.contains(&format!("[{phase}]")), "the path shows the place");
        assert!(seen.html.contains(&format!("base 100 % in {phase}.")), "and so does the drawing");
        assert_eq!(seen.at("/parts/0/phase"), phase.name());
        let last = seen.status.history.last().unwrap();
        assert_eq!(last.actor.as_deref(), Some("ann"));
        for other in Phase::ALL {
            let is_there = if other == phase { 1.0 } else { 0.0 };
            let series = format!("strangler_phase{{part=\"base\",phase=\"{other}\"}}");
            world.counts(&series, is_there);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cohort_is_told_beside_the_base_with_its_share() {
    let world = World::new().await;
    world.goes_to(Phase::DualWrite).await;
    world.controller().set_share(Share::percent(10), &ann()).await.unwrap();
    world.controller().advance(&ann()).await.unwrap();
    world.passes(SECOND * 2).await;
    let seen = world.picture().await;
    seen.says(&["base 90.00 % dual_write legacy", "cohort 10.00 % shadow legacy"]);
    assert!(seen.text.contains("[dual_write] > (shadow) >"));
    assert!(seen.html.contains("cohort 10 %, base 90 %"), "the bar of shares says so in words");
    assert_eq!(
        (seen.at("/parts/1/keys"), seen.at("/parts/1/part")),
        (&json!(1_000), &json!("cohort"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_closed_gate_is_named_with_what_it_saw_until_it_opens() {
    let world = World::new().await;
    world.goes_to(Phase::Shadow).await;
    let refused = world.controller().advance(&ann()).await.unwrap_err();
    assert!(matches!(refused, ControllerError::Blocked { .. }), "{refused}");
    let seen = world.picture().await;
    let saw = "closed [look] only 0 comparisons, 20 are needed to tell (in 60s)";
    seen.says(&["to cutover; blocked by one thing [look]", "mismatch_rate_below", saw]);
    assert_eq!(seen.at("/next/steps/0/gates/0/is_open"), false);
    assert!(seen.status.next.is_blocked());
    let moved = "step=\"phase\",part=\"base\",from=\"shadow\",to=\"cutover\"";
    let moved = format!("strangler_phase_transitions{{{moved}}}");
    assert_eq!(world.metric(&moved), None, "nothing has moved");

    world.saves(0..30).await;
    world.reads(0..30).await;
    let seen = world.picture().await;
    let saw = "open [ok] 0 of 30 comparisons differed: 0 %, at most 1 % may (in 60s)";
    seen.says(&[
        "to cutover; nothing blocks it [ok]",
        saw,
        "0 % of 30 in 1 min 00 s; allowed: at most 1 %",
    ]);
    seen.is_silent_about("blocked");
    world.goes_to(Phase::Cutover).await;
    let evidence = "gate mismatch_rate_below: 0 of 30 comparisons differed";
    world.picture().await.says(&[evidence]);
    world.counts(&moved, 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_by_the_guard_is_told_with_the_mismatches_that_caused_it() {
    let world = World::new().await;
    world.goes_to(Phase::Shadow).await;
    world.saves(0..30).await;
    (0..5).for_each(|id| world.users.modern().inner().plant(parcel(id, "bern")));
    world.reads(0..30).await;
    let seen = world.picture().await;
    seen.says(&["16.667 % of 30 in 1 min 00 s; too many: at most 1 % [bad]", "mismatch 5"]);
    assert_eq!(seen.at("/comparisons/mismatches"), 5);

    let outcome = world.guard().look().await;
    assert!(matches!(outcome, GuardOutcome::RolledBack { .. }), "{outcome:?}");
    world.passes(SECOND * 2).await;
    let seen = world.picture().await;
    seen.says(&["dual_write, legacy is authoritative", "by rollback-guard: "]);
    assert_eq!(seen.at("/parts/0/phase"), "dual_write");
    world.counts(
        "strangler_comparisons{source=\"shadow\",side=\"modern\",result=\"mismatch\"}",
        5.0,
    );
    world.counts("strangler_comparisons{source=\"shadow\",side=\"modern\",result=\"match\"}", 25.0);
    world.counts("strangler_divergences{reason=\"mismatch\"}", 5.0);
    let back = "step=\"phase\",part=\"base\",from=\"shadow\",to=\"dual_write\"";
    world.counts(&format!("strangler_phase_transitions{{{back}}}"), 1.0);
    assert_eq!(seen.status.history.last().unwrap().actor.as_deref(), Some("rollback-guard"));
    let drawn = seen.status.to_mermaid();
    assert!(drawn.contains("shadow -->|\"3, by rollback-guard\"| dual_write"), "{drawn}");

    world.passes(Duration::from_secs(120)).await;
    world.picture().await.says(&["nothing was compared in 1 min 00 s; allowed: at most 1 %"]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_repair_is_told_and_then_is_not_there_any_more() {
    let world = World::new().await;
    world.goes_to(Phase::DualWrite).await;
    world
        .users
        .modern()
        .always_apply(Fault::Refuse(strangler_fig::error::StoreErrorKind::Unavailable));
    world.saves(0..3).await;
    world.users.drained().await;
    let config = ReconcilerConfig::default().with_observer(world.observers.clone());
    let reconciler = Reconciler::new(&world.users, world.queue.clone()).with_config(config);
    reconciler.run(tokio::time::sleep(SECOND)).await.unwrap();
    world.passes(SECOND * 90).await;
    let seen = world.picture().await;
    seen.says(&["waiting 3 keys, the oldest for 1 min 3", "given up 0 keys", "modern"]);
    assert_eq!(seen.at("/repairs/waiting"), 3);
    world.counts("strangler_repair_queue_depth{state=\"waiting\"}", 3.0);
    world.counts("strangler_dual_write_outcomes{side=\"modern\",outcome=\"failed\"}", 3.0);

    world.users.modern().heal();
    world.passes(Duration::from_secs(600)).await;
    reconciler.run(tokio::time::sleep(SECOND * 60)).await.unwrap();
    world.picture().await.says(&["waiting 0 keys"]);
    world.counts("strangler_repair_queue_depth{state=\"waiting\"}", 0.0);
    world.counts("strangler_repairs{outcome=\"copied\"}", 3.0);
}

#[tokio::test(start_paused = true)]
async fn a_verification_grows_stale_by_time_and_by_a_move() {
    let world = World::new().await;
    world.goes_to(Phase::DualWrite).await;
    world.saves(0..5).await;
    world.passes(SECOND).await;
    world.checked_by(FieldComparator::new()).await;
    world.passes(SECOND * 30).await;
    let seen = world.picture().await;
    seen.says(&["verified, 30 s ago [ok]", "full check of 5 keys: consistent, 0 differences"]);
    world.passes(Duration::from_secs(7_200)).await;
    world.picture().await.says(&["stale, 2 h 00 min ago: it is too old [look]"]);

    world.checked_by(FieldComparator::new()).await;
    world.passes(SECOND).await;
    world.goes_to(Phase::Shadow).await;
    let seen = world.picture().await;
    seen.says(&["the migration has moved since [look]"]);
    assert_eq!(seen.at("/verification/freshness"), "stale");
}

#[tokio::test(start_paused = true)]
async fn fields_that_differ_are_named_and_their_values_shown_only_where_that_is_allowed() {
    let world = World::new().await;
    world.goes_to(Phase::DualWrite).await;
    world.saves(0..3).await;
    (0..2).for_each(|id| world.users.modern().inner().plant(parcel(id, "Geneva")));
    world.checked_by(FieldComparator::new()).await;
    let seen = world.picture().await;
    seen.says(&["fields.city 2 <redacted> <redacted>", "differs, 0 µs ago [bad]"]);
    seen.is_silent_about("Geneva");
    assert!(!seen.status.to_json().contains("Geneva"));

    world.checked_by(FieldComparator::new().showing(|_, value| value.to_owned())).await;
    world.picture().await.says(&["fields.city 2 \"Bern\" \"Geneva\""]);
}

#[tokio::test(start_paused = true)]
async fn the_sides_latencies_are_told_apart_by_what_they_count_for() {
    let world = World::new().await;
    world.goes_to(Phase::Shadow).await;
    world.users.legacy().always(Fault::Delay(Duration::from_millis(3)));
    world.users.modern().always(Fault::Delay(Duration::from_millis(40)));
    world.saves(0..25).await;
    world.reads(0..25).await;
    let seen = world.picture().await;
    let [primary, secondary] = ["primary", "secondary"].map(|role| {
        let latencies = &seen.status.latencies;
        *latencies
            .iter()
            .find(|it| it.role == role)
            .unwrap_or_else(|| panic!("no {role}: {latencies:?}"))
    });
    let of = "{side=\"modern\",role=\"secondary\",operation=\"read\",outcome=\"done\"}";
    let metric = |end| world.metric(&format!("strangler_operation_duration_{end}{of}")).unwrap();
    assert!(metric("sum") / metric("count") >= 0.04, "the metrics agree");
    let within = |time: Option<Duration>, from: u64, to: u64| {
        let millis = time.unwrap().as_millis();
        assert!((u128::from(from)..=u128::from(to)).contains(&millis), "{millis}");
    };
    within(primary.p50, 3, 4);
    within(primary.p99, 3, 4);
    within(secondary.p50, 40, 43);
    seen.says(&["primary", "secondary", "side p50 p95 p99 measured"]);
    assert!(seen.html.contains("Latency of primary and secondary"));
}

#[tokio::test(start_paused = true)]
async fn a_check_of_some_keys_hides_nothing_that_a_check_of_all_has_found() {
    let world = World::new().await;
    world.goes_to(Phase::DualWrite).await;
    world.saves(0..5).await;
    world.passes(SECOND).await;
    world.checked_by(FieldComparator::new()).await;
    world.picture().await.says(&["last check full, consistent, 0 µs ago: 5 keys"]);
    world.passes(SECOND * 30).await;
    (1..5).for_each(|id| world.users.modern().inner().plant(parcel(id, "Geneva")));
    world.checked_by(FieldComparator::new()).await;
    let told = |age_min: f64| {
        world.counts("strangler_check_findings{finding=\"different\"}", 4.0);
        let age = world.metric("strangler_verification_age").unwrap();
        assert!(age >= age_min, "{age}");
    };
    told(30.0);
    world.passes(SECOND * 30).await;
    world.checker().keys([0], pending()).await;
    told(30.0);
    world.picture().await.says(&["last check keys, consistent, 0 µs ago: 1 keys"]);
    // One that was told to end before it had seen every key shows nothing of the rest.
    world.checker().full(async {}).await;
    told(30.0);
}
