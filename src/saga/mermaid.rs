//! Drawings of sagas, as Mermaid flowcharts.

use std::fmt::Write as _;

use super::{Passage, SagaPlan, SagaState, StepStatus};

impl SagaPlan {
    /// The definition as a [Mermaid](https://mermaid.js.org) flowchart: what follows what, and the pivot as a hexagon.
    ///
    /// ```
    /// use strangler_fig::saga::{SagaBuilder, step_fn};
    ///
    /// let nothing = || step_fn(|_: (), _| async { Ok(()) });
    /// let mut saga = SagaBuilder::<()>::new("checkout", 1);
    /// let reserved = saga.step("reserve", nothing(), ());
    /// let charged = saga.step("charge", nothing(), reserved);
    /// saga.pivot(charged);
    /// let drawing = saga.build(charged)?.plan().to_mermaid();
    /// assert_eq!(
    ///     drawing,
    ///     "flowchart LR\n    s0[\"reserve\"]\n    s1{{\"charge\"}}\n    s0 --> s1\n",
    /// );
    /// # Ok::<(), strangler_fig::saga::BuildError>(())
    /// ```
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        self.drawn(|_| String::new())
    }

    fn drawn(&self, remark: impl Fn(usize) -> String) -> String {
        let mut drawing = "flowchart LR\n".to_owned();
        for at in 0..self.len() {
            let (name, remark) = (self.name(at), remark(at));
            let (open, close) = match self.passage(at) {
                Passage::Pivot => ("{{", "}}"),
                Passage::Before | Passage::After => ("[", "]"),
            };
            let remark = if remark.is_empty() { remark } else { format!("<br/>{remark}") };
            // In quotes, for `end` is a word of Mermaid's.
            let _ = writeln!(drawing, "    s{at}{open}\"{name}{remark}\"{close}");
        }
        for at in 0..self.len() {
            for parent in self.parents(at) {
                let _ = writeln!(drawing, "    s{parent} --> s{at}");
            }
        }
        drawing
    }
}

impl SagaState {
    /// The run as a [Mermaid](https://mermaid.js.org) flowchart: each step with where it stands, and how often it was tried if
    /// that was more than once; done is green, undone grey, stuck red, under way blue.
    ///
    /// ```
    /// use strangler_fig::saga::{SagaBuilder, SagaState, step_fn};
    ///
    /// let mut saga = SagaBuilder::<()>::new("checkout", 1);
    /// let reserved = saga.step("reserve", step_fn(|_: (), _| async { Ok(()) }), ());
    /// let state = SagaState::new(saga.build(reserved)?.plan().clone());
    /// assert_eq!(state.to_mermaid(), "flowchart LR\n    s0[\"reserve<br/>pending\"]\n");
    /// # Ok::<(), strangler_fig::saga::BuildError>(())
    /// ```
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let plan = self.plan();
        let mut drawing = plan.drawn(|at| {
            let step = self.step(at);
            let (status, tries) = (step.status().name().replace('_', " "), step.attempts());
            if tries > 1 { format!("{status}, {tries} attempts") } else { status }
        });
        for at in 0..plan.len() {
            if let Some(colour) = colour(self.step(at).status()) {
                let _ = writeln!(drawing, "    style s{at} fill:{colour}");
            }
        }
        drawing
    }
}

const fn colour(status: StepStatus) -> Option<&'static str> {
    Some(match status {
        StepStatus::Pending => return None,
        StepStatus::Succeeded => "#9c9",
        StepStatus::Compensated | StepStatus::Failed => "#ccc",
        StepStatus::Stuck | StepStatus::StuckBack => "#e99",
        StepStatus::InDoubt => "#fd9",
        _ => "#9cf",
    })
}
