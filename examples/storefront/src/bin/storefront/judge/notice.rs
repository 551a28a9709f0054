use storefront::stage::Outcome;

use crate::tally::{Call, Kind};

/// What a stage is, to whoever judges it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    /// How many of a hundred requests may come to nothing. None: a process is replaced meanwhile, and there is one of each.
    pub(crate) failures_max: Option<usize>,
}

/// Every request, and in which stages somebody may have gone without an answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) calls: Vec<Call>,
    pub(crate) stages: Vec<Stage>,
    /// Processes were killed and stopped: then nobody counts on an answer.
    pub(crate) is_chaotic: bool,
}

/// What the monolith answers to whoever still asks its user code for something.
pub(super) const GONE: u16 = 410;

/// What people noticed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Notices {
    /// Requests that were answered by code that is off, those of a stage with too many that were not answered, and one if
    /// nobody got anything done.
    pub(super) noticed: usize,
    pub(super) told: Vec<String>,
}

impl Notices {
    /// `done`: writes that were acknowledged, and orders that were confirmed.
    pub(super) fn of(seen: &Seen, done: [usize; 2]) -> Self {
        let mut notices = Self::default();
        for (number, stage) in seen.stages.iter().enumerate() {
            let calls: Vec<_> = seen.calls.iter().filter(|call| call.stage == number).collect();
            let gone = calls.iter().filter(|call| call.status == Some(GONE)).count();
            notices.count(gone, &format!("{gone} requests in {} are answered 410", stage.name));
            let failed = calls.iter().filter(|call| is_failure(call)).count();
            let of = calls.len();
            let most = stage.failures_max.filter(|_| !seen.is_chaotic);
            if most.is_some_and(|most| failed > (of * most).div_ceil(100)) {
                let why = format!("{failed} of {of} requests in {} come to nothing", stage.name);
                notices.count(failed, &why);
            }
        }
        for (done, what) in done.iter().zip(["write is acknowledged", "order is confirmed"]) {
            notices.count(usize::from(*done == 0), &format!("no {what}"));
        }
        notices
    }

    fn count(&mut self, faults: usize, why: &str) {
        if faults > 0 {
            self.noticed += faults;
            self.told.push(format!("Noticed: {why}"));
        }
    }
}

/// Whether somebody got nothing. That there is no more of a product is an answer; that a user may not be had is none.
fn is_failure(call: &Call) -> bool {
    let is_of_users = call.kind.is_of_users() || call.kind == Kind::Letter;
    match call.outcome {
        Outcome::Answered => false,
        Outcome::Refused => is_of_users && call.status != Some(GONE),
        Outcome::Unavailable | Outcome::Broken | Outcome::Silent => true,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn call(stage: usize, status: Option<u16>) -> Call {
        let (kind, waited) = (Kind::Read, Duration::ZERO);
        Call { kind, stage, status, outcome: Outcome::of(status), waited }
    }

    /// A hundred requests in each of two stages, of which the second has a deployment; and more.
    fn noticed(more: &[Call], is_chaotic: bool, done: [usize; 2]) -> usize {
        let stage = |failures_max| Stage { name: "live", failures_max };
        let answered = (0..200).map(|number| call(number % 2, Some(200)));
        let calls = answered.chain(more.iter().copied()).collect();
        let seen = Seen { calls, stages: vec![stage(Some(2)), stage(None)], is_chaotic };
        Notices::of(&seen, done).noticed
    }

    #[test]
    fn whoever_is_told_that_it_is_gone_has_noticed() {
        for (stage, is_chaotic) in [(0, false), (0, true), (1, false), (1, true)] {
            let gone = call(stage, Some(GONE));
            assert_eq!(noticed(&[gone], is_chaotic, [1, 1]), 1, "{stage} {is_chaotic}");
        }
        let letter = Call { kind: Kind::Letter, ..call(0, Some(GONE)) };
        assert_eq!(noticed(&[letter], true, [1, 1]), 1);
    }

    #[test]
    fn a_stage_without_a_deployment_answers_nearly_all() {
        for status in [None, Some(503), Some(500), Some(400)] {
            let failed = |stage, count| vec![call(stage, status); count];
            assert_eq!(noticed(&failed(0, 3), false, [1, 1]), 0, "two in a hundred are spared");
            assert_eq!(noticed(&failed(0, 4), false, [1, 1]), 4, "{status:?}");
            assert_eq!(noticed(&failed(1, 90), false, [1, 1]), 0, "it is deployed");
            assert_eq!(noticed(&failed(0, 90), true, [1, 1]), 0, "chaos reigns");
        }
        let sold_out = Call { kind: Kind::Purchase, ..call(0, Some(409)) };
        assert_eq!(noticed(&[sold_out; 9], false, [1, 1]), 0);
    }

    #[test]
    fn a_run_in_which_nobody_gets_anything_done_is_noticed() {
        for is_chaotic in [false, true] {
            assert_eq!(noticed(&[], is_chaotic, [1, 1]), 0);
            assert_eq!(noticed(&[], is_chaotic, [0, 1]), 1);
            assert_eq!(noticed(&[], is_chaotic, [1, 0]), 1);
            assert_eq!(noticed(&[], is_chaotic, [0, 0]), 2);
        }
    }
}
