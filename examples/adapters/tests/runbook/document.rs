use std::fmt;

/// A part of the document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A line of text.
    Text(String),
    /// What happens to the nodes: `<!-- scene: … -->`, which no reader sees.
    Scene(String),
    /// A command in a block `console`, and what it prints.
    Command { line: String, output: Vec<String> },
}

/// A document with commands to try.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) pieces: Vec<Piece>,
}

impl Document {
    pub(crate) fn parse(text: &str) -> Self {
        let (mut pieces, mut in_console) = (Vec::new(), false);
        for line in text.lines() {
            let scene = line.strip_prefix("<!-- scene: ").and_then(|it| it.strip_suffix(" -->"));
            match (line, pieces.last_mut()) {
                ("```console", _) => in_console = true,
                ("```", _) => in_console = false,
                (line, _) if in_console && line.starts_with("$ ") => {
                    let line = line[2..].to_owned();
                    pieces.push(Piece::Command { line, output: Vec::new() });
                    continue;
                }
                (line, Some(Piece::Command { output, .. })) if in_console => {
                    output.push(line.to_owned());
                    continue;
                }
                _ => {}
            }
            pieces.push(match scene {
                Some(scene) => Piece::Scene(scene.to_owned()),
                None => Piece::Text(line.to_owned()),
            });
        }
        Self { pieces }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.pieces {
            match piece {
                Piece::Text(line) => writeln!(f, "{line}")?,
                Piece::Scene(scene) => writeln!(f, "<!-- scene: {scene} -->")?,
                Piece::Command { line, output } => {
                    writeln!(f, "$ {line}")?;
                    output.iter().try_for_each(|line| writeln!(f, "{line}"))?;
                }
            }
        }
        Ok(())
    }
}

/// What is the same in every run: without the ids of lives and processes, durations,
/// and what a backfill counts while others write.
pub(crate) fn masked(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| masked_line(line)).collect()
}

fn masked_line(line: &str) -> String {
    // Who comes last, and whether anybody does, is a matter of moments.
    let line = line.split(" (it waited ").next().unwrap_or_default();
    // What others write meanwhile is counted too.
    let counted = ["backfill", "consistent", "  level"];
    let is_count = counted.iter().any(|start| line.starts_with(start));
    let mut words: Vec<String> = Vec::new();
    for word in line.split(' ') {
        let core = word.trim_matches(|c: char| "():,;".contains(c));
        let is_life = core.split_once('/').is_some_and(|(_, life)| {
            life.len() == 32 && life.chars().all(|c| c.is_ascii_hexdigit())
        });
        let is_time = core.starts_with(|c: char| c.is_ascii_digit())
            && ["s", "ms", "µs"].iter().any(|unit| {
                core.strip_suffix(unit).is_some_and(|figure| figure.parse::<f64>().is_ok())
            });
        let is_figure = is_count && core.parse::<f64>().is_ok();
        if let ("records", Some(count)) = (core, words.last_mut()) {
            "#".clone_into(count);
        }
        let is_process = core.starts_with("operate-");
        let node = core.split('/').next().unwrap_or_default();
        words.push(match () {
            () if is_process => word.replace(core, "operate"),
            () if is_life => word.replace(core, node),
            () if is_time || is_figure => word.replace(core, "#"),
            () => word.to_owned(),
        });
    }
    words.join(" ")
}
