use std::collections::HashMap;
use std::fmt::Write as _;

use twox_hash::XxHash3_64;

use super::{BuildError, DefinitionId, SagaName, StepName};

/// The most steps of a saga.
const STEPS_MAX: usize = 10_000;

/// So many steps are searched one by one.
const FEW: usize = 16;

/// What a definition says of the order of its steps, without the steps themselves: what
/// the state of a saga is read by.
///
/// Steps are numbered from 0, each after those that it needs.
///
/// ```
/// use strangler_fig::saga::{Passage, SagaBuilder, step_fn};
///
/// let nothing = || step_fn(|_: (), _| async { Ok(()) });
/// let mut saga = SagaBuilder::<()>::new("checkout", 1);
/// let reserved = saga.step("reserve", nothing(), ());
/// let charged = saga.step("charge", nothing(), reserved);
/// saga.pivot(charged);
/// let plan = saga.build(charged)?.plan().clone();
/// assert_eq!((plan.len(), plan.parents(1)), (2, &[0][..]));
/// assert_eq!(plan.passage(0), Passage::Before);
/// # Ok::<(), strangler_fig::saga::BuildError>(())
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct SagaPlan {
    id: DefinitionId,
    steps: Vec<Planned>,
    places: HashMap<StepName, usize>,
    pivot: Option<usize>,
}

#[derive(Debug, PartialEq, Eq)]
struct Planned {
    name: StepName,
    parents: Vec<usize>,
    children: Vec<usize>,
    passage: Passage,
}

/// A step that a plan is made of.
pub(super) struct NewStep {
    pub(super) name: StepName,
    /// The numbers of the steps that it needs, all of them smaller than its own.
    pub(super) parents: Vec<usize>,
    /// The saga that it is.
    pub(super) nested: Option<DefinitionId>,
}

/// Where a step stands to the pivot.
///
/// ```
/// use strangler_fig::saga::Passage;
/// assert!(Passage::Before < Passage::Pivot && Passage::Pivot < Passage::After);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Passage {
    /// It can be compensated.
    Before,
    /// Once it is done there is no way back.
    Pivot,
    /// It is tried as its schedule says, and then the saga is parked.
    After,
}

impl SagaPlan {
    /// The plan of steps.
    pub(super) fn new(
        name: SagaName,
        version: u32,
        steps: Vec<NewStep>,
        pivot: Option<usize>,
    ) -> Result<Self, BuildError> {
        if steps.is_empty() {
            return Err(BuildError::NoSteps);
        }
        if steps.len() > STEPS_MAX {
            return Err(BuildError::TooManySteps { steps: steps.len(), limit: STEPS_MAX });
        }
        let fingerprint = fingerprint(&steps, pivot);
        let mut places = HashMap::with_capacity(steps.len());
        let mut planned: Vec<Planned> = Vec::with_capacity(steps.len());
        for (at, NewStep { name, parents, .. }) in steps.into_iter().enumerate() {
            if places.insert(name.clone(), at).is_some() {
                return Err(BuildError::SameName { step: name });
            }
            for &parent in &parents {
                planned[parent].children.push(at);
            }
            planned.push(Planned { name, parents, children: vec![], passage: Passage::Before });
        }
        let id = DefinitionId { name, version, fingerprint };
        let mut plan = Self { id, steps: planned, places, pivot };
        plan.mark_passages()?;
        Ok(plan)
    }

    /// Every other step is before the pivot, or after it.
    fn mark_passages(&mut self) -> Result<(), BuildError> {
        let Some(pivot) = self.pivot else { return Ok(()) };
        let before = self.reachable(pivot, Self::parents);
        let after = self.reachable(pivot, Self::children);
        for at in 0..self.steps.len() {
            self.steps[at].passage = match (before[at], after[at]) {
                _ if at == pivot => Passage::Pivot,
                (true, _) => Passage::Before,
                (_, true) => Passage::After,
                _ => {
                    let [step, pivot] = [at, pivot].map(|at| self.steps[at].name.clone());
                    return Err(BuildError::BesidePivot { step, pivot });
                }
            };
        }
        Ok(())
    }

    fn reachable(&self, from: usize, next: impl Fn(&Self, usize) -> &[usize]) -> Vec<bool> {
        let mut reached = vec![false; self.steps.len()];
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            for &to in next(self, at) {
                if !std::mem::replace(&mut reached[to], true) {
                    open.push(to);
                }
            }
        }
        reached
    }

    /// Which definition it is of.
    #[must_use]
    pub const fn id(&self) -> &DefinitionId {
        &self.id
    }

    /// How many steps there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is no step, which never is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The name of a step.
    ///
    /// # Panics
    ///
    /// When there is no step of that number, as its neighbours below.
    #[must_use]
    pub fn name(&self, step: usize) -> &StepName {
        &self.steps[step].name
    }

    /// The steps that a step needs.
    #[must_use]
    pub fn parents(&self, step: usize) -> &[usize] {
        &self.steps[step].parents
    }

    /// The steps that need a step.
    #[must_use]
    pub fn children(&self, step: usize) -> &[usize] {
        &self.steps[step].children
    }

    /// Where a step stands to the pivot; before it, if there is none.
    #[must_use]
    pub fn passage(&self, step: usize) -> Passage {
        self.steps[step].passage
    }

    /// The pivot, if there is one.
    #[must_use]
    pub const fn pivot(&self) -> Option<usize> {
        self.pivot
    }

    /// The number of the step of a name.
    #[must_use]
    pub fn place(&self, name: &StepName) -> Option<usize> {
        // Few are found without a hash.
        if self.steps.len() <= FEW {
            return self.steps.iter().position(|step| step.name == *name);
        }
        self.places.get(name).copied()
    }
}

/// A hash of what follows what, and of which sagas are steps: the same on every machine, for ever.
fn fingerprint(steps: &[NewStep], pivot: Option<usize>) -> u64 {
    let mut text = String::new();
    for NewStep { name, parents, nested } in steps {
        let _ = match nested {
            None => writeln!(text, "{name} {parents:?}"),
            Some(nested) => writeln!(text, "{name} {parents:?} {nested}"),
        };
    }
    let _ = write!(text, "{pivot:?}");
    XxHash3_64::oneshot(text.as_bytes())
}
