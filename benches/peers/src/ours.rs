//! This crate, in every phase.

use std::hint::black_box;
use std::sync::Arc;

use measure::{Small, phase_name, state_in};
use strangler_fig::phase::{Phase, PhaseTracker, Share};
use strangler_fig::repository::{MigrationConfig, MigrationRepository, Repository};
use strangler_fig::stamp::StampClock;

use crate::bare::{Side, row};
use crate::race::Candidate;

/// Every phase in which something is answered.
pub(crate) const PHASES: [Phase; 7] = [
    Phase::LegacyOnly,
    Phase::DualWrite,
    Phase::Shadow,
    Phase::Cutover,
    Phase::Live,
    Phase::RampDown,
    Phase::ModernOnly,
];

type Rows = MigrationRepository<Side, Side>;

fn rows(phase: Phase, shadow_share: Share) -> Rows {
    let tracker = PhaseTracker::detached(state_in(phase));
    let config = MigrationConfig::default().with_shadow_share(shadow_share);
    let stamps = Arc::new(StampClock::new().expect("there is entropy"));
    Rows::with_parts(Side::default(), Side::default(), tracker, stamps, config).expect("they fit")
}

/// Reads and writes, inherent and through the trait, in every phase; and reads
/// that are all compared.
pub(crate) fn candidates() -> Vec<Candidate> {
    let phases = PHASES.into_iter().flat_map(in_phase);
    phases.chain(sampled()).collect()
}

/// The calls that writing both sides by hand would make; the read before a
/// strict write is the crate's own.
fn writes_in(phase: Phase) -> &'static str {
    match phase {
        Phase::LegacyOnly | Phase::ModernOnly => "bare.write",
        _ => "bare.writes",
    }
}

fn reads_in(phase: Phase) -> &'static str {
    if phase == Phase::Cutover { "bare.reads" } else { "bare.read" }
}

fn in_phase(phase: Phase) -> [Candidate; 4] {
    let name = |what: &str| format!("repository.{}.{what}", phase_name(phase));
    let (read, write) = (rows(phase, Share::NONE), rows(phase, Share::NONE));
    let shared =
        |rows: &Rows| -> Arc<dyn Repository<Key = u64, Entity = Small>> { Arc::new(rows.clone()) };
    let (read_shared, write_shared) = (shared(&read), shared(&write));
    [
        Candidate::new(name("read"), reads_in(phase), async move || {
            black_box(read.find(black_box(&1)).await).expect("nothing fails");
        }),
        Candidate::new(name("write"), writes_in(phase), async move || {
            write.save(row()).await.expect("nothing fails");
        }),
        Candidate::new(name("read.dyn"), reads_in(phase), async move || {
            black_box(read_shared.find(black_box(&1)).await).expect("nothing fails");
        }),
        Candidate::new(name("write.dyn"), writes_in(phase), async move || {
            write_shared.save(row()).await.expect("nothing fails");
        }),
    ]
}

/// Every read compared: what the caller pays, and what it costs in all.
fn sampled() -> [Candidate; 2] {
    let (caller, all) = (rows(Phase::Shadow, Share::WHOLE), rows(Phase::Shadow, Share::WHOLE));
    let (drained, all_drained) = (caller.clone(), all.clone());
    [
        Candidate::cleared(
            "repository.shadow.read.sampled",
            "bare.read",
            async move || {
                black_box(caller.find(black_box(&1)).await).expect("nothing fails");
            },
            async move || drained.drained().await,
        ),
        Candidate::settled(
            "repository.shadow.read.sampledinall",
            "bare.reads",
            async move || {
                black_box(all.find(black_box(&1)).await).expect("nothing fails");
            },
            async move || all_drained.drained().await,
        ),
    ]
}
