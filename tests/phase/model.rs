//! The protocol written down a second time, from its text and not from the
//! crate: what each move needs, and what it makes of the facts.

use strangler_fig::phase::{Family, MigrationState, Move, Part, PartName, Phase, Share};

/// What a move of one part needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Nothing,
    Settled,
    /// R2.
    SettledAndModern,
    /// R3.
    SettledAndLegacy,
    /// R4, on the way in.
    Legacy,
    Impossible,
}

/// The table: rows are where the part stands, columns where it goes, both in
/// the order of `Phase::ALL`.
pub(crate) fn need(phase: Phase, entered_from: Family, to: Phase) -> Need {
    use Need::{
        Impossible as X, Legacy as L, Nothing as N, Settled as S, SettledAndLegacy as B,
        SettledAndModern as F,
    };
    let row = match (phase, entered_from) {
        //                                       only dual shad cut  live ramp mod  halt
        (Phase::LegacyOnly, _) =>
        /*          */
        {
            [X, N, N, N, X, X, X, X]
        }
        (Phase::DualWrite, _) =>
        /*           */
        {
            [N, X, N, N, X, X, X, X]
        }
        (Phase::Shadow, _) =>
        /*              */
        {
            [N, N, X, N, X, X, X, X]
        }
        (Phase::Cutover, Family::Legacy) =>
        /**/
        {
            [N, N, N, X, F, X, X, X]
        }
        (Phase::Cutover, Family::Modern) =>
        /**/
        {
            [B, B, B, X, N, X, X, X]
        }
        (Phase::Live, _) =>
        /*                */
        {
            [X, X, X, N, X, S, S, L]
        }
        (Phase::RampDown, _) =>
        /*            */
        {
            [X, X, X, N, N, X, S, X]
        }
        (Phase::ModernOnly, _) =>
        /*          */
        {
            [X, X, X, N, N, S, X, X]
        }
        (Phase::Halted, _) =>
        /*              */
        {
            [S, S, X, X, N, X, X, X]
        }
    };
    let at = Phase::ALL.into_iter().position(|phase| phase == to);
    row[at.unwrap()]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Keys {
    pub(crate) phase: Phase,
    pub(crate) from: Family,
    pub(crate) complete: bool,
}

/// A migration without its epochs, whose fleet settles at once or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Model {
    pub(crate) base: Keys,
    pub(crate) cohort: Option<(Share, Keys)>,
    pub(crate) legacy_complete: bool,
    pub(crate) left_legacy: bool,
}

impl Keys {
    fn of(part: Part) -> Self {
        Self { phase: part.phase, from: part.entered_from, complete: part.modern_complete }
    }

    /// These keys after a move, which is legal.
    fn to(self, phase: Phase) -> Self {
        match phase.family() {
            Some(Family::Legacy) => Self { phase, from: Family::Legacy, complete: false },
            Some(Family::Modern) => Self { phase, from: Family::Modern, ..self },
            None => Self { phase, ..self },
        }
    }
}

impl Model {
    pub(crate) fn of(state: &MigrationState) -> Self {
        let document: serde_json::Value = serde_json::from_str(&state.to_document()).unwrap();
        let cohort = state.cohort();
        Self {
            base: Keys::of(state.base()),
            cohort: cohort.map(|cohort| (cohort.share, Keys::of(cohort.part))),
            legacy_complete: state.legacy_complete(),
            left_legacy: document["state"]["left_legacy"].as_bool().unwrap(),
        }
    }

    pub(crate) fn parts(self) -> impl Iterator<Item = Keys> {
        let cohort = self.cohort.map(|(_, keys)| keys);
        [Some(self.base), cohort].into_iter().flatten()
    }

    /// After `step`, if the protocol allows it.
    #[expect(clippy::needless_pass_by_value, reason = "it reads better at its many callers")]
    pub(crate) fn after(self, step: Move, settled: bool) -> Option<Self> {
        let next = match step {
            Move::Phase { part, to } => self.phase(part, to, settled)?,
            Move::StartCohort { share } => self.start(share)?,
            Move::GrowCohort { share } => self.grow(share, settled)?,
            Move::EndCohort => self.end(settled)?,
            Move::Complete(_) => self.sweep(settled)?,
            _ => self,
        };
        next.answers_queries().then_some(next)
    }

    fn allows(self, keys: Keys, to: Phase, settled: bool) -> bool {
        match need(keys.phase, keys.from, to) {
            Need::Nothing => true,
            Need::Settled => settled,
            Need::SettledAndModern => settled && keys.complete,
            Need::SettledAndLegacy => settled && self.legacy_complete,
            Need::Legacy => self.legacy_complete,
            Need::Impossible => false,
        }
    }

    fn phase(mut self, part: PartName, to: Phase, settled: bool) -> Option<Self> {
        let cohort = self.cohort;
        let of_the_whole = [Phase::RampDown, Phase::ModernOnly].contains(&to);
        let keys = match part {
            PartName::Base => self.base,
            PartName::Cohort => cohort?.1,
        };
        if of_the_whole && cohort.is_some() || !self.allows(keys, to, settled) {
            return None;
        }
        match part {
            PartName::Base => self.base = keys.to(to),
            PartName::Cohort => self.cohort = cohort.map(|(share, _)| (share, keys.to(to))),
        }
        self.note(keys.phase, to);
        Some(self)
    }

    /// When legacy stops being complete.
    fn note(&mut self, from: Phase, to: Phase) {
        if [Phase::RampDown, Phase::ModernOnly].contains(&to) {
            self.left_legacy = true;
            self.legacy_complete = false;
        }
        if (from, to) == (Phase::Cutover, Phase::Live) && self.left_legacy {
            self.legacy_complete = false;
        }
    }

    fn start(mut self, share: Share) -> Option<Self> {
        let of_the_whole = [Phase::RampDown, Phase::ModernOnly].contains(&self.base.phase);
        if of_the_whole || self.cohort.is_some() {
            return None;
        }
        self.cohort = Some((share, self.base));
        Some(self)
    }

    fn grow(mut self, share: Share, settled: bool) -> Option<Self> {
        let (held, keys) = self.cohort?;
        if share <= held {
            return None;
        }
        let grown = self.merged(self.base, keys, settled)?;
        if share == Share::WHOLE {
            (self.base, self.cohort) = (grown, None);
        } else {
            self.cohort = Some((share, grown));
        }
        Some(self)
    }

    fn end(mut self, settled: bool) -> Option<Self> {
        let (_, keys) = self.cohort?;
        self.base = self.merged(keys, self.base, settled)?;
        self.cohort = None;
        Some(self)
    }

    /// `taker` with keys of `source`.
    fn merged(&mut self, source: Keys, taker: Keys, settled: bool) -> Option<Keys> {
        let moved = if source.phase == taker.phase {
            source
        } else if self.allows(source, taker.phase, settled) {
            source.to(taker.phase)
        } else {
            return None;
        };
        if moved.from != taker.from {
            return None;
        }
        self.note(source.phase, taker.phase);
        let complete = taker.complete && moved.complete;
        Some(Keys { complete, ..taker })
    }

    /// A clean sweep of everything, begun under the same fleet.
    fn sweep(mut self, settled: bool) -> Option<Self> {
        let cutover = |keys: Keys| keys.phase == Phase::Cutover;
        if !settled || !self.parts().any(cutover) {
            return None;
        }
        self.legacy_complete |= self.parts().all(cutover);
        self.base.complete |= cutover(self.base);
        if let Some((_, keys)) = &mut self.cohort {
            keys.complete |= cutover(*keys);
        }
        Some(self)
    }

    /// Whether some store holds all keys, or nothing is answered anyway.
    fn answers_queries(self) -> bool {
        let in_legacy = |keys: Keys| keys.phase.family() == Some(Family::Legacy);
        let in_modern = |keys: Keys| match keys.phase {
            Phase::Cutover => keys.complete || keys.from == Family::Modern,
            phase => phase.family() == Some(Family::Modern),
        };
        self.parts().any(|keys| keys.phase == Phase::Halted)
            || self.legacy_complete
            || self.parts().all(in_legacy)
            || self.parts().all(in_modern)
    }
}
