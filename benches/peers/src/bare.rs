//! The store calls themselves: what is subtracted.

use std::hint::black_box;
use std::sync::Arc;

use measure::{NoOp, Row, Small};
use strangler_fig::repository::StampedRepository;
use strangler_fig::stamp::{Record, Stamp};

use crate::race::Candidate;

/// The side every candidate works on.
pub(crate) type Side = NoOp<Small>;

/// A side.
pub(crate) fn side() -> Arc<Side> {
    Arc::new(Side::default())
}

/// What there is nothing to subtract from.
pub(crate) const NOTHING: &str = "";

/// The row that is written.
pub(crate) fn row() -> Small {
    black_box(Small::numbered(1))
}

/// One read, two reads, one write, two writes.
pub(crate) fn candidates() -> Vec<Candidate> {
    let [one, two, three] = [(); 3].map(|()| side());
    let [first, second, third] = [(); 3].map(|()| side());
    vec![
        Candidate::new("bare.read", NOTHING, async move || {
            black_box(one.read(black_box(&1)).await).expect("nothing fails");
        }),
        Candidate::new("bare.reads", NOTHING, async move || {
            black_box(two.read(black_box(&1)).await).expect("nothing fails");
            black_box(three.read(black_box(&1)).await).expect("nothing fails");
        }),
        Candidate::new("bare.write", NOTHING, async move || {
            let record = Record::live(Stamp::BASE, row());
            black_box(first.apply(black_box(&1), &record).await).expect("nothing fails");
        }),
        Candidate::new("bare.writes", NOTHING, async move || {
            let record = Record::live(Stamp::BASE, row());
            black_box(second.apply(black_box(&1), &record).await).expect("nothing fails");
            black_box(third.apply(black_box(&1), &record).await).expect("nothing fails");
        }),
    ]
}
