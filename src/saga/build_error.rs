use super::StepName;
use crate::phase::NameError;

/// Why a saga cannot be built.
///
/// ```
/// use strangler_fig::saga::{BuildError, SagaBuilder, step_fn};
///
/// let nothing = || step_fn(|_: (), _| async { Ok(()) });
/// let mut saga = SagaBuilder::<()>::new("checkout", 1);
/// saga.step("reserve", nothing(), ());
/// let twice = saga.step("reserve", nothing(), ());
/// let error = saga.build(twice).unwrap_err();
/// assert_eq!(error.to_string(), "two steps are called reserve");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The saga, or a step, has a text for a name that is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is no step.
    #[error("a saga has at least one step")]
    NoSteps,
    /// There are too many.
    #[error("a saga has at most {limit} steps, not {steps}")]
    TooManySteps {
        /// So many.
        steps: usize,
        /// The most.
        limit: usize,
    },
    /// Two steps have one name.
    #[error("two steps are called {step}")]
    SameName {
        /// Which.
        step: StepName,
    },
    /// A step, or the output, takes a value of another saga's builder.
    #[error("{taker} takes a value of another saga")]
    ForeignValue {
        /// The step, or `the output`.
        taker: String,
    },
    /// The pivot is a step, and not what the saga is started with.
    #[error("the saga's input cannot be its pivot")]
    PivotIsInput,
    /// There are two pivots.
    #[error("{first} is the pivot, and {second} cannot be one as well")]
    TwoPivots {
        /// The one.
        first: StepName,
        /// The other.
        second: StepName,
    },
    /// A step is neither before nor after the pivot: whether it can be undone would be chance.
    #[error("step {step} is neither before the pivot {pivot} nor after it")]
    BesidePivot {
        /// Which.
        step: StepName,
        /// The pivot.
        pivot: StepName,
    },
    /// A saga with a pivot cannot be undone as a whole, and stands before the pivot of another.
    #[error(
        "step {step} is a saga with a pivot, which cannot be undone: it has to be the pivot, or after it"
    )]
    SubSagaCannotBeUndone {
        /// Which.
        step: StepName,
    },
}
