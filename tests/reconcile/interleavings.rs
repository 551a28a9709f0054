//! Every interleaving of one row's backfill, two concurrent writers, and a
//! repair, at the level of single calls of the stores: none may end wrong. With
//! stamps or tombstones left out, as most migrations have it, some must.

use strangler_fig::phase::Side;
use strangler_fig::repository::{Join, JoinRule};
use strangler_fig::stamp::{Record, Stamp};

/// What a store holds for the row.
#[derive(Debug, Clone, Copy)]
struct Row {
    stamp: Stamp,
    value: Option<u8>,
}

const OLD: Row = Row { stamp: Stamp::BASE, value: Some(0) };
const ABSENT: Row = Row { stamp: Stamp::ZERO, value: None };
/// Somebody else's, under the stamp of the old one.
const STRAY: Row = Row { stamp: Stamp::BASE, value: Some(99) };

impl From<Row> for Record<u8> {
    fn from(row: Row) -> Self {
        Self { stamp: row.stamp, value: row.value }
    }
}

/// How the stores tell what is newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stores {
    /// By the apply rule of this crate, with tombstones.
    Stamped,
    /// By the apply rule; a deletion leaves nothing.
    WithoutTombstones,
    /// The last to come wins, whatever it brings.
    BlindUpsert,
    /// As before; copies go only where nothing is.
    InsertIfAbsent,
    /// As before; a copy is left out if the row was written since it was read.
    Watermark,
}

/// One program, at its next step.
#[derive(Debug, Clone)]
enum Program {
    /// Reads legacy, then applies that to modern.
    Backfill { read: Option<Row>, is_done: bool },
    /// Writes legacy, then modern, unless modern fails.
    Writer { record: Row, written: u8, modern_fails: bool },
    /// Reads modern, reads legacy, decides, applies.
    Repair { modern: Option<Row>, legacy: Option<Row>, join: Option<Join>, applied: u8 },
}

#[derive(Debug, Clone)]
struct World {
    stores: Stores,
    rule: JoinRule,
    legacy: Row,
    modern: Row,
    /// The value of the last write, in the order of legacy, the primary.
    last: Option<u8>,
    /// When modern was last written, and when the copies were read.
    clock: u64,
    written: u64,
    read: u64,
}

const fn stamp(millis: u64) -> Stamp {
    Stamp::from_bytes(((millis as u128) << 80 | 9).to_be_bytes())
}

impl World {
    fn store(&mut self, side: Side) -> &mut Row {
        match side {
            Side::Legacy => &mut self.legacy,
            Side::Modern => &mut self.modern,
        }
    }

    /// Stores a record if it is newer, as far as these stores can tell.
    fn apply(&mut self, side: Side, record: Row) -> Result<(), Stamp> {
        let stores = self.stores;
        let row = self.store(side);
        match stores {
            Stores::Stamped | Stores::WithoutTombstones
                if !Record::from(record).supersedes(row.stamp) =>
            {
                return Err(row.stamp);
            }
            Stores::Stamped => *row = record,
            _ if record.value.is_none() => *row = ABSENT,
            _ => *row = record,
        }
        Ok(())
    }

    /// A copy from legacy to modern, by backfill or repair.
    fn copy(&mut self, record: Row) {
        let leaves_out = match self.stores {
            Stores::InsertIfAbsent => self.modern.value.is_some(),
            Stores::Watermark => self.written > self.read,
            _ => false,
        };
        if !leaves_out && record.stamp > Stamp::ZERO {
            let _ = self.apply(Side::Modern, record);
        }
    }

    /// What a repair does about what it has read.
    fn decide(&self, legacy: Row, modern: Row) -> Join {
        match self.stores {
            Stores::Stamped | Stores::WithoutTombstones => {
                self.rule.decide(&legacy.into(), &modern.into())
            }
            _ if legacy.value == modern.value => Join::Level,
            _ => Join::Copy { from: Side::Legacy },
        }
    }

    /// One more application of a join; answers whether it was the last.
    fn carry_out(&mut self, join: Join, step: u8, legacy: Row, modern: Row) -> bool {
        let of = |side| if side == Side::Legacy { legacy } else { modern };
        match join {
            Join::Level | Join::Stuck => true,
            Join::Copy { from: Side::Legacy } if self.is_plain() => {
                // Deletes what is too much, without a thought.
                match legacy.value {
                    None => self.modern = ABSENT,
                    Some(_) => self.copy(legacy),
                }
                true
            }
            Join::Copy { from } => {
                let _ = self.apply(from.other(), of(from));
                true
            }
            Join::Settle { from, stamp, both } => {
                let record = Row { stamp, value: of(from).value };
                let sides = [Side::Legacy, Side::Modern].into_iter();
                let mut sides = sides.filter(|side| both || *side != from).skip(step.into());
                if let Some(side) = sides.next() {
                    let _ = self.apply(side, record);
                }
                sides.next().is_none()
            }
        }
    }

    fn is_plain(&self) -> bool {
        !matches!(self.stores, Stores::Stamped | Stores::WithoutTombstones)
    }

    fn is_right(&self) -> bool {
        self.legacy.value == self.last && self.modern.value == self.last
    }
}

impl Program {
    const fn backfill() -> Self {
        Self::Backfill { read: None, is_done: false }
    }

    const fn repair() -> Self {
        Self::Repair { modern: None, legacy: None, join: None, applied: 0 }
    }

    fn is_done(&self) -> bool {
        match self {
            Self::Backfill { is_done, .. } => *is_done,
            Self::Writer { written, modern_fails, .. } => *written == 2 - u8::from(*modern_fails),
            Self::Repair { applied, .. } => *applied == u8::MAX,
        }
    }

    fn step(&mut self, world: &mut World) {
        world.clock += 1;
        match self {
            Self::Backfill { read: read @ None, .. } => {
                (*read, world.read) = (Some(world.legacy), world.clock);
            }
            Self::Backfill { read: Some(read), is_done } => {
                world.copy(*read);
                *is_done = true;
            }
            Self::Writer { record, written: written @ 0, .. } => {
                // Not yet touched, so it takes a stamp above what is ahead of it.
                if let Err(ahead) = world.apply(Side::Legacy, *record) {
                    record.stamp = ahead.successor().expect("no stamp here is the last");
                    world.apply(Side::Legacy, *record).expect("it is above");
                }
                world.last = record.value;
                *written = 1;
            }
            Self::Writer { record, written, .. } => {
                let _ = world.apply(Side::Modern, *record);
                world.written = world.clock;
                *written = 2;
            }
            Self::Repair { modern: modern @ None, .. } => {
                (*modern, world.read) = (Some(world.modern), world.clock);
            }
            Self::Repair { legacy: legacy @ None, .. } => *legacy = Some(world.legacy),
            Self::Repair { modern: Some(modern), legacy: Some(legacy), join, applied } => {
                let join = *join.get_or_insert_with(|| world.decide(*legacy, *modern));
                let is_last = world.carry_out(join, *applied, *legacy, *modern);
                *applied = if is_last { u8::MAX } else { *applied + 1 };
            }
        }
    }
}

/// Wrong endings, and all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Count {
    wrong: u64,
    all: u64,
}

/// Steps any program that is not done, in every order; at the end, what was noted
/// because modern failed is repaired.
fn explore(world: &World, programs: &[Program], is_noted: bool, count: &mut Count) {
    let mut is_end = true;
    for at in 0..programs.len() {
        if programs[at].is_done() {
            continue;
        }
        is_end = false;
        let (mut world, mut programs) = (world.clone(), programs.to_vec());
        programs[at].step(&mut world);
        explore(&world, &programs, is_noted, count);
    }
    if is_end {
        let mut world = world.clone();
        let mut repair = Program::repair();
        while is_noted && !repair.is_done() {
            repair.step(&mut world);
        }
        count.all += 1;
        count.wrong += u64::from(!world.is_right());
    }
}

/// Where the row begins: in legacy alone, in both, and where modern holds
/// something else under the same stamp.
fn beginnings(stores: Stores, rule: JoinRule) -> [World; 3] {
    [ABSENT, OLD, STRAY].map(|modern| {
        let (legacy, last) = (OLD, OLD.value);
        World { stores, rule, legacy, modern, last, clock: 0, written: 0, read: 0 }
    })
}

/// Two writers: an update and a deletion, or two updates, under stamps of either
/// order, of which modern fails none, one or both.
fn writers() -> Vec<[Program; 2]> {
    let mut writers = Vec::new();
    for other in [None, Some(2)] {
        for (one, two) in [(2, 3), (3, 2)] {
            for fails in [[false, false], [true, false], [false, true], [true, true]] {
                let writer = |value, millis, modern_fails| {
                    let record = Row { stamp: stamp(millis), value };
                    Program::Writer { record, written: 0, modern_fails }
                };
                writers.push([writer(Some(1), one, fails[0]), writer(other, two, fails[1])]);
            }
        }
    }
    writers
}

/// All interleavings, by whether a write of modern failed.
fn explored(stores: Stores, rule: JoinRule) -> [Count; 2] {
    let mut counts = [Count::default(); 2];
    for world in beginnings(stores, rule) {
        for [one, two] in writers() {
            let fails = |it: &Program| matches!(it, Program::Writer { modern_fails: true, .. });
            let is_noted = fails(&one) || fails(&two);
            let programs = [Program::backfill(), one, two, Program::repair()];
            explore(&world, &programs, is_noted, &mut counts[usize::from(is_noted)]);
        }
    }
    counts
}

const LEGACY_WINS: JoinRule = JoinRule::Wins { winner: Side::Legacy, outright: true };
const THE_LARGER: JoinRule = JoinRule::Larger { tie: Side::Legacy };

#[expect(clippy::print_stdout, reason = "the counts are what is shown with --nocapture")]
fn reported(stores: Stores, rule: JoinRule) -> [Count; 2] {
    let counts = explored(stores, rule);
    for (count, when) in counts.iter().zip(["all arrive", "modern fails, and is repaired after"]) {
        println!("{stores:?}, {rule:?}, {when}: {} wrong of {}", count.wrong, count.all);
    }
    counts
}

#[test]
fn stamps_and_tombstones_never_end_wrong() {
    for rule in [LEGACY_WINS, THE_LARGER] {
        for count in reported(Stores::Stamped, rule) {
            assert_eq!(count.wrong, 0);
            assert!(count.all > 40_000, "{count:?}");
        }
    }
}

#[test]
fn without_tombstones_some_end_wrong() {
    for rule in [LEGACY_WINS, THE_LARGER] {
        let [arrived, _] = reported(Stores::WithoutTombstones, rule);
        assert!(arrived.wrong > 0);
    }
}

#[test]
fn without_stamps_some_end_wrong() {
    for stores in [Stores::BlindUpsert, Stores::InsertIfAbsent, Stores::Watermark] {
        let [arrived, _] = reported(stores, LEGACY_WINS);
        assert!(arrived.wrong > 0, "{stores:?}");
    }
}
