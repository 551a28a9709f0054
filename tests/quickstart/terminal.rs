//! What the command shows while the load lasts: a bar on a terminal, lines elsewhere.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::data::airports;
use crate::options::Options;
use crate::quickstart::run;
use crate::support::data_file;

const CHILD: &str = "QUICKSTART_TERMINAL";

#[test]
fn a_child_runs_the_command() {
    if std::env::var_os(CHILD).is_some() {
        let mut some = airports(&data_file()).unwrap();
        some.truncate(500);
        let options = Options { duration: Duration::from_millis(1_500), ..Options::default() };
        assert!(run(&options, some).unwrap().is_clean());
    }
}

/// This test binary, run again as the command.
fn shown(is_terminal: bool) -> String {
    shown_as(Some("xterm-256color"), is_terminal)
}

/// The same, where the terminal is called so, or nothing.
fn shown_as(term: Option<&str>, is_terminal: bool) -> String {
    let own = std::env::current_exe().unwrap();
    let args = ["--exact", "terminal::a_child_runs_the_command", "--nocapture", "--test-threads=1"];
    let mut command = if is_terminal {
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command"]);
        command.arg(format!("{} {}", own.display(), args.join(" "))).arg("/dev/null");
        command
    } else {
        let mut command = Command::new(own);
        command.args(args);
        command
    };
    command.env(CHILD, "1").env_remove("TERM").env_remove("NO_COLOR");
    if let Some(term) = term {
        command.env("TERM", term);
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn into_a_pipe_go_plain_lines_alone() {
    let shown = shown(false);
    assert!(!shown.contains('\u{1b}') && !shown.contains('\r'), "{shown:?}");
    assert!(shown.lines().any(|line| line.ends_with("  Live for 10 %")), "{shown}");
}

#[test]
fn a_terminal_has_a_bar_below_the_same_lines() {
    let shown = shown(true);
    assert!(shown.contains("migrating [") && shown.contains("=>"), "{shown:?}");
    assert!(shown.contains("calls  Live for 10 %"), "{shown:?}");
}

#[test]
fn a_terminal_that_can_draw_nothing_has_the_lines_alone() {
    for term in [Some("dumb"), None] {
        let shown = shown_as(term, true);
        assert!(!shown.contains('\u{1b}') && !shown.contains("migrating ["), "{term:?}: {shown:?}");
        assert!(shown.contains("calls  Live for 10 %"), "{term:?}: {shown:?}");
    }
}
