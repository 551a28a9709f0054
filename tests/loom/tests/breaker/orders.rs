//! Whatever threads do at once comes to what the library's own breaker comes to when
//! it is told the same steps one by one, in some order; and to each such thing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use breaker_model::{Breaker, Call, Fate, Settings};
use strangler_fig::resilience::CircuitBreaker as Reference;

use crate::support::{ByHand, Exploration, Job, Told, at_once, open, shipped};

/// What a thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Call(Fate),
    Turn(ByHand),
}

const ACTIONS: [Action; 6] = [
    Action::Call(Fate::Well),
    Action::Call(Fate::Sick),
    Action::Call(Fate::Cancelled),
    Action::Turn(ByHand::ForceOpen),
    Action::Turn(ByHand::Disable),
    Action::Turn(ByHand::Reset),
];

/// What came of it all: which calls were let through, by thread, and the turns.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Outcome {
    through: Vec<Vec<bool>>,
    state: &'static str,
    turns: Vec<(u64, &'static str, &'static str)>,
}

/// A thread of actions, a step at a time.
struct Script<B> {
    breaker: B,
    actions: Vec<Action>,
    under_way: Option<Call>,
    through: Vec<bool>,
}

impl<B: Breaker> Script<B> {
    fn new(breaker: &B, actions: &[Action]) -> Self {
        let actions = actions.iter().rev().copied().collect();
        Self { breaker: breaker.clone(), actions, under_way: None, through: Vec::new() }
    }

    fn is_done(&self) -> bool {
        self.actions.is_empty()
    }

    /// A call that is let through is two steps, its beginning and its end.
    fn step(&mut self) {
        match *self.actions.last().unwrap() {
            Action::Turn(by_hand) => by_hand.turn(&self.breaker),
            Action::Call(fate) => {
                if let Some(call) = self.under_way.take() {
                    call.end(fate);
                } else {
                    self.under_way = Call::begin(&self.breaker);
                    self.through.push(self.under_way.is_some());
                    if self.under_way.is_some() {
                        return;
                    }
                }
            }
        }
        self.actions.pop();
    }

    fn run(mut self) -> Vec<bool> {
        while !self.is_done() {
            self.step();
        }
        self.through
    }
}

/// A breaker that is closed or open, of so many probes, and threads that do so much.
#[derive(Debug, Clone)]
struct Plan {
    is_open: bool,
    probes: u32,
    threads: Vec<Vec<Action>>,
}

impl Plan {
    fn breaker<B: Breaker>(&self, make: impl Fn(&Settings) -> B) -> (B, Arc<Told>) {
        let told = Arc::new(Told::default());
        let observer = Some(told.clone() as _);
        let breaker = make(&Settings { probes: self.probes, observer, ..Settings::default() });
        if self.is_open {
            open(&breaker);
        }
        (breaker, told)
    }

    fn outcome(breaker: &impl Breaker, told: &Told, through: Vec<Vec<bool>>) -> Outcome {
        Outcome { through, state: breaker.state().name(), turns: told.turns(breaker) }
    }

    /// The outcome of threads, whichever way loom runs them.
    fn at_once(&self) -> Outcome {
        let (breaker, told) = self.breaker(shipped);
        let through = at_once(self.threads.iter().map(|actions| {
            let script = Script::new(&breaker, actions);
            Box::new(move || script.run()) as Job<_>
        }));
        Self::outcome(&breaker, &told, through)
    }

    /// Every outcome of steps one by one.
    fn one_by_one(&self) -> BTreeSet<Outcome> {
        let mut outcomes = BTreeSet::new();
        let mut orders: Vec<Vec<usize>> = vec![Vec::new()];
        while let Some(order) = orders.pop() {
            let (breaker, told) = self.breaker(|settings| Reference::from(settings));
            let scripts = self.threads.iter().map(|actions| Script::new(&breaker, actions));
            let mut scripts: Vec<_> = scripts.collect();
            for thread in &order {
                scripts[*thread].step();
            }
            let ready = (0..scripts.len()).filter(|thread| !scripts[*thread].is_done());
            let before = orders.len();
            orders.extend(ready.map(|thread| [order.as_slice(), &[thread]].concat()));
            if orders.len() == before {
                let through = scripts.into_iter().map(|script| script.through).collect();
                outcomes.insert(Self::outcome(&breaker, &told, through));
            }
        }
        outcomes
    }

    fn explore(self, exploration: &Exploration) -> usize {
        let expected = self.one_by_one();
        let seen = Arc::new(Mutex::new(BTreeSet::new()));
        let (plan, outcomes) = (self.clone(), seen.clone());
        exploration.run(move || {
            outcomes.lock().unwrap().insert(plan.at_once());
        });
        let seen = seen.lock().unwrap();
        let more: Vec<_> = seen.difference(&expected).collect();
        let fewer: Vec<_> = expected.difference(&seen).collect();
        assert!(more.is_empty() && fewer.is_empty(), "{self:?}: {more:#?}, without {fewer:#?}");
        expected.len()
    }
}

fn plans<const N: usize>(threads: [&[Action]; N]) -> [Plan; 3] {
    [(false, 1), (true, 1), (true, 2)].map(|(is_open, probes)| Plan {
        is_open,
        probes,
        threads: threads.map(<[_]>::to_vec).into(),
    })
}

#[test]
fn three_threads_of_one_action_each() {
    let exploration = Exploration::begin();
    let mut outcomes = 0;
    for (at, one) in ACTIONS.into_iter().enumerate() {
        for (next, other) in ACTIONS.into_iter().enumerate().skip(at) {
            for third in ACTIONS.into_iter().skip(next) {
                let plans = plans([&[one], &[other], &[third]]);
                outcomes += plans.map(|plan| plan.explore(&exploration)).iter().sum::<usize>();
            }
        }
    }
    println!("figure loom.orders_of_three.outcomes {outcomes} outcomes");
    exploration.end("orders_of_three");
}

#[test]
fn two_threads_of_two_actions_each() {
    let exploration = Exploration::begin();
    let scripts = ACTIONS.into_iter().flat_map(|one| ACTIONS.map(|other| vec![one, other]));
    let scripts: Vec<_> = scripts.collect();
    let mut outcomes = 0;
    for (at, one) in scripts.iter().enumerate() {
        for other in &scripts[at..] {
            let plans = plans([one, other]);
            outcomes += plans.map(|plan| plan.explore(&exploration)).iter().sum::<usize>();
        }
    }
    println!("figure loom.orders_of_two.outcomes {outcomes} outcomes");
    exploration.end("orders_of_two");
}
