use std::num::NonZeroU32;

use strangler_fig::phase::{
    Adopted, Bucket, Fleet, Incarnation, MigrationState, Move, MoveId, NodeId, NodeLease, Part,
    PartName, Phase, Refused, Share,
};

/// A lease of `node`, working by what it has adopted.
pub(crate) fn lease(node: &str, adopted: Option<Adopted>) -> NodeLease {
    let node = NodeId { name: node.parse().unwrap(), incarnation: Incarnation::fixed(1) };
    let lease = NodeLease::new(node);
    adopted.map_or(lease.clone(), |adopted| lease.adopting(adopted))
}

/// The fleet of one node that works by `state`.
pub(crate) fn settled(state: &MigrationState) -> Fleet {
    Fleet::new(vec![lease("node-1", Some(state.adopted()))])
}

/// The fleet of one node that is about to start.
pub(crate) fn unsettled() -> Fleet {
    Fleet::new(vec![lease("node-1", None)])
}

/// A migration on its way, with a fleet that has settled in some state of it.
#[derive(Debug, Clone)]
pub(crate) struct Trip {
    pub(crate) state: MigrationState,
    pub(crate) fleet: Fleet,
}

impl Trip {
    /// One that has not begun, with a fleet that knows it.
    pub(crate) fn new() -> Self {
        let state = MigrationState::new("airports".parse().unwrap());
        let fleet = settled(&state);
        Self { state, fleet }
    }

    /// One that went through these phases as a whole, settled in each, and
    /// swept in each `Cutover`.
    pub(crate) fn through(phases: &[Phase]) -> Self {
        let mut trip = Self::new();
        for phase in phases {
            trip = trip.moved(Move::to(*phase)).settled();
            if *phase == Phase::Cutover {
                trip = trip.swept();
            }
        }
        trip
    }

    /// The same with a cohort of 25 %, as a copy of the base.
    pub(crate) fn with_cohort(self) -> Self {
        let share = Share::percent(25);
        self.moved(Move::StartCohort { share }).settled()
    }

    /// The same with the cohort moved on as by [`through`](Self::through).
    pub(crate) fn cohort_through(self, phases: &[Phase]) -> Self {
        phases.iter().fold(self, |trip, phase| {
            let trip = trip.moved(Move::cohort_to(*phase)).settled();
            match phase {
                Phase::Cutover => trip.swept(),
                _ => trip,
            }
        })
    }

    #[expect(clippy::needless_pass_by_value, reason = "it reads better at its many callers")]
    pub(crate) fn attempt(&self, step: Move) -> Result<MigrationState, Refused> {
        let id = MoveId::fixed(u128::from(self.state.epoch()) + 1);
        self.state.transition(&step, id, &self.fleet)
    }

    /// Why `step` is refused.
    #[expect(clippy::needless_pass_by_value, reason = "it reads better at its many callers")]
    pub(crate) fn refusal(&self, step: Move) -> Refused {
        match self.attempt(step.clone()) {
            Ok(state) => panic!("{step:?} was allowed: {state:?}"),
            Err(refused) => refused,
        }
    }

    /// After a move that must be allowed; the fleet does not know it yet.
    #[expect(clippy::needless_pass_by_value, reason = "it reads better at its many callers")]
    pub(crate) fn moved(mut self, step: Move) -> Self {
        self.state = self.attempt(step.clone()).unwrap_or_else(|refused| {
            panic!("{step:?} was refused ({refused}) in {:?}", self.state);
        });
        self
    }

    /// The fleet works by the state.
    pub(crate) fn settled(mut self) -> Self {
        self.fleet = settled(&self.state);
        self
    }

    /// A node is about to start.
    pub(crate) fn unsettled(mut self) -> Self {
        self.fleet = unsettled();
        self
    }

    /// After a clean sweep, and settled in what it has shown.
    pub(crate) fn swept(self) -> Self {
        let evidence = self.state.begin_sweep(&self.fleet).finish(0, 0);
        self.moved(Move::Complete(evidence)).settled()
    }

    pub(crate) fn base(&self) -> Part {
        self.state.base()
    }

    pub(crate) fn cohort(&self) -> Part {
        self.state.part(PartName::Cohort).unwrap()
    }

    /// Whether the state takes down that these buckets were ever in `Cutover`.
    pub(crate) fn cut_over<const N: usize>(&self, buckets: [u16; N]) -> [bool; N] {
        buckets.map(|number| self.state.cut_over().holds(Bucket::new(number).unwrap()))
    }
}

/// There and back once, so that legacy was left behind, to the legacy family.
pub(crate) const ROUND_TRIP: [Phase; 6] =
    [Phase::Cutover, Phase::Live, Phase::RampDown, Phase::Live, Phase::Cutover, Phase::DualWrite];

/// So many nodes must hold a lease.
pub(crate) fn expect_nodes(nodes: u32) -> Move {
    Move::ExpectNodes(NonZeroU32::new(nodes).unwrap())
}
