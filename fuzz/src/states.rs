//! States as documents: what is read is a state that moves can lead to, comes
//! back from its own document, and is the same as one word.

use strangler_fig::phase::{
    Bucket, DocumentError, Family, MigrationName, MigrationState, Part, Phase, Share, Side,
};

use crate::drawn;
use crate::source::Source;

/// How a state is read from its document.
pub type Read = fn(&str, &MigrationName) -> Result<MigrationState, DocumentError>;

/// Checks a document of a state: the bytes as they are, or one they draw.
pub fn check(bytes: &[u8]) {
    check_with(MigrationState::from_document, bytes);
}

/// The same of another reader.
pub fn check_with(read: Read, bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let text = if source.byte() == b'!' {
        drawn::state_document(&mut source).to_string()
    } else {
        String::from_utf8_lossy(bytes).into_owned()
    };
    let name = drawn::airports();
    match read(&text, &name) {
        Ok(state) => {
            assert_eq!(*state.name(), name);
            is_sound(&state);
            comes_back(read, &state);
        }
        Err(error) => names_what_is_wrong(&error),
    }
}

fn names_what_is_wrong(error: &DocumentError) {
    let told = error.to_string();
    match error {
        DocumentError::Impossible { field } => assert!(told.contains(field), "{told}"),
        DocumentError::Broken { field, .. } => assert!(told.contains(field.as_str()), "{told}"),
        DocumentError::OtherMigration { found, .. } => assert!(told.contains(found.as_str())),
        _ => assert!(!told.is_empty()),
    }
}

/// The document of a state is read as that state, under its own name only, and in
/// no shorter form.
pub fn comes_back(read: Read, state: &MigrationState) {
    let document = state.to_document();
    assert_eq!(read(&document, state.name()).as_ref().expect("its own document"), state);
    let other = read(&document, &"users".parse().expect("it is a name"));
    assert!(matches!(other, Err(DocumentError::OtherMigration { .. })), "{other:?}");
    assert!(read(&document[..document.len() - 1], state.name()).is_err(), "it was cut short");
}

/// Buckets at all the borders that matter.
pub fn buckets(states: &[&MigrationState]) -> Vec<Bucket> {
    let shares = states.iter().filter_map(|state| state.cohort()).map(|cohort| cohort.share);
    let borders = shares.map(Share::basis_points).chain([0, 2_500, 5_000, 10_000]);
    let numbers = borders.flat_map(|at| [at.saturating_sub(1), at, at + 1]);
    numbers.filter_map(Bucket::new).collect()
}

/// The parts of a state.
pub fn parts(state: &MigrationState) -> impl Iterator<Item = Part> {
    [Some(state.base()), state.cohort().map(|cohort| cohort.part)].into_iter().flatten()
}

/// What holds of every state that moves lead to.
pub fn is_sound(state: &MigrationState) {
    for part in parts(state) {
        part_is_sound(state, part);
    }
    if let Some(cohort) = state.cohort() {
        assert!(Share::NONE < cohort.share && cohort.share < Share::WHOLE, "{cohort:?}");
        assert!(parts(state).all(|part| !part.phase.leaves_legacy()), "{state:?}");
    }
    assert!(state.legacy_complete() || state.has_left_legacy(), "legacy was lost: {state:?}");
    let decommissioned = state.is_decommissioned();
    assert!(!decommissioned || state.base().phase == Phase::ModernOnly, "{state:?}");
    assert!(state.steered().epoch <= state.epoch());
    assert!(state.steered().epoch < state.epoch() || state.steered() == state.adopted());
    if let Some(last) = state.history().last() {
        assert!(last.epoch <= state.epoch(), "{last:?}");
        assert!(last.epoch < state.epoch() || last.move_id == state.move_id(), "{last:?}");
    }
    for bucket in buckets(&[state]) {
        let part = state.part_of(bucket);
        let is_over = part.phase == Phase::Cutover || part.entered_from == Family::Modern;
        assert!(!is_over || state.cut_over().holds(bucket), "{bucket:?} of {state:?}");
    }
    word_agrees(state);
}

fn part_is_sound(state: &MigrationState, part: Part) {
    let family = part.phase.family();
    assert!(family.is_none_or(|family| family == part.entered_from), "{part:?}");
    assert!(part.since_epoch <= state.steered().epoch, "{part:?}");
    assert!(part.since_epoch > 0 || part.phase == Phase::LegacyOnly, "{part:?}");
    match family {
        Some(Family::Legacy) => assert!(!part.modern_complete && state.legacy_complete()),
        // A crossing forward needs a complete modern, and nothing of it is lost until back.
        Some(Family::Modern) => assert!(part.modern_complete, "{part:?}"),
        None => assert!(part.entered_from == Family::Legacy || part.modern_complete, "{part:?}"),
    }
    if part.phase == Phase::Halted {
        assert!(part.entered_from == Family::Modern && state.legacy_complete(), "{part:?}");
    }
    if part.phase.leaves_legacy() {
        assert!(state.has_left_legacy() && !state.legacy_complete(), "{state:?}");
    }
}

/// One word says what the state says.
fn word_agrees(state: &MigrationState) {
    let word = state.word();
    assert_eq!((word.epoch(), word.is_closed()), (state.epoch(), false));
    assert_eq!((word.base(), word.has_cohort()), (state.base().phase, state.cohort().is_some()));
    assert_eq!(word.cohort(), state.cohort().map(|cohort| cohort.part.phase));
    assert_eq!(word.share(), state.cohort().map_or(Share::NONE, |cohort| cohort.share));
    for bucket in buckets(&[state]) {
        let part = state.part_of(bucket);
        assert_eq!(word.phase_of(bucket), part.phase, "{bucket:?} of {state:?}");
        assert_eq!(word.entered_from(bucket), part.entered_from, "{bucket:?} of {state:?}");
    }
    let all_in = |family| parts(state).all(|part| part.phase.family() == Some(family));
    let side = if parts(state).any(|part| part.phase == Phase::Halted) {
        None
    } else if all_in(Family::Modern) {
        Some(Side::Modern)
    } else if all_in(Family::Legacy) || state.legacy_complete() {
        Some(Side::Legacy)
    } else {
        Some(Side::Modern)
    };
    assert_eq!(state.query_side(), side, "{state:?}");
    assert!(!word.query_must_rerun(word), "nothing has changed");
}
