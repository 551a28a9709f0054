//! The floors: a module imports only from floors below its own, and none goes
//! round in a circle with a neighbour.

mod growth;
mod workflow;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const FLOORS: &[&[&str]] = &[
    &["error", "clock", "stamp", "key", "canonical", "observe"],
    &["phase", "resilience"],
    &["repository", "saga", "event", "route"],
    &["worker", "gateway"],
    &["backfill", "consistency", "reconcile", "replicator"],
    &["controller"],
    &["status", "memory", "testkit", "mock"],
];

/// Neighbours on one floor: a share of calls is a share, stamps are made by clocks, suites run on references,
/// what cannot be copied or is found to differ goes to the repair queue, commands are steps of sagas and carry their
/// payloads, and a change is one of an entity.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("stamp", "clock"),
    ("resilience", "phase"),
    ("testkit", "memory"),
    ("backfill", "reconcile"),
    ("consistency", "reconcile"),
    ("replicator", "reconcile"),
    ("event", "saga"),
    ("event", "repository"),
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The crate's modules that a text names by `crate::…`, outside comments, macros
/// for users (`$crate`) and unit tests.
fn imports(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut found = Vec::new();
    for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for (at, _) in line.match_indices("crate::") {
            if line[..at].ends_with('$') {
                continue;
            }
            let rest = &line[at + "crate::".len()..];
            let name = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
            found.extend(name.filter(|name| floor(name).is_some()).map(str::to_owned));
        }
    }
    found
}

fn may_import(from: &str, to: &str) -> bool {
    let (Some(own), Some(other)) = (floor(from), floor(to)) else { return false };
    from == to || other < own || NEIGHBOURS.contains(&(from, to))
}

fn modules() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for file in rust_files(&src) {
        let inner = file.strip_prefix(&src).expect("it was found there");
        let first = inner.iter().next().expect("a file has a name").to_string_lossy();
        let name = first.trim_end_matches(".rs").to_owned();
        if name != "lib" {
            let text = fs::read_to_string(&file).expect("source is text");
            modules.entry(name).or_default().push((file, text));
        }
    }
    modules
}

#[test]
fn every_module_has_a_floor() {
    let homeless: Vec<_> = modules().into_keys().filter(|name| floor(name).is_none()).collect();
    assert!(homeless.is_empty(), "no floor for {homeless:?}");
}

#[test]
fn a_module_imports_only_from_floors_below_its_own() {
    let mut wrong = Vec::new();
    for (module, files) in modules() {
        for (file, text) in files {
            for import in imports(&text).into_iter().filter(|to| !may_import(&module, to)) {
                wrong.push(format!("{} imports {import}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What [`imports`] could not read: nobody writes it.
#[test]
fn imports_name_their_module() {
    let mut hidden = Vec::new();
    for (file, text) in modules().into_values().flatten() {
        let grouped = text.replace("$crate::{", "").contains("crate::{");
        if grouped || text.contains("use super::super::") {
            hidden.push(file);
        }
    }
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn an_import_from_above_is_noticed() {
    let text = "use crate::repository::Join;\n// use crate::memory::X;\n$crate::testkit::y!();";
    assert_eq!(imports(text), ["repository"]);
    assert!(!may_import("phase", "repository") && !may_import("error", "stamp"));
    assert!(may_import("repository", "phase"));
}

#[test]
fn no_file_outgrows_its_room() {
    let long: Vec<_> = modules()
        .into_values()
        .flatten()
        .filter_map(|(file, text)| {
            let lines = text.split("#[cfg(test)]\nmod tests").next()?.lines().count();
            (lines > 400).then(|| format!("{}: {lines} lines", file.display()))
        })
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn the_library_holds_no_product_s_client() {
    let manifest = include_str!("../../Cargo.toml");
    let library = manifest.split("[dev-dependencies]").next().expect("it comes first");
    let library = library.split("[dependencies]").nth(1).expect("the library has dependencies");
    let names: Vec<_> = library.lines().filter_map(|line| line.split(' ').next()).collect();
    for product in [
        "rusqlite",
        "sqlx",
        "tokio-postgres",
        "mysql_async",
        "redis",
        "lapin",
        "async-nats",
        "rdkafka",
    ] {
        assert!(!names.contains(&product), "{product}");
    }
}

/// Types of crates before their 1.0, which no public signature names: raising one would break who uses this crate.
const FOREIGN: &[&str] = &[
    "SmolStr",
    "smol_str",
    "foldhash",
    "RandomState",
    "getrandom",
    "chrono",
    "base64",
    "uuid::",
    "serde_path_to_error",
    "metrics::",
    "opentelemetry",
];

/// The lines of a source that users see: heads of public functions, public fields, and all of public enums and traits.
/// What is `pub` can be reached (`unreachable_pub`).
fn public(text: &str) -> Vec<&str> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let (mut found, mut is_in_type, mut is_in_head) = (Vec::new(), false, false);
    for line in code.lines() {
        let start = line.trim_start();
        if start.starts_with("//") {
            continue;
        }
        is_in_type |= ["pub enum ", "pub trait "].iter().any(|it| line.starts_with(it));
        is_in_head |= start.starts_with("pub ") && start.contains("fn ");
        // `impl From<X> for Y`, and `struct X(pub Y)`.
        let is_one = start.starts_with("pub ") && start.contains(": ")
            || line.starts_with("impl ")
            || start.contains("(pub ")
            || start.starts_with("pub type ");
        if is_in_type || is_in_head || is_one {
            found.push(line);
        }
        is_in_type &= line != "}";
        is_in_head &= !start.ends_with('{') && !start.ends_with(';');
    }
    found
}

fn foreign(text: &str) -> Vec<&str> {
    let names = |line: &&str| FOREIGN.iter().any(|name| line.contains(name));
    public(text).into_iter().filter(names).collect()
}

#[test]
fn no_public_signature_names_a_type_that_is_not_at_its_1_0() {
    let mut wrong = Vec::new();
    for (file, text) in modules().into_values().flatten() {
        wrong.extend(foreign(&text).into_iter().map(|line| format!("{}: {line}", file.display())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_foreign_type_is_noticed_wherever_users_see_it() {
    for text in [
        "pub enum E {\n    A {\n        rule: SmolStr,\n    },\n}",
        "    pub fn at(\n        place: impl Into<SmolStr>,\n    ) -> Self {",
        "    pub rule: SmolStr,",
        "pub struct Name(pub SmolStr);",
        "impl From<SmolStr> for Name {",
        "pub trait T {\n    fn name(&self) -> SmolStr;\n}",
    ] {
        assert_eq!(foreign(text).len(), 1, "{text}");
    }
    for text in [
        "    pub(super) rule: SmolStr,",
        "pub struct Name(SmolStr);",
        "    pub fn at() -> Self {\n        SmolStr::new()\n    }",
        "pub enum E {\n    A,\n}\nfn own() -> SmolStr {}",
        "/// pub rule: SmolStr,",
    ] {
        assert_eq!(foreign(text), Vec::<&str>::new(), "{text}");
    }
}
