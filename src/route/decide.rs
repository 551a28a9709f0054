//! From a rule, a request and the state to a decision, without I/O.

use super::method::is_safe_bit;
use super::rule::{MethodOf, Net};
use super::table::DEADLINE;
use super::target::Target;
use super::{
    Captures, Decision, DualWritePlan, MirrorPlan, OverrideHeader, PlainPath, Reason, RequestMeta,
    RequestPlan, RouteState, Rule,
};
use crate::phase::{Bucket, Family, MigrationName, Phase, Side, StateWord};

/// A request that a rule is for.
pub(super) struct Found<'a, 't, 'p, R> {
    pub(super) rule: &'t Rule,
    pub(super) request: &'a R,
    pub(super) method: MethodOf<'a>,
    pub(super) path: Option<&'a PlainPath<'p>>,
}

/// A decision that sends a request nowhere.
pub(super) fn nowhere<'t>(reason: Reason) -> Decision<'t> {
    Decision {
        rule: None,
        primary: None,
        fallback: None,
        deadline: DEADLINE,
        mirror: None,
        dual_write: None,
        bucket: None,
        reason,
        captures: Captures::default(),
        word: None,
        aggregate: None,
    }
}

/// What becomes of a request that no rule is for.
pub(super) fn by_default<'t>(side: Side, is_safe: bool, state: &impl RouteState) -> Decision<'t> {
    let own = Decision { primary: Some(side), ..nowhere(Reason::NoRule) };
    let net = (side == Side::Modern && is_safe).then_some(Side::Legacy);
    behind_breaker(Decision { fallback: net, ..own }, state)
}

impl<'t, R: RequestMeta> Found<'_, 't, '_, R> {
    pub(super) fn decide(
        &self,
        header: Option<&OverrideHeader>,
        state: &impl RouteState,
    ) -> Decision<'t> {
        let rule = self.rule;
        let captures = self.path.map(|path| rule.pattern.captured(path)).unwrap_or_default();
        let sticky = rule.target.sticky();
        let bucket = sticky.and_then(|key| key.bucket(self.request, self.path, &captures));
        let deadline = rule.deadline;
        let own =
            Decision { rule: Some(rule), captures, bucket, deadline, ..nowhere(Reason::Fixed) };
        match &rule.target {
            Target::Aggregate(name) => {
                Decision { aggregate: Some(name), reason: Reason::Aggregated, ..own }
            }
            Target::Follow { migration, .. } => self.follow(own, migration, state),
            Target::Side(_) | Target::Share { .. } => {
                let wish = header.filter(|_| rule.takes_override);
                let wish = wish.and_then(|header| header.wish(self.request));
                self.between(own, wish, state)
            }
        }
    }

    fn is_safe(&self) -> bool {
        is_safe_bit(self.method.bit)
    }

    /// Between two sides that know of no phases.
    fn between(
        &self,
        own: Decision<'t>,
        wish: Option<Side>,
        state: &impl RouteState,
    ) -> Decision<'t> {
        let (side, reason) = match (wish, &self.rule.target) {
            (Some(Side::Modern), _) => (Side::Modern, Reason::OverrideAlways),
            (Some(Side::Legacy), _) => (Side::Legacy, Reason::OverrideNever),
            (None, Target::Side(side)) => (*side, Reason::Fixed),
            (None, Target::Share { share, .. }) => match own.bucket {
                Some(bucket) if share.holds(bucket) => (Side::Modern, Reason::InShare),
                Some(_) => (Side::Legacy, Reason::OutOfShare),
                None => (Side::Legacy, Reason::NoStickyKey),
            },
            (None, Target::Follow { .. } | Target::Aggregate(_)) => return own,
        };
        let decided = Decision { primary: Some(side), reason, ..own };
        if !self.is_safe() {
            let dual_write = self.rule.dual_write.map(|dual_write| DualWritePlan {
                first: side,
                is_strict: dual_write.is_strict,
                answers: side,
                ids: dual_write.ids,
            });
            return Decision { dual_write, ..decided };
        }
        let is_netted = side == Side::Modern && self.rule.net != Net::None;
        let fallback = is_netted.then_some(Side::Legacy);
        let mirror = self.rule.mirror.map(|share| MirrorPlan { to: side.other(), share });
        behind_breaker(Decision { fallback, mirror, ..decided }, state)
    }

    /// Where the phase of a migration says.
    fn follow(
        &self,
        own: Decision<'t>,
        migration: &MigrationName,
        state: &impl RouteState,
    ) -> Decision<'t> {
        let Some(word) = state.word(migration) else {
            return Decision { reason: Reason::NoState, ..own };
        };
        let own = Decision { word: Some(word), ..own };
        if word.is_closed() {
            return Decision { reason: Reason::Closed, ..own };
        }
        match own.bucket.or_else(|| word_bucket(word)) {
            Some(bucket) => {
                let (phase, from) = (word.phase_of(bucket), word.entered_from(bucket));
                behind_breaker(self.by_phase(own, phase, from), state)
            }
            None => self.of_unknown_key(own, word),
        }
    }

    fn by_phase(&self, own: Decision<'t>, phase: Phase, from: Family) -> Decision<'t> {
        let (rule, plan) = (self.rule, RequestPlan::of(phase, from, self.is_safe()));
        let is_netted = match rule.net {
            Net::None => false,
            Net::Fresh => !plan.is_stale,
            Net::Stale => true,
        };
        let mirror = plan.mirror.zip(rule.mirror);
        let dual_write = plan.dual_write.zip(rule.dual_write);
        Decision {
            primary: plan.primary,
            fallback: plan.fallback.filter(|_| is_netted),
            mirror: mirror.map(|(to, share)| MirrorPlan { to, share }),
            dual_write: dual_write.map(|(order, dual_write)| DualWritePlan {
                first: order.first,
                is_strict: order.is_strict,
                answers: order.answers,
                ids: dual_write.ids,
            }),
            reason: Reason::Phase(phase),
            ..own
        }
    }

    /// Part of the keys is ahead, and nobody knows of which part this one is: reads go where everything is;
    /// writes go on only if that makes no difference to them.
    fn of_unknown_key(&self, own: Decision<'t>, word: StateWord) -> Decision<'t> {
        let own = Decision { reason: Reason::NoStickyKey, ..own };
        if self.is_safe() {
            return Decision { primary: word.query_side(), ..own };
        }
        // The last bucket is in no cohort but one of all keys, beside which there is no other part.
        let last = Bucket::new(9_999).unwrap_or(Bucket::FIRST);
        let [ahead, base] = [Bucket::FIRST, last]
            .map(|bucket| self.by_phase(own, word.phase_of(bucket), word.entered_from(bucket)));
        let is_same = ahead.primary == base.primary && ahead.dual_write == base.dual_write;
        if is_same { Decision { reason: Reason::NoStickyKey, ..base } } else { own }
    }
}

/// Any bucket, if all keys are in one phase.
fn word_bucket(word: StateWord) -> Option<Bucket> {
    (!word.has_cohort()).then_some(Bucket::FIRST)
}

/// The same, but past a modern side whose breaker is open, if legacy may answer instead; and without a mirror
/// that would be refused. Half-open breakers bound their probes themselves.
fn behind_breaker<'t>(decided: Decision<'t>, state: &impl RouteState) -> Decision<'t> {
    let refuses = |side: Side| !state.breaker(side).admits();
    let mut decided = decided;
    if let (Some(Side::Modern), Some(net)) = (decided.primary, decided.fallback) {
        if refuses(Side::Modern) {
            decided.primary = Some(net);
            (decided.fallback, decided.mirror) = (None, None);
            decided.reason = Reason::BreakerOpen;
        }
    }
    decided.mirror = decided.mirror.filter(|mirror| !refuses(mirror.to));
    decided
}
