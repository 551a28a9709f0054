//! The measurements, one line each, then the figures.

use measure::figure;

use crate::candidates::Candidate;
use crate::fixture::Fixture;
use crate::race::Measured;
use crate::wire::Wired;

/// Prints everything.
pub(crate) fn print(measured: &[Measured], wired: &[Wired], fixture: &Fixture) {
    println!("\n{} rows, and {} of them different in `many`.\n", fixture.rows, fixture.many);
    println!(
        "{:22} {:>7} {:>7} {:>7} {:>9} {:>9} {:>8} {:>7}",
        "", "wall s", "least", "most", "client s", "server s", "RSS MiB", "ratio"
    );
    for one in measured {
        let beside = beside(one.candidate).and_then(|beside| wall(measured, beside));
        let ratio = beside.map_or(String::new(), |beside| format!("{:6.2}x", one.wall / beside));
        let Measured { candidate, wall, spread: (least, most), cpu, server, rss } = one;
        let name = candidate.name();
        println!(
            "{name:22} {wall:7.2} {least:7.2} {most:7.2} {cpu:9.2} {server:9.2} {rss:8.1} {ratio}"
        );
    }
    println!();
    for Wired { name, bytes } in wired {
        println!("{name:22} {:9.0} KB over the wire, both sides", kb(*bytes));
    }
    println!();
    print_figures(measured, wired, fixture);
}

/// What something is beside.
fn beside(candidate: Candidate) -> Option<Candidate> {
    match candidate {
        Candidate::Backfill => Some(Candidate::CopyCopy),
        Candidate::CopyCmp("modern") | Candidate::CopyCopy => None,
        _ => Some(Candidate::CopyCmp("modern")),
    }
}

fn wall(measured: &[Measured], candidate: Candidate) -> Option<f64> {
    measured.iter().find(|one| one.candidate == candidate).map(|one| one.wall)
}

fn print_figures(measured: &[Measured], wired: &[Wired], fixture: &Fixture) {
    let ratio = |name: &str, one: Candidate, other: Candidate| {
        if let (Some(one), Some(other)) = (wall(measured, one), wall(measured, other)) {
            figure(name, one / other, "times");
        }
    };
    let (full, digest) = (Candidate::Full("modern"), Candidate::Digest("modern"));
    ratio("checker.full.vs_copy_cmp", full, Candidate::CopyCmp("modern"));
    ratio("checker.digest_equal.vs_full", digest, full);
    ratio("checker.full.vs_reladiff", Candidate::Reladiff("modern"), full);
    ratio("checker.digest.vs_reladiff", Candidate::Reladiff("modern"), digest);
    ratio("checker.full_few.vs_reladiff", Candidate::Reladiff("few"), Candidate::Full("few"));
    ratio("checker.digest_few.vs_reladiff", Candidate::Reladiff("few"), Candidate::Digest("few"));
    let cpu = |one| {
        let found = measured.iter().find(|measured| measured.candidate == one);
        found.filter(|it| it.server > 0.0).map(|it| it.cpu + it.server)
    };
    if let (Some(full), Some(digest), Some(theirs)) =
        (cpu(full), cpu(digest), cpu(Candidate::Reladiff("modern")))
    {
        figure("checker.full.cpu_vs_reladiff", theirs / full, "times");
        figure("checker.digest.cpu_vs_reladiff", theirs / digest, "times");
    }
    ratio("backfill.vs_copy", Candidate::Backfill, Candidate::CopyCopy);
    let wire = wired.iter().find(|wired| wired.name == "checker.digest.equal");
    if let Some(wire) = wire {
        figure("checker.digest_equal.wire_kb", kb(wire.bytes), "KB");
    }
    let millions = fixture.rows / 1_000_000;
    let ours = measured.iter().filter(|one| {
        matches!(one.candidate, Candidate::Full(_) | Candidate::Digest(_) | Candidate::FullMariadb)
    });
    figure(
        format_args!("checker.rss_mib.{millions}m"),
        ours.map(|one| one.rss).fold(0.0, f64::max),
        "MiB",
    );
    let backfill = measured.iter().find(|one| one.candidate == Candidate::Backfill);
    if let Some(backfill) = backfill {
        figure(format_args!("backfill.rss_mib.{millions}m"), backfill.rss, "MiB");
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures are for people")]
fn kb(bytes: u64) -> f64 {
    bytes as f64 / 1_000.0
}
