//! A real register, simulated, and its history.

use strangler_fig::testkit::history::Operation;

use crate::support::{Op, get, maybe, put};

/// What a simulated register is put through.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) operations: usize,
    pub(crate) clients: usize,
    pub(crate) reads_percent: usize,
    pub(crate) deletes_percent: usize,
    pub(crate) unknown_percent: usize,
    /// How many distinct values are written; 0 for a new one each time.
    pub(crate) values: usize,
    pub(crate) seed: usize,
}

/// A random number generator (xorshift) that is the same on every machine.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let number = usize::try_from(self.0 >> 33).expect("it has 31 bits");
        number % limit
    }

    pub(crate) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// Where a client's operation is on its way.
enum Stage {
    Idle,
    Begun(Op),
    Done(Op),
}

/// The history of a real register under `load`: of all clients, one at a time
/// takes its next step, so that steps interleave at random.
pub(crate) fn register(load: Load) -> Vec<Op> {
    let mut simulation = Simulation::new(load);
    while simulation.history.len() < load.operations {
        simulation.step();
    }
    simulation.finished()
}

struct Simulation {
    load: Load,
    dice: Dice,
    ticket: u64,
    written: usize,
    value: Option<u32>,
    clients: Vec<Stage>,
    /// Unknown writes that may land at any time, by their values.
    adrift: Vec<Option<u32>>,
    history: Vec<Op>,
}

impl Simulation {
    fn new(load: Load) -> Self {
        let clients = (0..load.clients).map(|_| Stage::Idle).collect();
        let dice = Dice::seeded(load.seed as u64);
        let (adrift, history) = (Vec::new(), Vec::new());
        Self { load, dice, ticket: 0, written: 0, value: None, clients, adrift, history }
    }

    fn step(&mut self) {
        self.ticket += 1;
        let client = self.dice.below(self.load.clients);
        let stage = std::mem::replace(&mut self.clients[client], Stage::Idle);
        self.clients[client] = match stage {
            Stage::Idle => self.begin(),
            Stage::Begun(operation) => Stage::Done(self.take_effect(operation)),
            Stage::Done(operation) => self.respond(&operation),
        };
        if self.dice.percent(1) {
            self.land();
        }
    }

    /// Some unknown write takes effect, if one is left.
    fn land(&mut self) {
        if !self.adrift.is_empty() {
            let chosen = self.dice.below(self.adrift.len());
            self.value = self.adrift.swap_remove(chosen);
        }
    }

    fn begin(&mut self) -> Stage {
        let now = self.ticket;
        if self.dice.percent(self.load.reads_percent) {
            return Stage::Begun(get(None, now..now));
        }
        let value = self.next_value();
        if self.dice.percent(self.load.unknown_percent) {
            self.history.push(maybe(value, now));
            self.adrift.push(value);
            return Stage::Idle;
        }
        Stage::Begun(Operation { value, ..put(0, now..now) })
    }

    fn next_value(&mut self) -> Option<u32> {
        self.written += 1;
        let value = self.written.checked_rem(self.load.values).unwrap_or(self.written);
        let value = u32::try_from(value).expect("loads are small");
        (!self.dice.percent(self.load.deletes_percent)).then_some(value)
    }

    /// The history, with the writes that are still going on as unknown.
    fn finished(mut self) -> Vec<Op> {
        let ongoing = self.clients.into_iter().filter_map(|stage| match stage {
            Stage::Begun(operation) | Stage::Done(operation) => Some(operation),
            Stage::Idle => None,
        });
        let writes = ongoing.filter(|operation| !operation.is_read());
        self.history.extend(writes.map(|write| maybe(write.value, write.invoked)));
        self.history
    }

    fn take_effect(&mut self, mut operation: Op) -> Op {
        if operation.is_read() {
            operation.value = self.value;
        } else {
            self.value = operation.value;
        }
        operation
    }

    fn respond(&mut self, operation: &Op) -> Stage {
        let at = operation.invoked..self.ticket;
        self.history.push(if operation.is_read() {
            get(operation.value, at)
        } else {
            Operation { value: operation.value, ..put(0, at) }
        });
        Stage::Idle
    }
}
