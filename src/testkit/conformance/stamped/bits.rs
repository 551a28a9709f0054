//! Stamps are 16 bytes, compared as bytes.

use super::{StampedFixture, Subject, later};
use crate::stamp::{Record, Stamp};

/// Contract 1: each bit of a stamp is stored, read and compared: narrower
/// integers, floating point and times lose some.
pub(super) async fn every_bit_of_a_stamp_is_kept<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    for bit in 2..128 {
        let smaller = bits(1 << bit | 0b1);
        if smaller <= subject.read().await.stamp {
            continue;
        }
        for stamp in [smaller, later(smaller, 1)] {
            let record = Record::live(stamp, subject.entity(bit));
            subject.stores(&record).await;
            subject.holds(&record).await;
        }
        let again = Record::tombstone(smaller);
        subject.is_stale(&again, later(smaller, 1)).await;
    }
}

/// Contract 3: a stamp whose halves have their top bits set is large, not
/// negative.
pub(super) async fn stamps_are_compared_as_unsigned_bytes<F: StampedFixture>(fixture: &F) {
    let ladder = [
        0x0000_0000_0000_0001_7fff_ffff_ffff_ffff,
        0x0000_0000_0000_0001_8000_0000_0000_0000,
        0x7fff_ffff_ffff_ffff_0000_0000_0000_0001,
        0x7fff_ffff_ffff_ffff_ffff_ffff_ffff_ffff,
        0x8000_0000_0000_0000_0000_0000_0000_0000,
        0xffff_ffff_ffff_ffff_7fff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff_ffff_ffff_ffff_fffe,
    ];
    let subject = Subject::of(fixture, 0).await;
    let start = subject.read().await.stamp;
    let mut below = None;
    for (step, stamp) in (1..).zip(ladder.map(bits)) {
        if stamp <= start {
            continue;
        }
        let record = Record::live(stamp, subject.entity(step));
        subject.stores(&record).await;
        if let Some(below) = below.replace(record.clone()) {
            subject.is_stale(&below, stamp).await;
        }
        subject.holds(&record).await;
    }
}

fn bits(bits: u128) -> Stamp {
    Stamp::from_bytes(bits.to_be_bytes())
}
