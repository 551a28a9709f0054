//! The public workflow runs all that `make verify` does.

use std::fs;
use std::path::Path;

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("it is there")
}

/// What a target is made of, down to those that need no other.
fn parts(makefile: &str, target: &str) -> Vec<String> {
    let rule = makefile.lines().find_map(|line| line.strip_prefix(&format!("{target}:")));
    let needed: Vec<_> = rule.expect("it is a target").split_whitespace().collect();
    match needed[..] {
        [] => vec![target.to_owned()],
        _ => needed.iter().flat_map(|part| parts(makefile, part)).collect(),
    }
}

/// Those that no step runs, by `make` or by the command of the README; and what only the workflow runs.
fn left_out(makefile: &str, workflow: &str) -> Vec<String> {
    let steps = workflow.lines().map(|line| line.trim().trim_start_matches("- "));
    let runs: Vec<_> = steps.filter_map(|step| step.strip_prefix("run: ")).collect();
    let makes = runs.iter().filter_map(|run| run.strip_prefix("make "));
    let mut run: Vec<_> = makes.flat_map(str::split_whitespace).collect();
    if runs.contains(&"cargo test --all-features") {
        run.push("test");
    }
    let mut parts = parts(makefile, "verify");
    parts.extend(["msrv", "semver"].map(str::to_owned));
    parts.retain(|part| !run.contains(&&**part));
    parts
}

#[test]
fn the_public_workflow_runs_all_that_verify_does() {
    let (makefile, workflow) = (text("Makefile"), text(".github/workflows/ci.yml"));
    assert_eq!(left_out(&makefile, &workflow), [""; 0]);
    let without = workflow.replace("- run: make deny package", "# - run: make deny package");
    assert_eq!(left_out(&makefile, &without), ["deny", "package", "semver"]);
    let without = workflow.replace("- run: cargo test --all-features", "- run: cargo test");
    assert_eq!(left_out(&makefile, &without), ["test"]);
}
