//! The mapping kit: a sound mapping passes, and each kind of broken one fails by
//! the law it breaks.

use strangler_fig::testkit::mapping::{Law, MappingLaws, MappingReport};

type Legacy = (u32, Option<String>);
type Modern = (u32, Option<String>);

fn sample() -> Vec<Legacy> {
    let texts = [None, Some(""), Some("Ada"), Some("ada"), Some(" Ada ")];
    (0..).zip(texts).map(|(key, text)| (key, text.map(str::to_owned))).collect()
}

fn checked(
    to_modern: fn(&Legacy) -> Result<Modern, String>,
    to_legacy: fn(&Modern) -> Result<Legacy, String>,
) -> MappingReport {
    MappingLaws::new(to_modern, to_legacy, |it| it.0, |it| it.0).check(sample())
}

#[expect(clippy::unnecessary_wraps, reason = "a mapping may fail")]
fn same(row: &Legacy) -> Result<Modern, String> {
    Ok(row.clone())
}

fn broken(report: &MappingReport) -> Vec<(&'static str, u64)> {
    let counts = Law::ALL.map(|law| (law.name(), report.violations(law)));
    counts.into_iter().filter(|it| it.1 > 0).collect()
}

#[test]
fn a_sound_mapping_passes() {
    let report = checked(same, same);
    report.assert();
    assert_eq!(report.entities(), 5);
}

#[test]
fn no_sample_proves_nothing() {
    let laws = MappingLaws::new(same, same, |it| it.0, |it| it.0);
    assert!(!laws.check([]).holds());
}

#[test]
fn a_mapping_that_fails_is_not_total() {
    let refuses = |row: &Legacy| match &row.1 {
        None => Err("a name is needed".to_owned()),
        Some(_) => Ok(row.clone()),
    };
    let report = checked(refuses, same);
    assert_eq!(broken(&report), [("total", 1)]);
    assert_eq!(report.first(), ["total: (0, None) cannot be mapped: a name is needed"]);
    assert_eq!(broken(&checked(same, refuses)), [("total", 1)]);
}

#[test]
fn trimming_and_defaults_are_not_invertible() {
    let trims = |row: &Legacy| Ok((row.0, row.1.as_ref().map(|it| it.trim().to_owned())));
    assert_eq!(broken(&checked(trims, same)), [("invertible", 1)]);
    let defaults = |row: &Legacy| Ok((row.0, Some(row.1.clone().unwrap_or_default())));
    assert_eq!(broken(&checked(defaults, same)), [("invertible", 1)]);
}

#[test]
fn another_key_is_noticed_also_if_it_comes_back() {
    let shifts = |row: &Legacy| Ok((row.0 + 1, row.1.clone()));
    let shifts_back = |row: &Modern| Ok((row.0 - 1, row.1.clone()));
    assert_eq!(broken(&checked(shifts, shifts_back)), [("key_preserving", 5)]);
}

#[test]
fn two_that_become_one_are_noticed() {
    let halves = |row: &Legacy| Ok((row.0 / 2, None));
    let report = checked(halves, same);
    assert_eq!(report.violations(Law::Injective), 2);
}

#[test]
#[should_panic(expected = "the mapping breaks its laws")]
fn a_broken_mapping_fails_a_test() {
    checked(|_| Err("no".to_owned()), same).assert();
}

#[test]
fn a_long_list_of_violations_is_cut_and_counted() {
    let laws = MappingLaws::new(
        |_: &u32| Err::<u32, _>("no"),
        |it: &u32| Ok::<_, String>(*it),
        |it| *it,
        |it| *it,
    );
    let report = laws.check(0..1_000);
    assert_eq!((report.violations(Law::Total), report.first().len()), (1_000, 20));
}
