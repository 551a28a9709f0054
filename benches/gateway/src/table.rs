//! What was measured, one line each, then the figures.

use measure::figure;

use crate::killed::Killed;
use crate::proxies::Proxy;
use crate::race::{ALONE, BUSY, Measured, Race, Ratios};
use crate::slow::Slowed;

/// Prints the race.
pub(crate) fn print_race(race: &Race) {
    println!(
        "\n{:>11} {:12} {:>9} {:>9} {:>10} {:>14}",
        "connections", "", "p50 us", "p99 us", "rps", "rps of its CPU"
    );
    for Measured { proxy, connections, p50, p99, wall_rps, cpu_rps } in &race.measured {
        let name = proxy.name();
        println!("{connections:11} {name:12} {p50:9.0} {p99:9.0} {wall_rps:10.0} {cpu_rps:14.0}");
    }
    println!();
    for Ratios { connections, p50, p99, rps } in &race.ratios {
        // The figure without a number is the one that was measured as it should be.
        let of = |own: u32| match *connections {
            connections if connections == own => String::new(),
            connections => format!("_{connections}"),
        };
        figure(format_args!("gateway.p50{}.vs_nginx", of(ALONE)), *p50, "times");
        figure(format_args!("gateway.p99{}.vs_nginx", of(ALONE)), *p99, "times");
        figure(format_args!("gateway.rps{}.vs_nginx", of(BUSY)), *rps, "times");
    }
}

/// Prints what slow clients did.
pub(crate) fn print_slow(slowed: &Slowed) {
    let Slowed { proxy, before, after, asked, rss_mib } = slowed;
    let name = proxy.name();
    println!("\n{name}, slow clients: {before}; {} s later {after}", crate::slow::ASKED_FOR);
    println!(
        "{name}, who asked meanwhile: {} requests, {} starved, p50 {:.2} ms, longest {:.2} ms",
        asked.all, asked.starved, asked.p50, asked.longest
    );
    figure(format_args!("{}.slow.hanging", figures(*proxy)), f64::from(before.all()), "clients");
    figure(format_args!("{}.slow.rss_mib", figures(*proxy)), *rss_mib, "MiB");
    figure(format_args!("{}.slow.starved", figures(*proxy)), f64::from(asked.starved), "requests");
}

/// Prints what it cost that modern was killed.
#[expect(clippy::cast_precision_loss, reason = "figures are for people")]
pub(crate) fn print_killed(killed: &Killed) {
    let Killed { proxy, requests, failed } = killed;
    println!("\n{}, modern killed: {requests} requests, {failed} failed", proxy.name());
    if *proxy != Proxy::Bare {
        figure(format_args!("{}.killed.failed", figures(*proxy)), *failed as f64, "requests");
    }
}

fn figures(proxy: Proxy) -> &'static str {
    match proxy {
        Proxy::Nginx => "gateway.nginx",
        _ => "gateway",
    }
}
