//! The alert rules, by promtool.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("prometheus")
}

fn rules() -> String {
    fs::read_to_string(folder().join("alerts.yml")).unwrap()
}

/// The expressions of the rules.
pub(crate) fn expressions() -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut is_inside = false;
    for line in rules().lines().map(str::trim) {
        if let Some(expression) = line.strip_prefix("expr:") {
            found.push(expression.trim_matches([' ', '|']).to_owned());
            is_inside = true;
        } else if ["for:", "labels:"].iter().any(|key| line.starts_with(key)) {
            is_inside = false;
        } else if is_inside && !line.starts_with('#') {
            let last = found.last_mut().unwrap();
            last.push(' ');
            last.push_str(line);
        }
    }
    found
}

fn alerts(text: &str) -> BTreeSet<String> {
    let name = |line: &str| Some(line.trim().strip_prefix("- alert: ")?.to_owned());
    text.lines().filter_map(name).collect()
}

/// promtool, which a script finds; without it this fails with what the script says.
fn promtool(folder: &Path, arguments: &[&str]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/promtool.sh");
    let found = Command::new(script).output().expect("the script can be run");
    let said = String::from_utf8_lossy(&found.stderr).into_owned();
    assert!(found.status.success(), "{}", said.lines().last().unwrap_or("no promtool"));
    let tool = String::from_utf8(found.stdout).unwrap();
    Command::new(tool.trim()).args(arguments).current_dir(folder).output().unwrap()
}

fn told(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat()
}

/// A folder of its own with the rules, changed so, and their tests.
struct Changed(PathBuf);

impl Changed {
    fn new(name: &str, from: &str, to: &str) -> Self {
        let own =
            std::env::temp_dir().join(format!("strangler-rules-{name}-{}", std::process::id()));
        fs::create_dir_all(&own).unwrap();
        let changed = rules().replace(from, to);
        assert_ne!(changed, rules(), "{from} is not there");
        fs::write(own.join("alerts.yml"), changed).unwrap();
        fs::copy(folder().join("alerts_test.yml"), own.join("alerts_test.yml")).unwrap();
        Self(own)
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn promtool_takes_the_rules_and_not_a_broken_one() {
    let checked = promtool(&folder(), &["check", "rules", "alerts.yml"]);
    assert!(checked.status.success() && told(&checked).contains("14 rules"), "{}", told(&checked));
    let broken =
        Changed::new("broken", "sum by (migration, cause) (", "sum by (migration, cause (");
    assert!(!promtool(&broken.0, &["check", "rules", "alerts.yml"]).status.success());
}

#[test]
fn each_alert_fires_when_it_should_and_not_when_all_is_well() {
    let tested = promtool(&folder(), &["test", "rules", "alerts_test.yml"]);
    assert!(tested.status.success(), "{}", told(&tested));
    // The controls: a threshold that is never reached, and one that always is.
    for (name, from, to) in [("deaf", "> 0.01", "> 0.5"), ("shrill", "> 86400", "> 60")] {
        let changed = Changed::new(name, from, to);
        let tested = promtool(&changed.0, &["test", "rules", "alerts_test.yml"]);
        assert!(!tested.status.success(), "{from} may be {to}: {}", told(&tested));
    }
}

#[test]
fn every_alert_is_tested_both_ways_and_stands_in_the_documents() {
    let tests = fs::read_to_string(folder().join("alerts_test.yml")).unwrap();
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/OBSERVABILITY.md");
    let document = fs::read_to_string(document).unwrap();
    let documented = document.lines().filter_map(|line| line.strip_prefix("| Strangler"));
    let documented: BTreeSet<_> =
        documented.map(|line| format!("Strangler{}", line.split(' ').next().unwrap())).collect();
    assert_eq!(alerts(&rules()), documented);
    for alert in documented {
        for when in ["when all is well", "when it should fire"] {
            assert!(tests.contains(&format!("- name: {alert}, {when}\n")), "{alert} {when}");
        }
    }
}
