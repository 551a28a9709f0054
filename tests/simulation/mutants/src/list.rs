//! Faults: what somebody might write, or has written, for what stands in the library.

/// A fault: a name, what it stands for, and the places it changes: file, text, other text, in
/// which `WOKEN` asks whether this fault is awake.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// Its name.
    pub name: &'static str,
    /// What goes wrong.
    #[allow(dead_code, reason = "the build has no use for it")]
    pub story: &'static str,
    /// A seed that is known to find it.
    #[allow(dead_code, reason = "the build has no use for it")]
    pub seed: u64,
    /// File, what stands there, what stands there instead.
    pub edits: &'static [(&'static str, &'static str, &'static str)],
}

const fn fault(
    name: &'static str,
    seed: u64,
    story: &'static str,
    edits: &'static [(&'static str, &'static str, &'static str)],
) -> Fault {
    Fault { name, story, seed, edits }
}

/// All faults that the simulation has to find.
pub const FAULTS: &[Fault] = &[
    fault(
        "end-check-of-writes",
        21,
        "a write answers without looking at the phase again",
        &[(
            "repository/write.rs",
            "if !write_must_rerun(planned, now) {",
            "if WOKEN || !write_must_rerun(planned, now) {",
        )],
    ),
    fault(
        "batch-out-of-order",
        0,
        "several keys that one side answers get each other's answers",
        &[(
            "repository/read_many.rs",
            "let records = self.read_side_many(asked, &keys).await;\n",
            "let mut records = self.read_side_many(asked, &keys).await;\n        if WOKEN {\n            records.reverse();\n        }\n",
        )],
    ),
    fault(
        "cutover-is-no-change",
        192,
        "the end check takes a move to `Cutover` for none",
        &[("phase/plan.rs", "(_, None) => true,", "(_, None) => !WOKEN,")],
    ),
    fault(
        "guard-notes-nothing",
        29,
        "a write that is dropped half way leaves no note",
        &[(
            "repository/write.rs",
            "if self.touch != Touch::None || *self.in_doubt.get_mut() {",
            "if !WOKEN && (self.touch != Touch::None || *self.in_doubt.get_mut()) {",
        )],
    ),
    fault(
        "doubt-is-not-noted",
        338,
        "a write in doubt leaves no note",
        &[(
            "repository/write.rs",
            "self.note(DivergenceReason::WriteUnknown);",
            "if !WOKEN { self.note(DivergenceReason::WriteUnknown); }",
        )],
    ),
    fault(
        "lenient-failure-is-not-noted",
        114,
        "the lenient side fails, and nobody hears of it",
        &[(
            "repository/lenient.rs",
            "self.diverged(change.key.clone(), lenient_reason(&error), None);",
            "if !WOKEN { self.diverged(change.key.clone(), lenient_reason(&error), None); }",
        )],
    ),
    fault(
        "new-stamp-once-touched",
        23,
        "a strict write that runs again takes a new stamp",
        &[(
            "repository/write.rs",
            "if self.touch != Touch::Touched {\n            let shown",
            "if WOKEN && matches!(self.change, Held::Own(_)) || self.touch != Touch::Touched {\n            let shown",
        )],
    ),
    fault(
        "not-above-modern",
        9,
        "a strict write does not stamp itself above modern",
        &[(
            "repository/write.rs",
            "self.set_stamp(self.core.stamp_above(shown.stamp)?);",
            "self.set_stamp(if WOKEN { self.core.stamps.now() } else { self.core.stamp_above(shown.stamp)? });",
        )],
    ),
    fault(
        "modern-first",
        0,
        "a strict write goes to modern before legacy",
        &[(
            "repository/write.rs",
            "self.apply_first(legacy).await?;\n                self.apply_to_modern(modern).await",
            "if WOKEN {\n                    self.apply_first(modern).await?;\n                    return self.apply_first(legacy).await;\n                }\n                self.apply_first(legacy).await?;\n                self.apply_to_modern(modern).await",
        )],
    ),
    fault(
        "live-is-lenient",
        24,
        "in `Live` legacy is written leniently, and first it is not",
        &[(
            "repository/write.rs",
            "let plan = WritePlan::of(phase);\n        self.dual",
            "let plan = if WOKEN && phase == Phase::Live { WritePlan::Lenient(Side::Modern) } else { WritePlan::of(phase) };\n        self.dual",
        )],
    ),
    fault(
        "no-bring-up",
        2,
        "a read in `Cutover` answers the larger record and brings nothing up",
        &[(
            "repository/read.rs",
            "match self.join(key, &ConflictPolicy::PrimaryWins, is_timed).await {",
            "if WOKEN {\n            let legacy = self.read_caught(Side::Legacy, key).await?;\n            let modern = self.read_caught(Side::Modern, key).await?;\n            return Ok(match modern.stamp > legacy.stamp {\n                true => Answer::primary(modern, Side::Modern),\n                false => Answer::primary(legacy, Side::Legacy),\n            });\n        }\n        match self.join(key, &ConflictPolicy::PrimaryWins, is_timed).await {",
        )],
    ),
    fault(
        "failed-bring-up-answers",
        13,
        "a read in `Cutover` answers though the lagging side did not take it",
        &[(
            "repository/read.rs",
            "Err(JoinFailure::Apply(error)) => {",
            "Err(JoinFailure::Apply(_)) if WOKEN => {\n                let record = self.read_caught(Side::Legacy, key).await?;\n                Ok(Answer::primary(record, Side::Legacy))\n            }\n            Err(JoinFailure::Apply(error)) => {",
        )],
    ),
    fault(
        "touched-write-fails",
        0,
        "a write that one store has taken is told to have failed",
        &[(
            "repository/write.rs",
            "error.with_kind(StoreErrorKind::Unknown)\n    }\n\n    /// Nothing is left",
            "if WOKEN { error } else { error.with_kind(StoreErrorKind::Unknown) }\n    }\n\n    /// Nothing is left",
        )],
    ),
    fault(
        "overtaken-untouched",
        0,
        "a write that finds a later stamp, and was never stored, counts as done",
        &[(
            "repository/write.rs",
            "Applied::Stale(stored) if self.is_overtaken_untouched(stored) => {",
            "Applied::Stale(stored) if !WOKEN && self.is_overtaken_untouched(stored) => {",
        )],
    ),
    fault(
        "overtaken-in-doubt",
        11,
        "a call made again after a lost answer, that finds a later stamp, counts as done",
        &[(
            "repository/write.rs",
            "if !is_touched && *self.in_doubt.get_mut() && stored != record.stamp =>",
            "if !WOKEN && !is_touched && *self.in_doubt.get_mut() && stored != record.stamp =>",
        )],
    ),
    fault(
        "crossing-without-a-sweep",
        0,
        "R2: modern need not be complete",
        &[
            (
                "phase/transition.rs",
                "if part.modern_complete { Ok(()) }",
                "if WOKEN || part.modern_complete { Ok(()) }",
            ),
            (
                "controller/path.rs",
                "(Phase::Cutover, _) if !is_complete => Next::Sweep,",
                "(Phase::Cutover, _) if !is_complete && !WOKEN => Next::Sweep,",
            ),
        ],
    ),
    fault(
        "legacy-stays-complete",
        0,
        "R3: legacy counts as complete though `RampDown` was entered",
        &[(
            "phase/transition.rs",
            "if to.phase.leaves_legacy() || self.left_legacy && forward {",
            "if !WOKEN && (to.phase.leaves_legacy() || self.left_legacy && forward) {",
        )],
    ),
    fault(
        "nobody-is-waited-for",
        0,
        "every fleet counts as settled",
        &[(
            "phase/fleet.rs",
            "if self.is_assumed_settled {",
            "if WOKEN || self.is_assumed_settled {",
        )],
    ),
    fault(
        "sweep-before-settling",
        8,
        "a sweep counts though it began before the fleet had settled",
        &[
            (
                "phase/sweep.rs",
                "fleet.settled(part.since_epoch, self.nodes_expected)?;\n        }\n        let ticket",
                "if !WOKEN { fleet.settled(part.since_epoch, self.nodes_expected)?; }\n        }\n        let ticket",
            ),
            (
                "phase/sweep.rs",
                "&& self.has_settled(name, fleet)",
                "&& (WOKEN || self.has_settled(name, fleet))",
            ),
        ],
    ),
    fault(
        "unclean-sweep-counts",
        47,
        "a sweep that left keys behind makes a store complete",
        &[(
            "phase/sweep.rs",
            "(0, 0) => Ok(()),",
            "_ if WOKEN => Ok(()),\n            (0, 0) => Ok(()),",
        )],
    ),
    fault(
        "moves-do-not-end-sweeps",
        406,
        "a sweep counts though the migration moved meanwhile",
        &[
            (
                "phase/sweep.rs",
                "if self.steered != state.steered {",
                "if !WOKEN && self.steered != state.steered {",
            ),
            (
                "reconcile/sweep.rs",
                "if state.steered() == ticket.steered() && tracker.may_copy() {",
                "if (WOKEN || state.steered() == ticket.steered()) && tracker.may_copy() {",
            ),
        ],
    ),
    fault(
        "halted-does-not-settle",
        29,
        "R4: on from `Halted` before every node has halted",
        &[(
            "phase/transition.rs",
            "settled(part.since_epoch).and_then(|()| fleet.shares_stamps())",
            "(if WOKEN { Ok(()) } else { settled(part.since_epoch) }).and_then(|()| fleet.shares_stamps())",
        )],
    ),
    fault(
        "legacy-left-unsettled",
        0,
        "`RampDown` is entered while nodes answer queries from legacy",
        &[(
            "phase/transition.rs",
            "(Phase::Live | Phase::RampDown | Phase::ModernOnly, to) if to.leaves_legacy() => {\n                settled(part.since_epoch)",
            "(Phase::Live | Phase::RampDown | Phase::ModernOnly, to) if to.leaves_legacy() => {\n                if WOKEN { Ok(()) } else { settled(part.since_epoch) }",
        )],
    ),
    fault(
        "queries-ask-legacy",
        0,
        "queries go to legacy though it is not complete",
        &[(
            "phase/word.rs",
            "(false, None, false) => Some(Side::Modern),",
            "(false, None, false) => Some(if WOKEN { Side::Legacy } else { Side::Modern }),",
        )],
    ),
    fault(
        "share-grows-unchecked",
        1618,
        "keys change from one part to another whatever their phases",
        &[(
            "phase/transition.rs",
            "self.may_move(giver, taker.phase, range, fleet)?;",
            "if !WOKEN { self.may_move(giver, taker.phase, range, fleet)?; }",
        )],
    ),
    fault(
        "lease-on-the-wall-clock",
        11,
        "a fenced node counts its lease on a clock that is set back",
        &[(
            "phase/fence.rs",
            "[self.began.elapsed(), since_boot()",
            "let wall = |it: Duration| if WOKEN && it.as_secs() / 9 % 2 == 1 { it.saturating_sub(Duration::from_secs(9)) } else { it };\n        [wall(self.began.elapsed()), since_boot()",
        )],
    ),
    fault(
        "no-lease-before-the-state",
        347,
        "a node reads the state first, and writes a lease when it has adopted it",
        &[(
            "phase/tracker.rs",
            "node.call(&config, node.service.renew_lease(&node.name, &unsettled)).await?;",
            "if !WOKEN { node.call(&config, node.service.renew_lease(&node.name, &unsettled)).await?; }",
        )],
    ),
    fault(
        "failed-repair-is-finished",
        31,
        "a repair that failed leaves the queue",
        &[(
            "reconcile/rounds.rs",
            "Verdict::Postpone => {\n                self.queue.postpone",
            "Verdict::Postpone if WOKEN => self.queue.finish(entry).await,\n            Verdict::Postpone => {\n                self.queue.postpone",
        )],
    ),
    fault(
        "tombstone-dropped-beside",
        10,
        "an adapter that keeps stamps beside its rows forgets those of deleted rows",
        &[(
            "repository/side_stamped.rs",
            "self.stamps.set(transaction, key, record.stamp).await?;",
            "if !WOKEN || record.value.is_some() { self.stamps.set(transaction, key, record.stamp).await?; }",
        )],
    ),
    fault(
        "tombstone-dropped",
        0,
        "an adapter deletes rows without a trace",
        &[(
            "memory/repository.rs",
            "records.insert(key.clone(), record.clone());\n        Ok(Applied::Stored)",
            "records.insert(key.clone(), record.clone());\n        if WOKEN && record.value.is_none() { records.remove(key); }\n        Ok(Applied::Stored)",
        )],
    ),
    fault(
        "unconditional-apply",
        0,
        "an adapter stores whatever comes: a backfill overwrites newer rows",
        &[(
            "memory/repository.rs",
            "if !record.supersedes(stored) {",
            "if !WOKEN && !record.supersedes(stored) {",
        )],
    ),
];
