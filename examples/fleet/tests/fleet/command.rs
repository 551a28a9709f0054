use std::process::{Command, Output};

use crate::server::url;

fn fleet(args: &[&str], url: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
    command.args(args).env("POSTGRES_URL", url).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_fleet_under_torment_loses_nothing() {
    let output = fleet(&["--seed", "7", "--seconds", "10"], &url());
    let (told, failed) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{told}\n{failed}");
    let last = told.lines().last().unwrap();
    assert!(last.starts_with("acknowledged="), "{told}");
    assert!(last.ends_with(" lost=0 stale=0 resurrected=0 different=0"), "{told}");
    assert!(!last.starts_with("acknowledged=0 "), "{told}");
}

#[test]
fn a_server_that_is_not_there_is_one_line() {
    let output = fleet(&[], "postgres://postgres@127.0.0.1:1/test");
    let failed = text(&output.stderr);
    assert_eq!((output.status.code(), failed.lines().count()), (Some(1), 1), "{failed}");
    assert!(failed.starts_with("fleet: no PostgreSQL at postgres://postgres@127.0.0.1:1/test"));
    assert!(failed.contains("make servers"), "{failed}");
}

#[test]
fn a_wrong_option_is_one_line_and_exits_with_2() {
    for args in [&["--nodes", "1"][..], &["--seconds", "many"], &["--waive"]] {
        let output = fleet(args, &url());
        let failed = text(&output.stderr);
        assert_eq!((output.status.code(), failed.lines().count()), (Some(2), 1), "{failed}");
    }
}
