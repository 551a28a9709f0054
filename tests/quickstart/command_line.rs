use std::time::Duration;

use crate::options::{HELP, Options};

fn parse(arguments: &'static [&'static str]) -> Result<Options, String> {
    Options::parse(arguments).map_err(|error| error.to_string())
}

#[test]
fn no_options_are_the_default() {
    let options = parse(&[]).unwrap();
    assert_eq!(options, Options::default());
    assert!(options.data.is_file());
}

#[test]
fn every_option_is_taken() {
    let expected = Options {
        seed: 7,
        duration: Duration::from_secs(3),
        data: "x.csv".into(),
        back: true,
        naive: false,
        faults: true,
        help: true,
    };
    let parsed =
        parse(&["--seed", "7", "--seconds=3", "--data", "x.csv", "--back", "--faults", "--help"]);
    assert_eq!(parsed, Ok(expected));
}

#[test]
fn the_control_goes_alone() {
    assert!(parse(&["--naive"]).unwrap().naive);
    for other in [&["--naive", "--back"], &["--faults", "--naive"]] {
        assert_eq!(parse(other), Err("--naive goes without --back and --faults".to_owned()));
    }
}

#[test]
fn a_wrong_option_is_named_on_one_line() {
    let cases: [(&[&str], &str); 8] = [
        (&["--sede", "1"], "invalid option '--sede'"),
        (&["-x"], "invalid option '-x'"),
        (&["now"], "unexpected argument \"now\""),
        (&["--seed"], "missing argument for option '--seed'"),
        (&["--back=1"], "unexpected argument for option '--back': \"1\""),
        (&["--seed", "-1"], "--seed wants a whole number, not \"-1\""),
        (&["--seconds", "0"], "--seconds wants a whole number from 1 to 600, not \"0\""),
        (&["--seconds", "a\nb"], "--seconds wants a whole number from 1 to 600, not \"a\\nb\""),
    ];
    for (arguments, text) in cases {
        assert_eq!(parse(arguments), Err(text.to_owned()));
    }
}

#[test]
fn the_help_names_every_option() {
    for option in ["--seed", "--seconds", "--data", "--back", "--naive", "--faults", "--help"] {
        assert!(HELP.contains(option), "{option}");
    }
}
