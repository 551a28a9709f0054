//! Every input that is kept, once more.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// The inputs kept for `target`, with their names.
fn kept(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
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

/// That `check` passes every input kept for `target`.
pub(crate) fn holds(target: &str, check: impl Fn(&[u8])) {
    for (name, bytes) in kept(target) {
        let outcome = catch_unwind(AssertUnwindSafe(|| check(&bytes)));
        assert!(outcome.is_ok(), "{name} was refused");
    }
}

/// How many of the inputs kept for `target` find out a flawed subject.
pub(crate) fn found_out(target: &str, check: impl Fn(&[u8])) -> usize {
    let fails = |bytes: &[u8]| catch_unwind(AssertUnwindSafe(|| check(bytes))).is_err();
    kept(target).iter().filter(|(_, bytes)| fails(bytes)).count()
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
    no_file_is_misread_or_overwritten: files,
    checker_and_brute_force_agree: histories,
    one_encoding_for_each_key: keys,
    moves_keep_the_rules: moves,
    stamps_rise: stamps,
    states_are_sound: states,
}
