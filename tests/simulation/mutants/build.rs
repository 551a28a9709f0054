//! Copies the library's source and plants every fault of the list in it. A fault whose place
//! is no longer found, or found twice, stops the build: the list goes with the code.

use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "src/list.rs"]
mod list;

fn main() {
    let library = PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../../src");
    let library = library.canonicalize().unwrap();
    let planted = PathBuf::from(env::var("OUT_DIR").unwrap()).join("src");
    println!("cargo::rerun-if-changed={}", library.display());
    println!("cargo::rerun-if-changed=src/list.rs");
    println!("cargo::rerun-if-changed=build.rs");
    if planted.exists() {
        fs::remove_dir_all(&planted).unwrap();
    }
    copy(&library, &planted);
    for fault in list::FAULTS {
        for (file, from, to) in fault.edits {
            plant(fault.name, &planted.join(file), from, to);
        }
    }
    // Nobody here proves an adapter.
    plant("", &planted.join("testkit/mod.rs"), "pub mod conformance;", "");
    modules(&planted);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn plant(name: &str, file: &Path, from: &str, to: &str) {
    let source = fs::read_to_string(file).unwrap_or_else(|_| panic!("{name}: no {file:?}"));
    let found = source.matches(from).count();
    assert!(found == 1, "{name}: found {found} times in {file:?}: {from}");
    let to = to.replace("WOKEN", &format!("crate::woken::is({name:?})"));
    fs::write(file, source.replace(from, &to)).unwrap();
}

/// The modules of the library's own root, by their paths.
fn modules(planted: &Path) {
    let root = fs::read_to_string(planted.join("lib.rs")).unwrap();
    let mut modules = String::new();
    for line in root.lines() {
        if let Some(name) = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')) {
            let (file, folder) = (planted.join(format!("{name}.rs")), planted.join(name));
            let path = if file.exists() { file } else { folder.join("mod.rs") };
            // What features add is not simulated.
            if !["gateway", "mock"].contains(&name) {
                modules += &format!("#[path = {path:?}]\npub mod {name};\n");
            }
        }
    }
    fs::write(planted.with_file_name("modules.rs"), modules).unwrap();
}
