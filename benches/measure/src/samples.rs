use tokio::runtime::{Builder, Runtime};

use crate::{Reading, Spent, figure, median};

/// What an operation cost, measured over and over.
#[derive(Debug)]
pub struct Samples {
    runtime: Runtime,
    nanos: Vec<f64>,
    allocations: Vec<f64>,
}

impl Default for Samples {
    /// None yet, of operations on one thread.
    ///
    /// # Panics
    ///
    /// If no runtime can be built.
    fn default() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("a runtime can be built");
        Self { runtime, nanos: Vec::new(), allocations: Vec::new() }
    }
}

impl Samples {
    /// Runs the operation so often, one after the other, and keeps what each cost.
    pub fn take(&mut self, times: u64, operation: &mut impl AsyncFnMut()) -> Spent {
        let spent = self.runtime.block_on(async {
            let before = Reading::now();
            for _ in 0..times {
                operation().await;
            }
            before.spent()
        });
        self.nanos.push(spent.nanos_each(times));
        self.allocations.push(spent.allocations_each(times));
        spent
    }

    /// Prints the medians as figures, if there are any.
    pub fn print(mut self, name: &str) {
        if !self.nanos.is_empty() {
            figure(format_args!("{name}.ns"), median(&mut self.nanos), "ns");
            let allocations = median(&mut self.allocations);
            figure(format_args!("{name}.allocs"), allocations, "allocations");
        }
    }
}
