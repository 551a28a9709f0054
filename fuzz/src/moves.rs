//! Moves, one after the other, over fleets that may be anything: what is allowed
//! was allowed to every key by R1 to R4, and leads to a state that is sound.

use strangler_fig::phase::{
    Adopted, EvictionGround, Fleet, MigrationState, Move, MoveId, MoveNote, NodeLease, NodeRole,
    Phase, Refused, Scopes, Share, SweepTicket,
};
use strangler_fig::stamp::StampScope;

use crate::drawn;
use crate::rules::{self, Step};
use crate::source::Source;
use crate::states::{comes_back, is_sound};

/// How many moves at most.
const MOVES_MAX: usize = 48;

/// How a state is moved.
pub type Transition = fn(&MigrationState, &Move, MoveId, &Fleet) -> Result<MigrationState, Refused>;

/// Checks the moves that `bytes` choose.
pub fn check(bytes: &[u8]) {
    check_with(MigrationState::transition, bytes);
}

/// The same of another transition; answers the states on the way.
pub fn check_with(transition: Transition, bytes: &[u8]) -> Vec<MigrationState> {
    let mut seen = Vec::new();
    let mut source = Source::new(bytes);
    let mut trip = Trip::starting(&mut source);
    for _ in 0..MOVES_MAX {
        if source.is_empty() {
            break;
        }
        trip.go_on(transition, &mut source);
        seen.push(trip.state.clone());
    }
    comes_back(MigrationState::from_document, &trip.state);
    seen
}

/// A migration on its way, and what was seen on it.
struct Trip {
    state: MigrationState,
    adopted: Vec<Adopted>,
    tickets: Vec<(SweepTicket, MigrationState)>,
}

impl Trip {
    /// From the first state, or from one that a document told of.
    fn starting(source: &mut Source<'_>) -> Self {
        let name = drawn::airports();
        let told = (source.byte() == b'!').then(|| drawn::state_document(source).to_string());
        let told = told.and_then(|text| MigrationState::from_document(&text, &name).ok());
        let state = told.unwrap_or_else(|| MigrationState::new(name));
        Self { adopted: vec![state.adopted()], state, tickets: Vec::new() }
    }

    fn go_on(&mut self, transition: Transition, source: &mut Source<'_>) {
        let (fleet, is_accepted) = self.fleet(source);
        if source.byte() % 4 == 0 {
            self.tickets.push((self.state.begin_sweep(&fleet), self.state.clone()));
        }
        let (step, began) = self.step(source);
        let id = MoveId::fixed(u128::from(self.state.epoch()) + 1);
        let before = &self.state;
        match transition(before, &step, id, &fleet) {
            Ok(after) => {
                assert_eq!((after.epoch(), after.move_id()), (before.epoch() + 1, id));
                let steered = if step.steers() { after.adopted() } else { before.steered() };
                assert_eq!(after.steered(), steered, "{step}");
                is_sound(&after);
                let made = Step { before, step: &step, after: &after, fleet: &fleet, is_accepted };
                rules::allow(&made, began);
                let recorded = after.clone().with_record(&step, MoveNote::default());
                self.state = if source.flag() { recorded } else { after };
                self.adopted.push(self.state.adopted());
            }
            Err(refused) => rules::may_refuse(before, &step, &fleet, is_accepted, &refused),
        }
    }

    /// Up to three nodes, most of which work by the newest state; and whether the
    /// operator accepts that the first of them keeps its stamps in its process.
    fn fleet(&self, source: &mut Source<'_>) -> (Fleet, bool) {
        let leases = match source.byte() {
            0..=0x9F => vec![NodeLease::new(drawn::node(0)).adopting(self.state.adopted())],
            _ => source.many(3, |source| self.lease(source)),
        };
        let (fleet, is_accepted) = (Fleet::new(leases), source.byte() >= 0xF0);
        if is_accepted {
            return (fleet.accepting_process_scope(drawn::node(0).name), true);
        }
        (fleet, false)
    }

    fn lease(&self, source: &mut Source<'_>) -> NodeLease {
        let lease = NodeLease::new(drawn::node(source.byte()));
        let mut lease = match source.byte() {
            0..=0xB7 => lease.adopting(self.state.adopted()),
            0xB8..=0xDF => lease.adopting(source.one_of(&self.adopted)),
            0xE0..=0xE7 => {
                let (epoch, by) = (source.number(), source.byte());
                lease.adopting(Adopted::new(epoch, MoveId::fixed(by.into())))
            }
            _ => lease,
        };
        match source.byte() {
            0xF0..=0xF4 => lease.scopes = Scopes { legacy: StampScope::Process, ..lease.scopes },
            0xF5..=0xF9 => lease.holds = source.number(),
            0xFA..=0xFD => lease.role = NodeRole::Worker,
            0xFE..=0xFF => lease.role = NodeRole::Outside,
            _ => {}
        }
        lease
    }

    /// What is tried next, and the state under which its sweep began, if it has one.
    fn step(&self, source: &mut Source<'_>) -> (Move, Option<&MigrationState>) {
        let share =
            |source: &mut Source<'_>| Share::new(drawn::share(source)).unwrap_or(Share::WHOLE);
        let step = match source.byte() % 16 {
            0..=4 => Move::to(source.one_of(&Phase::ALL)),
            5..=8 => Move::cohort_to(source.one_of(&Phase::ALL)),
            9 => Move::StartCohort { share: share(source) },
            10 => Move::GrowCohort { share: share(source) },
            11 => Move::EndCohort,
            12 | 13 => return self.complete(source),
            14 => Move::ExpectNodes(u32::from(source.byte() % 3 + 1).try_into().expect("not 0")),
            _ if source.byte() < 0xF8 => {
                let node = drawn::node(source.byte());
                Move::Evict { node, ground: EvictionGround::ProcessEnded }
            }
            _ => Move::Decommission,
        };
        (step, None)
    }

    fn complete(&self, source: &mut Source<'_>) -> (Move, Option<&MigrationState>) {
        let back = usize::from(source.byte() % 3) + 1;
        let Some((ticket, began)) = self.tickets.iter().nth_back(back - 1) else {
            return (Move::EndCohort, None);
        };
        let unclean = match source.byte() {
            0..=0xDF => [0, 0],
            _ => [source.number(), source.number()],
        };
        (Move::Complete(ticket.finish(unclean[0], unclean[1])), Some(began))
    }
}
