//! What a command may name: targets, packages, and what they hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::page::{root, text};

/// What is there, by kind.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    pub(crate) targets: BTreeSet<String>,
    pub(crate) packages: BTreeSet<String>,
    pub(crate) examples: BTreeSet<String>,
    pub(crate) tests: BTreeSet<String>,
    pub(crate) benches: BTreeSet<String>,
    pub(crate) bins: BTreeSet<String>,
}

/// The names of programs in a folder: `name.rs`, or `name/main.rs`.
pub(crate) fn programs(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_program = |path: &Path| {
        path.extension().is_some_and(|ending| ending == "rs") || path.join("main.rs").exists()
    };
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    paths.filter(|path| is_program(path)).map(|path| name(&path)).collect()
}

/// The texts in quotes that a manifest has for `name` in sections of this kind.
fn names(manifest: &str, section: &str) -> Vec<String> {
    let sections =
        manifest.split("\n[").filter(|it| it.trim_start_matches('[').starts_with(section));
    let name = |it: &str| it.split("\nname = \"").nth(1)?.split('"').next().map(str::to_owned);
    sections.filter_map(name).collect()
}

impl Shelf {
    pub(crate) fn read() -> Self {
        let mut shelf = Self::default();
        let is_target = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
        let makefile = text("Makefile");
        let rules = makefile.lines().filter(is_target).filter_map(|line| line.split_once(':'));
        shelf.targets = rules.map(|(name, _)| name.to_owned()).collect();

        let manifest = text("Cargo.toml");
        let members = manifest.split("members = [").nth(1).unwrap().split(']').next().unwrap();
        for member in members.split('"').skip(1).step_by(2) {
            let (folder, manifest) = (root().join(member), text(&format!("{member}/Cargo.toml")));
            let packages = names(&manifest, "package]");
            shelf.bins.extend(packages.iter().cloned());
            shelf.packages.extend(packages);
            shelf.examples.extend(programs(&folder.join("examples")));
            shelf.tests.extend(programs(&folder.join("tests")));
            shelf.benches.extend(programs(&folder.join("benches")));
            shelf.benches.extend(names(&manifest, "bench]]"));
            shelf.bins.extend(programs(&folder.join("src/bin")));
        }
        shelf
    }
}
