//! Every command that the book names is there.

use crate::page::{Book, altered, beside, book, lines, pieces, root, text};
use crate::shelf::Shelf;

/// Languages of blocks that hold no commands.
const NO_COMMANDS: &[&str] = &["rust", "toml", "mermaid", "sql", "text", "json"];

/// The lines of shell in a page: those of blocks, and code in its prose.
fn code(page: &str) -> Vec<&str> {
    let mut code = Vec::new();
    for line in lines(page) {
        match line.block {
            None => code.extend(pieces(line.text).0),
            Some(block) if NO_COMMANDS.iter().any(|it| block.starts_with(it)) => {}
            Some(_) => code.push(line.text),
        }
    }
    code
}

/// The words of a command up to a comment, or to what it hands on to a program.
fn words(command: &str) -> Vec<&str> {
    let words = command.split_whitespace().skip_while(|word| *word == "$");
    words.take_while(|word| !matches!(*word, "#" | "--" | "…")).collect()
}

fn missing_of_make(words: &[&str], shelf: &Shelf) -> Vec<String> {
    let Some(start) = words.iter().position(|word| *word == "make").filter(|at| *at == 0) else {
        return Vec::new();
    };
    let targets = words[start + 1..].iter().take_while(|word| !word.contains('='));
    let unknown = targets.filter(|word| !shelf.targets.contains(**word));
    unknown.map(|word| format!("make {word}")).collect()
}

fn missing_of_cargo(words: &[&str], shelf: &Shelf) -> Vec<String> {
    if !words.contains(&"cargo") {
        return Vec::new();
    }
    let is_missing = |pair: &&[&str]| {
        let kind = match pair[0] {
            "-p" => &shelf.packages,
            "--example" => &shelf.examples,
            "--test" => &shelf.tests,
            "--bench" => &shelf.benches,
            "--bin" => &shelf.bins,
            _ => return false,
        };
        !kind.contains(pair[1].split('@').next().unwrap())
    };
    words.windows(2).filter(is_missing).map(|pair| pair.join(" ")).collect()
}

/// Paths into the folders of the project, up to a name within a file.
fn missing_paths(words: &[&str]) -> Vec<String> {
    const FOLDERS: &[&str] = &["scripts/", "examples/", "tests/", "benches/", "docs/"];
    let named = words.iter().filter_map(|word| {
        let at = FOLDERS.iter().filter_map(|folder| word.find(folder)).min()?;
        let is_whole = at == 0 || word[..at].ends_with(['(', '"', '\'']);
        let path = word[at..].split("::").next()?.trim_end_matches([')', ',', '"', '\'']);
        (is_whole && !path.contains(['*', '…', '<'])).then_some(path)
    });
    named.filter(|path| !root().join(path).exists()).map(str::to_owned).collect()
}

/// The programs of the runbook and the quickstart, and where they say what they take.
const PROGRAMS: &[(&str, &str)] = &[
    ("operate", "examples/adapters/src/bin/operate/options.rs"),
    ("migrate", "examples/adapters/src/bin/migrate/options.rs"),
];

/// Subcommands and options that `--help` does not list.
fn missing_of_programs(words: &[&str]) -> Vec<String> {
    let mut missing = Vec::new();
    for (program, source) in PROGRAMS {
        let Some(at) = words.iter().position(|word| word == program) else { continue };
        let is_command = words[..at].iter().all(|word| word.contains('='));
        if !is_command || words.len() == at + 1 {
            continue;
        }
        let source = text(source);
        let help = source.split("HELP: &str = ").nth(1).unwrap().split("\n\";").next().unwrap();
        let commands: Vec<_> = help.lines().filter_map(|it| it.split_whitespace().next()).collect();
        let options: Vec<_> = help.split(|c: char| c.is_whitespace() || c == ')').collect();
        let (first, rest) = (words[at + 1], &words[at + 1..]);
        let asked = rest.iter().filter(|word| word.starts_with("--") && !options.contains(*word));
        let command = Some(&first).filter(|it| !it.starts_with("--") && !commands.contains(*it));
        let asked = asked.chain(command);
        missing.extend(asked.map(|word| format!("{program} {word}")));
    }
    missing
}

fn missing(book: &Book) -> Vec<String> {
    let (shelf, mut missing) = (Shelf::read(), Vec::new());
    for (path, page) in book {
        for code in code(page) {
            let words = words(code);
            let found = [
                missing_of_make(&words, &shelf),
                missing_of_cargo(&words, &shelf),
                missing_of_programs(&words),
                // The examples' paths begin in their own folder.
                if path.starts_with("examples/") { Vec::new() } else { missing_paths(&words) },
            ];
            missing.extend(found.concat().into_iter().map(|it| format!("{path}: {it}")));
        }
    }
    missing
}

#[test]
fn every_command_and_path_that_the_book_names_is_there() {
    let book: Book = book().into_iter().chain(beside()).collect();
    assert_eq!(missing(&book), Vec::<String>::new());
}

#[test]
fn a_command_that_is_not_there_is_noticed() {
    for (page, from, to, expected) in [
        ("README.md", "`make fleet`", "`make fleets`", "README.md: make fleets"),
        ("README.md", "--example quickstart", "--example quick", "README.md: --example quick"),
        ("docs/BENCHMARKS.md", "-p peers", "-p peer", "docs/BENCHMARKS.md: -p peer"),
        ("docs/PROOF.md", "--test history", "--test story", "docs/PROOF.md: --test story"),
        ("docs/BENCHMARKS.md", "--bench route", "--bench rout", "docs/BENCHMARKS.md: --bench rout"),
        ("docs/DATA.md", "--bin migrate", "--bin move", "docs/DATA.md: --bin move"),
        (
            "docs/RUNBOOK.md",
            "$ operate status",
            "$ operate state",
            "docs/RUNBOOK.md: operate state",
        ),
        ("docs/OPERATOR.md", "--dry-run`", "--dry`", "docs/OPERATOR.md: migrate --dry"),
        (
            "docs/PROOF.md",
            "`scripts/mutants.sh`",
            "`scripts/mutant.sh`",
            "docs/PROOF.md: scripts/mutant.sh",
        ),
    ] {
        let missing = missing(&altered(page, from, to));
        assert!(missing.iter().any(|it| it == expected), "{expected}: {missing:?}");
    }
}
