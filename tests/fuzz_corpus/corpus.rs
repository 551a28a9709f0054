//! Every input that is kept, once more.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use strangler_fig::phase::{MigrationState, Phase};

/// The inputs kept for `target`, with their names.
fn kept(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut kept: Vec<_> = files
        .map(|file| {
            let path = file.expect("the folder can be read").path();
            (path.display().to_string(), fs::read(&path).expect("the file can be read"))
        })
        .collect();
    kept.sort();
    assert!(kept.len() >= 10, "{} inputs are kept for {target}", kept.len());
    kept
}

/// The same without their names.
pub(crate) fn inputs(target: &str) -> impl Iterator<Item = Vec<u8>> {
    kept(target).into_iter().map(|(_, bytes)| bytes)
}

/// The inputs kept for `target` that `check` refuses.
fn refused(target: &str, check: impl Fn(&[u8])) -> Vec<String> {
    let fails = |bytes: &[u8]| catch_unwind(AssertUnwindSafe(|| check(bytes))).is_err();
    let refused = kept(target).into_iter().filter(|(_, bytes)| fails(bytes));
    refused.map(|(name, _)| name).collect()
}

/// That `check` passes every input kept for `target`.
pub(crate) fn holds(target: &str, check: impl Fn(&[u8])) {
    let refused = refused(target, check);
    assert!(refused.is_empty(), "{refused:#?}");
}

/// How many of the inputs kept for `target` find out a flawed subject.
pub(crate) fn found_out(target: &str, check: impl Fn(&[u8])) -> usize {
    refused(target, check).len()
}

macro_rules! corpus {
    ($($test:ident: $target:ident),* $(,)?) => {$(
        #[test]
        fn $test() {
            holds(stringify!($target), crate::$target::check);
        }
    )*};
}

corpus! {
    one_text_for_each_value: canonical,
    what_is_read_comes_back: documents,
    an_event_says_what_its_document_says: events,
    no_file_is_misread_or_overwritten: files,
    checker_and_brute_force_agree: histories,
    no_sagas_file_is_misread_or_overwritten: journals,
    one_encoding_for_each_key: keys,
    moves_keep_the_rules: moves,
    a_table_decides_as_a_list_of_rules_would: routes,
    stamps_rise: stamps,
    what_sagas_write_down_comes_back: sagas,
    states_are_sound: states,
}

/// Or the moves would be of little worth.
#[test]
fn the_moves_kept_go_everywhere() {
    let states: Vec<_> = inputs("moves")
        .flat_map(|bytes| crate::moves::check_with(MigrationState::transition, &bytes))
        .collect();
    for phase in Phase::ALL {
        assert!(states.iter().any(|state| state.base().phase == phase), "{phase}");
        let is_of_cohort = |state: &MigrationState| {
            state.cohort().is_some_and(|cohort| cohort.part.phase == phase)
        };
        assert!(phase.leaves_legacy() || states.iter().any(is_of_cohort), "cohort in {phase}");
    }
    assert!(states.iter().any(MigrationState::is_decommissioned));
    let is_back = |state: &MigrationState| state.has_left_legacy() && state.legacy_complete();
    assert!(states.iter().any(is_back), "nobody comes back after ramp_down");
}

#[cfg(feature = "http")]
corpus! {
    what_is_sent_on_of_a_head_is_plain: heads,
    a_course_is_what_its_notes_add_up_to: dual_notes,
}
