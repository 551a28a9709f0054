//! What a definition says of itself.

use strangler_fig::saga::{DefinitionId, SagaBuilder, SagaDefinition, step_fn};

/// The innermost step has this name.
fn leaf(step: &str) -> SagaDefinition<u32, u32> {
    let mut saga = SagaBuilder::<u32>::new("leaf", 1);
    let a = saga.step(step, step_fn(|_: u32, _| async { Ok(0_u32) }), saga.input());
    saga.build(a).unwrap()
}

/// A saga whose one step is a plain one, or that saga.
fn around(nested: Option<&SagaDefinition<u32, u32>>) -> SagaDefinition<u32, u32> {
    let mut saga = SagaBuilder::<u32>::new("around", 1);
    let input = saga.input();
    let a = match nested {
        None => saga.step("a", step_fn(|_: u32, _| async { Ok(0_u32) }), input),
        Some(nested) => saga.sub_saga("a", nested, input),
    };
    saga.build(a).unwrap()
}

fn id(nested: Option<&SagaDefinition<u32, u32>>) -> DefinitionId {
    around(nested).id().clone()
}

/// S9: a runner must not undo by one what was done by the other.
#[test]
fn a_step_and_a_saga_of_one_name_are_two_definitions_and_so_are_two_sagas() {
    assert_eq!(id(None), id(None));
    assert_eq!(id(Some(&leaf("x"))), id(Some(&leaf("x"))));
    assert_ne!(id(None), id(Some(&leaf("x"))));
    assert_ne!(id(Some(&leaf("x"))), id(Some(&leaf("y"))));
    let deeper = |step: &str| id(Some(&around(Some(&leaf(step)))));
    assert_ne!(deeper("x"), deeper("y"), "however deep");
}

/// An author who names the input as the point of no return has none.
#[test]
fn the_input_is_no_pivot() {
    let mut saga = SagaBuilder::<u32>::new("pivoted", 1);
    let a = saga.step("a", step_fn(|_: u32, _| async { Ok(0_u32) }), saga.input());
    saga.pivot(saga.input());
    assert!(saga.build(a).is_err());
}
