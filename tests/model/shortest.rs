//! What goes wrong in a model, told as shortly as can be.

use std::fmt::Debug;
use std::hash::Hash;

use stateright::{Checker, HasDiscoveries, Model, Path};

/// What the checker can explore.
pub(crate) trait Explored:
    Model<
        State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
        Action: Clone + Debug + PartialEq,
    > + Send
    + Sync
    + 'static
{
}

impl<M> Explored for M where
    M: Model<
            State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
            Action: Clone + Debug + PartialEq,
        > + Send
        + Sync
        + 'static
{
}

/// How a path that ends in a violation of the property is told.
type Story<M> = fn(&str, Path<<M as Model>::State, <M as Model>::Action>) -> String;

/// Whether nothing goes wrong, whatever happens.
pub(crate) fn is_sound<M: Explored>(model: M) -> bool {
    let checker = model.checker().threads(2).finish_when(HasDiscoveries::AnyFailures);
    checker.spawn_bfs().join().discoveries().is_empty()
}

/// A story of what goes wrong, in fewer than `steps`. A start is at depth 1, and the
/// depth given is not explored any more.
fn within<M: Explored>(model: M, story: Story<M>, steps: usize) -> Option<(usize, String)> {
    let checker = model.checker().finish_when(HasDiscoveries::AnyFailures);
    let checker = checker.target_max_depth(steps.saturating_add(1)).spawn_bfs().join();
    let told = checker
        .discoveries()
        .into_iter()
        .map(|(property, path)| (path.clone().into_vec().len() - 1, story(property, path)));
    told.min_by_key(|(steps, _)| *steps)
}

/// The shortest story of what goes wrong, if anything does.
pub(crate) fn shortest<M: Explored>(model: impl Fn() -> M, story: Story<M>) -> Option<String> {
    // What is found first need not be the shortest: it is looked for again below that.
    let mut shortest = within(model(), story, usize::MAX)?;
    while let Some(shorter) = within(model(), story, shortest.0) {
        if shorter.0 >= shortest.0 {
            break;
        }
        shortest = shorter;
    }
    Some(shortest.1)
}
