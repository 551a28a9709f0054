//! What a long job shows: a bar on a terminal, lines elsewhere.

use std::path::Path;
use std::process::Command;

use super::backfill_resume::options::Options;
use super::backfill_resume::run;
use super::scratch::Scratch;

const DIRECTORY: &str = "BACKFILL_TERMINAL_DIRECTORY";

#[tokio::test]
async fn a_child_shows_its_progress() {
    if let Ok(directory) = std::env::var(DIRECTORY) {
        let options =
            Options { rows: 20_000, rate: 15_000.try_into().ok(), directory: directory.into() };
        run(&options).await.unwrap();
    }
}

const XTERM: Option<&str> = Some("xterm-256color");

/// This test binary, run again as the example: on a terminal of its own, or into a pipe.
fn shown(directory: &Path, is_terminal: bool, no_color: Option<&str>) -> String {
    shown_as(XTERM, directory, is_terminal, no_color)
}

/// The same, where the terminal is called so, or nothing.
fn shown_as(
    term: Option<&str>,
    directory: &Path,
    is_terminal: bool,
    no_color: Option<&str>,
) -> String {
    let own = std::env::current_exe().unwrap();
    let args =
        ["--exact", "terminal::a_child_shows_its_progress", "--nocapture", "--test-threads=1"];
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
    command.env(DIRECTORY, directory).env_remove("TERM").env_remove("NO_COLOR");
    if let Some(term) = term {
        command.env("TERM", term);
    }
    if let Some(value) = no_color {
        command.env("NO_COLOR", value);
    }
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn into_a_pipe_go_plain_lines() {
    let scratch = Scratch::new();
    let shown = shown(scratch.path(), false, None);
    assert!(!shown.contains('\u{1b}') && !shown.contains('\r'), "{shown:?}");
    let told = shown
        .lines()
        .filter(|line| line.starts_with("copied ") && line.contains(" of about 20000 records ("));
    assert!(told.count() >= 2, "{shown}");
}

#[test]
fn a_terminal_has_a_bar_in_colour_that_goes_in_the_end() {
    let scratch = Scratch::new();
    let shown = shown(scratch.path(), true, None);
    assert!(shown.contains("copied [") && shown.contains("=>"), "{shown:?}");
    assert!(shown.contains("\u{1b}[36m"), "{shown:?}");
    let end = shown.rsplit("consistent: full check of 20000 keys").next().unwrap();
    assert!(!end.contains("=>"), "{end:?}");
}

#[test]
fn no_color_leaves_the_bar_and_takes_its_colour() {
    let scratch = Scratch::new();
    let plain = shown(scratch.path(), true, Some("1"));
    assert!(
        plain.contains("copied [") && !plain.contains("\u{1b}[36m") && !plain.contains("\u{1b}[3"),
        "{plain:?}"
    );
}

/// Nothing can be drawn there, and the progress is told in lines.
#[test]
fn a_terminal_that_can_draw_nothing_has_plain_lines() {
    for term in [Some("dumb"), None] {
        let scratch = Scratch::new();
        let shown = shown_as(term, scratch.path(), true, None);
        assert!(!shown.contains('\u{1b}'), "{term:?}: {shown:?}");
        let told = shown.lines().filter(|line| {
            line.starts_with("copied ") && line.contains(" of about 20000 records (")
        });
        assert!(told.count() >= 2, "{term:?}: {shown}");
        assert!(shown.contains("consistent: full check of 20000 keys"), "{term:?}: {shown}");
    }
}
