//! What a decision costs: CPU time of the thread, and allocations, with 1, 20 and 1,000 rules that are told apart
//! by path, and with as many that are not. The request is one of the last rule, whose callers are told apart by a
//! header. Besides criterion's tables it prints lines `figure NAME VALUE UNIT`.

use std::cell::RefCell;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use measure::{Samples, figure, median};
use strangler_fig::phase::Share;
use strangler_fig::route::{RequestHead, RouteTable, RuleBuilder, StickyKey};

/// One benchmark: criterion's table, the medians as figures, and the nanoseconds.
fn measured(c: &mut Criterion, name: &str, mut operation: impl FnMut()) -> f64 {
    let samples = RefCell::new(Samples::default());
    let nanos = RefCell::new(Vec::new());
    let mut operation = async || operation();
    c.bench_function(&format!("route.{name}"), |bencher| {
        bencher.iter_custom(|times| {
            let spent = samples.borrow_mut().take(times, &mut operation);
            nanos.borrow_mut().push(spent.nanos_each(times));
            spent.cpu
        });
    });
    samples.into_inner().print(&format!("route.{name}"));
    median(&mut nanos.into_inner())
}

fn rule(at: usize, path: &str) -> RuleBuilder {
    let rule = RuleBuilder::template(&format!("rule-{at}"), path).methods(["GET"]);
    rule.share(Share::percent(50), StickyKey::header("x-user"))
}

fn table(rules: impl Iterator<Item = RuleBuilder>) -> RouteTable {
    let empty = RouteTable::builder("bench");
    rules.fold(empty, strangler_fig::route::TableBuilder::rule).build().expect("it is right")
}

/// With headers as a browser sends them.
fn request(path: &str) -> RequestHead {
    RequestHead::new("GET", path)
        .with_host("shop.example")
        .with_address([10, 0, 0, 7].into())
        .with_header("host", "shop.example")
        .with_header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0)")
        .with_header("accept", "*/*")
        .with_header("accept-encoding", "gzip, deflate, br")
        .with_header("x-user", "user-4711")
}

fn decisions(c: &mut Criterion) {
    let mut nanos = Vec::new();
    for rules in [1, 20, 1_000] {
        let each = |at: usize| rule(at, &format!("/api/resource-{at}/{{id}}"));
        let table = table((0..rules).map(each));
        let request = request(&format!("/api/resource-{}/4711", rules - 1));
        assert!(table.decide(&request).bucket.is_some(), "the last rule is met");
        nanos.push(measured(c, &format!("decide{rules}"), || {
            black_box(black_box(&table).decide(black_box(&request)));
        }));
    }
    figure("route.decide1000.vs_20", nanos[2] / nanos[1], "times");
}

/// Rules of one path, told apart by a header: each must be asked.
fn alike(c: &mut Criterion) {
    for rules in [20, 1_000] {
        let each = |at: usize| rule(at, "/api/{id}").header_equals("x-tenant", &format!("t{at}"));
        let table = table((0..rules).map(each));
        let tenant = format!("t{}", rules - 1);
        let request = request("/api/4711").with_header("x-tenant", tenant);
        assert!(table.decide(&request).bucket.is_some(), "the last rule is met");
        measured(c, &format!("alike{rules}"), || {
            black_box(black_box(&table).decide(black_box(&request)));
        });
    }
}

fn shortly() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
        .without_plots()
}

criterion_group!(name = benches; config = shortly(); targets = decisions, alike);
criterion_main!(benches);
