//! Stamps: one text for each, one order in every form; and clocks, whose stamps
//! rise above whatever they have seen.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::clock::{Clock, ManualClock};
use strangler_fig::stamp::{Exhausted, Observed, Record, Stamp, StampClock, WriterId};

use crate::source::Source;

/// From this millisecond on nothing is above a stamp that the clock cannot pass.
const CEILING_MILLIS: u64 = 1 << 47;

/// How a stamp is read from its text.
pub type Parse = fn(&str) -> Option<Stamp>;
/// How a clock is told of a stamp.
pub type Observe = fn(&StampClock, Stamp) -> Observed;

/// Checks stamps, or a clock.
pub fn check(bytes: &[u8]) {
    check_with(|text| text.parse().ok(), StampClock::observe, bytes);
}

/// The same of another way to read, and of another clock.
pub fn check_with(parse: Parse, observe: Observe, bytes: &[u8]) {
    let mut source = Source::new(bytes);
    match source.byte() % 3 {
        0 => forms_agree(parse, &mut source),
        1 => texts_are_one(parse, source.rest()),
        _ => clock_rises(observe, &mut source),
    }
}

fn forms_agree(parse: Parse, source: &mut Source<'_>) {
    let [one, other] = [(); 2].map(|()| Stamp::from_bytes(source.bytes()));
    for stamp in [one, other] {
        assert_eq!(Stamp::from_bytes(stamp.to_bytes()), stamp);
        assert_eq!(parse(&stamp.to_string()), Some(stamp));
        let json = serde_json::to_string(&stamp).expect("a stamp is a text");
        assert_eq!(json, format!("\"{stamp}\""));
        assert_eq!(serde_json::from_str::<Stamp>(&json).expect("its own form"), stamp);
        let millis = stamp.to_bytes()[..6].iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
        assert_eq!(stamp.unix_millis(), millis);
        assert!(stamp.successor().is_none_or(|next| next > stamp));
        assert_eq!(stamp.successor().is_none(), stamp == Stamp::MAX);
        assert!(stamp == Stamp::ZERO || stamp >= Stamp::BASE);
    }
    assert_eq!(one.cmp(&other), one.to_bytes().cmp(&other.to_bytes()));
    assert_eq!(one.cmp(&other), one.to_string().cmp(&other.to_string()));
    let between = one.successor().is_none_or(|next| other <= one || next <= other);
    assert!(between, "something is between {one} and its successor: {other}");
    let (record, gone) = (Record::live(one, 7_u8), Record::<u8>::tombstone(one));
    assert_eq!((record.supersedes(other), gone.supersedes(other)), (one > other, one > other));
    assert_eq!(gone.is_tombstone(), one != Stamp::ZERO);
    let json = serde_json::to_string(&record).expect("it has a form");
    assert_eq!(serde_json::from_str::<Record<u8>>(&json).expect("its own form"), record);
}

fn texts_are_one(parse: Parse, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(stamp) = parse(&text) {
        assert_eq!(stamp.to_string(), text);
    }
    if let Ok(stamp) = serde_json::from_str::<Stamp>(&text) {
        let read = serde_json::from_str::<String>(&text).expect("a stamp is a text");
        assert_eq!(stamp.to_string(), read);
    }
}

/// A clock, and what its next stamps must be above.
struct Watched {
    clock: StampClock,
    wall: Arc<ManualClock>,
    drift: Duration,
    /// The largest stamp it made by itself, or has passed.
    above: Stamp,
    made: Vec<Stamp>,
}

fn clock_rises(observe: Observe, source: &mut Source<'_>) {
    let writer = WriterId::fixed(NonZeroU64::MIN.saturating_add(source.byte().into()));
    let wall = Arc::new(ManualClock::at(millis(source)));
    let drift = Duration::from_millis(source.number());
    let clock = StampClock::with_writer(writer).with_clock(wall.clone()).with_drift_max(drift);
    let mut watched = Watched { clock, wall, drift, above: Stamp::BASE, made: Vec::new() };
    for _ in 0..40 {
        if source.is_empty() {
            break;
        }
        match source.byte() % 4 {
            0 => watched.makes(),
            1 => watched.sees(observe, seen(source)),
            2 => watched.makes_above(seen(source)),
            _ => watched.wall.set(millis(source)),
        }
    }
    watched.makes();
}

/// Moments that a wall clock shows, broken ones among them.
fn millis(source: &mut Source<'_>) -> u64 {
    match source.byte() % 4 {
        0 => 1_700_000_000_000 + source.number() % 1_000_000,
        1 => CEILING_MILLIS.saturating_sub(2) + source.number() % 4,
        _ => source.number(),
    }
}

fn seen(source: &mut Source<'_>) -> Stamp {
    if source.flag() {
        return Stamp::from_bytes(source.bytes());
    }
    let time = millis(source) << 16 | u64::from(u16::from_be_bytes(source.bytes()));
    let writer = u64::from(source.byte());
    Stamp::from_bytes((u128::from(time) << 64 | u128::from(writer)).to_be_bytes())
}

impl Watched {
    fn makes(&mut self) {
        let stamp = self.clock.now();
        assert!(stamp > self.above, "{stamp} after {}", self.above);
        let at_least = self.wall.unix_millis().min(CEILING_MILLIS);
        assert!(stamp.unix_millis() >= at_least, "{stamp} lags behind the wall clock");
        self.above = stamp;
        self.note(stamp);
    }

    fn sees(&mut self, observe: Observe, stamp: Stamp) {
        match observe(&self.clock, stamp) {
            Observed::Passed => self.above = self.above.max(stamp),
            Observed::Drifted => self.may_be_left(stamp),
        }
    }

    fn makes_above(&mut self, stamp: Stamp) {
        match self.clock.above(stamp) {
            Ok(made) => {
                assert!(made > stamp && made > Stamp::BASE, "{made} above {stamp}");
                if made.to_bytes()[8..] == self.clock.writer().get().to_be_bytes() {
                    assert!(made > self.above, "{made} after {}", self.above);
                    self.above = made;
                }
                self.note(made);
            }
            Err(Exhausted(refused)) => {
                assert_eq!(refused, stamp);
                assert!(stamp.unix_millis() >= CEILING_MILLIS, "{stamp} can be beaten");
            }
        }
    }

    /// Only what is beyond the allowed drift, and beyond the clock itself.
    fn may_be_left(&self, stamp: Stamp) {
        let drift = u64::try_from(self.drift.as_millis()).unwrap_or(u64::MAX);
        let horizon = self.wall.unix_millis().saturating_add(drift).min(CEILING_MILLIS - 1);
        assert!(stamp.unix_millis() >= horizon, "{stamp} is within the drift");
        assert!(stamp > self.above, "{stamp} is behind the clock");
    }

    fn note(&mut self, stamp: Stamp) {
        assert!(!self.made.contains(&stamp), "{stamp} was made twice");
        self.made.push(stamp);
    }
}
