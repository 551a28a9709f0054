//! What a document costs: CPU time of the thread, and allocations, of writing and of reading an event of about 400 bytes.
//! Besides criterion's tables it prints lines `figure NAME VALUE UNIT`.

use std::cell::RefCell;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use measure::{Samples, figure, median};
use strangler_fig::event::{EventEnvelope, EventPayload};

/// One benchmark: criterion's table, the medians as figures, and the nanoseconds.
fn measured(c: &mut Criterion, name: &str, mut operation: impl FnMut()) -> f64 {
    let samples = RefCell::new(Samples::default());
    let nanos = RefCell::new(Vec::new());
    let mut operation = async || operation();
    c.bench_function(&format!("event.{name}"), |bencher| {
        bencher.iter_custom(|times| {
            let spent = samples.borrow_mut().take(times, &mut operation);
            nanos.borrow_mut().push(spent.nanos_each(times));
            spent.cpu
        });
    });
    samples.into_inner().print(&format!("event.{name}"));
    median(&mut nanos.into_inner())
}

fn event() -> EventEnvelope {
    let lines: Vec<_> = (0..5).map(|n| (format!("SKU-{n}"), n, 1_000)).collect();
    let [id, source, event_type, key] =
        ["0198c0de-7b1a-7c3e-9c55-3f0d5c1f2a10", "/shop/orders", "order.created", "order-4711"];
    let text = "these are texts of events";
    let event = EventEnvelope::new(
        id.parse().expect(text),
        source.parse().expect(text),
        event_type.parse().expect(text),
        key.parse().expect(text),
        EventPayload::json(&lines).expect("it has JSON"),
    );
    event.with_time("2026-02-28T12:00:00.123Z".parse().expect(text)).with_traceparent(
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().expect(text),
    )
}

fn documents(c: &mut Criterion) {
    let event = event();
    let document = event.to_cloud_event();
    assert!((350..450).contains(&document.len()), "{} bytes", document.len());
    let encode = measured(c, "encode", || {
        black_box(black_box(&event).to_cloud_event());
    });
    let decode = measured(c, "decode", || {
        let read = EventEnvelope::from_cloud_event(black_box(document.as_bytes()));
        black_box(read.expect("it was written here"));
    });
    figure("event.encode_ns", encode, "ns");
    figure("event.decode_ns", decode, "ns");
}

criterion_group!(benches, documents);
criterion_main!(benches);
