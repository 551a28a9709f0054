use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use super::StepOutput;

/// A value on its way through a saga: its input, or the output of a step.
///
/// It is made by a [`SagaBuilder`](super::SagaBuilder), and only its type is known until the saga
/// runs.
#[derive(Debug)]
pub struct Value<T> {
    pub(super) builder: u64,
    /// 0 is the input, the others steps.
    pub(super) slot: usize,
    pub(super) of: PhantomData<fn() -> T>,
}

impl<T> Clone for Value<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Value<T> {}

mod sealed {
    pub trait Sealed {}
}

/// What is known of a run so far, by slot.
pub(crate) type Slots = [Option<Arc<dyn Any + Send + Sync>>];

/// Where a step's input comes from: a [`Value`], a tuple of up to six, `()` for nothing; any of them
/// [`map`](Self::map)ped, or [`after`](Self::after) a step whose output it does not need.
///
/// What a step takes is what it waits for. There are no others.
///
/// ```
/// use strangler_fig::saga::{SagaBuilder, Wire};
/// # use strangler_fig::async_trait;
/// # use strangler_fig::saga::{Effect, SagaStep, StepContext, StepError};
/// # #[derive(Debug)] struct Reserve; #[derive(Debug)] struct Charge;
/// # #[async_trait] impl SagaStep for Reserve {
/// #     type Input = String; type Output = u32;
/// #     async fn execute(&self, sku: &String, _: &StepContext) -> Result<u32, StepError> { Ok(sku.len() as u32) }
/// #     async fn compensate(&self, _: &String, _: Effect<u32>, _: &StepContext) -> Result<(), StepError> { Ok(()) }
/// # }
/// # #[async_trait] impl SagaStep for Charge {
/// #     type Input = (u32, u32); type Output = ();
/// #     async fn execute(&self, _: &(u32, u32), _: &StepContext) -> Result<(), StepError> { Ok(()) }
/// #     async fn compensate(&self, _: &(u32, u32), _: Effect<()>, _: &StepContext) -> Result<(), StepError> { Ok(()) }
/// # }
///
/// let mut saga = SagaBuilder::<(String, u32)>::new("checkout", 1);
/// let order = saga.input();
/// let reserved = saga.step("reserve", Reserve, order.map(|(sku, _)| sku));
/// let charged = saga.step("charge", Charge, (order.map(|(_, cents)| cents), reserved));
/// saga.build(charged)?;
/// # Ok::<(), strangler_fig::saga::BuildError>(())
/// ```
pub trait Wire: sealed::Sealed + Send + Sync + 'static {
    /// What arrives.
    type Target: Send;

    /// The builder and the slot of each value in it.
    #[doc(hidden)]
    fn sources(&self, found: &mut Vec<(u64, usize)>);

    /// What arrives in this run.
    #[doc(hidden)]
    fn resolve(&self, slots: &[Option<Arc<dyn Any + Send + Sync>>]) -> Self::Target;

    /// What `map` makes of it: a part of it, say.
    fn map<T: Send, F>(self, map: F) -> Map<Self, F>
    where
        Self: Sized,
        F: Fn(Self::Target) -> T + Send + Sync + 'static,
    {
        Map { wire: self, map }
    }

    /// The same, once that is there as well.
    fn after<W: Wire>(self, first: W) -> After<Self, W>
    where
        Self: Sized,
    {
        After { wire: self, first }
    }
}

impl<T: StepOutput> sealed::Sealed for Value<T> {}

impl<T: StepOutput> Wire for Value<T> {
    type Target = T;

    fn sources(&self, found: &mut Vec<(u64, usize)>) {
        found.push((self.builder, self.slot));
    }

    fn resolve(&self, slots: &Slots) -> T {
        let value = slots[self.slot].as_ref().expect("a step begins after those it needs");
        value.downcast_ref::<T>().expect("a builder gives each slot one type").clone()
    }
}

/// See [`Wire::map`].
#[derive(Debug, Clone, Copy)]
pub struct Map<W, F> {
    wire: W,
    map: F,
}

impl<W: Wire, T: Send, F: Fn(W::Target) -> T + Send + Sync + 'static> sealed::Sealed for Map<W, F> {}

impl<W: Wire, T: Send, F: Fn(W::Target) -> T + Send + Sync + 'static> Wire for Map<W, F> {
    type Target = T;

    fn sources(&self, found: &mut Vec<(u64, usize)>) {
        self.wire.sources(found);
    }

    fn resolve(&self, slots: &Slots) -> T {
        (self.map)(self.wire.resolve(slots))
    }
}

/// See [`Wire::after`].
#[derive(Debug, Clone, Copy)]
pub struct After<W, A> {
    wire: W,
    first: A,
}

impl<W: Wire, A: Wire> sealed::Sealed for After<W, A> {}

impl<W: Wire, A: Wire> Wire for After<W, A> {
    type Target = W::Target;

    fn sources(&self, found: &mut Vec<(u64, usize)>) {
        self.wire.sources(found);
        self.first.sources(found);
    }

    fn resolve(&self, slots: &Slots) -> W::Target {
        self.wire.resolve(slots)
    }
}

impl sealed::Sealed for () {}

impl Wire for () {
    type Target = ();

    fn sources(&self, _: &mut Vec<(u64, usize)>) {}

    fn resolve(&self, _: &Slots) {}
}

macro_rules! tuple {
    ($($part:ident)+) => {
        impl<$($part: Wire),+> sealed::Sealed for ($($part,)+) {}

        impl<$($part: Wire),+> Wire for ($($part,)+) {
            type Target = ($($part::Target,)+);

            #[expect(non_snake_case, reason = "each part is called as its type is")]
            fn sources(&self, found: &mut Vec<(u64, usize)>) {
                let ($($part,)+) = self;
                $($part.sources(found);)+
            }

            #[expect(non_snake_case, reason = "each part is called as its type is")]
            fn resolve(&self, slots: &Slots) -> Self::Target {
                let ($($part,)+) = self;
                ($($part.resolve(slots),)+)
            }
        }
    };
}

tuple! { A }
tuple! { A B }
tuple! { A B C }
tuple! { A B C D }
tuple! { A B C D E }
tuple! { A B C D E F }
