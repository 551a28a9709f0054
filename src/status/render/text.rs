use std::fmt::Write as _;

use super::Colour;
use super::wrap::{padded, width, wrapped};
use crate::phase::{PartName, Phase};
use crate::status::PartStanding;
use crate::status::plain::{ISOLATES, visible};
use crate::status::view::{Block, Cell, Entry, Fact, Mark, Page, Section, Table};

/// No line is longer.
const COLUMNS: usize = 100;
/// Between two columns of a table.
const GAP: usize = 2;
/// No column is made narrower to make room.
const NARROW: usize = 8;

/// Writes to a terminal, or to a file.
struct Terminal {
    out: String,
    colour: Colour,
}

pub(super) fn text(page: &Page, parts: &[PartStanding], colour: Colour) -> String {
    let mut terminal = Terminal { out: String::new(), colour };
    let headline = Cell { text: page.headline.clone(), mark: page.mark };
    for line in wrapped(&told(&headline), COLUMNS) {
        terminal.line(0, &terminal.painted("1", &line));
    }
    terminal.line(0, &format!("as of {}", page.as_of));
    terminal.line(0, &path(parts));
    for section in &page.sections {
        terminal.section(section);
    }
    terminal.out
}

/// `legacy_only > dual_write > [shadow] > …`; the cohort's place in parentheses.
fn path(parts: &[PartStanding]) -> String {
    let at = |part: PartName| parts.iter().find(|it| it.part == part).map(|it| it.phase);
    let (base, cohort) = (at(PartName::Base), at(PartName::Cohort));
    let shown =
        |phase: &Phase| *phase != Phase::Halted || base == Some(*phase) || cohort == Some(*phase);
    let place = |phase: Phase| match (base == Some(phase), cohort == Some(phase)) {
        (true, _) => format!("[{phase}]"),
        (_, true) => format!("({phase})"),
        _ => phase.to_string(),
    };
    let places: Vec<_> = Phase::ALL.into_iter().filter(shown).map(place).collect();
    places.join(" > ")
}

/// The cell as it is read: nothing in it moves a cursor.
fn told(cell: &Cell) -> String {
    let text = visible(&cell.text).replace(ISOLATES, "");
    match cell.mark {
        Mark::None => text,
        mark => format!("{text} [{}]", mark.word()),
    }
}

const fn code(mark: Mark) -> Option<&'static str> {
    match mark {
        Mark::None => None,
        Mark::Good => Some("32"),
        Mark::Warn => Some("33"),
        Mark::Bad => Some("31"),
    }
}

impl Terminal {
    fn painted(&self, code: &str, text: &str) -> String {
        match self.colour {
            Colour::Never => text.to_owned(),
            Colour::Always => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }

    fn marked(&self, mark: Mark, text: &str) -> String {
        code(mark).map_or_else(|| text.to_owned(), |code| self.painted(code, text))
    }

    fn line(&mut self, indent: usize, text: &str) {
        let text = text.trim_end();
        let _ = writeln!(self.out, "{}{text}", " ".repeat(indent));
    }

    fn section(&mut self, section: &Section) {
        let title = self.painted("1", &section.title.to_uppercase());
        self.out.push('\n');
        self.line(0, &title);
        for block in &section.blocks {
            match block {
                Block::Facts(facts) => self.facts(facts),
                Block::Table(table) => self.table(table),
                Block::Entries(entries) => entries.iter().for_each(|entry| self.entry(entry)),
            }
        }
    }

    fn facts(&mut self, facts: &[Fact]) {
        let names = facts.iter().map(|fact| width(fact.name)).max().unwrap_or(0).max(12);
        for fact in facts {
            let lines = wrapped(&told(&fact.value), COLUMNS - names - 2 * GAP);
            for (at, line) in lines.iter().enumerate() {
                let name = if at == 0 { fact.name } else { "" };
                let line = self.marked(fact.value.mark, line);
                self.line(GAP, &format!("{}{}{line}", padded(name, names), " ".repeat(GAP)));
            }
        }
    }

    fn table(&mut self, table: &Table) {
        let head: Vec<_> = table.head.iter().map(|name| (*name).to_owned()).collect();
        let rows: Vec<Vec<String>> =
            table.rows.iter().map(|row| row.iter().map(told).collect()).collect();
        let widths = widths(&head, &rows);
        self.row(&head, &[], &widths);
        for (cells, texts) in table.rows.iter().zip(&rows) {
            let marks: Vec<_> = cells.iter().map(|cell| cell.mark).collect();
            self.row(texts, &marks, &widths);
        }
    }

    fn row(&mut self, texts: &[String], marks: &[Mark], widths: &[usize]) {
        let cells: Vec<_> =
            texts.iter().zip(widths).map(|(text, width)| wrapped(text, *width)).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        for at in 0..height {
            let mut line = String::new();
            for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
                let text = cell.get(at).map_or("", String::as_str);
                let mark = marks.get(column).copied().unwrap_or(Mark::None);
                let pad = " ".repeat(width.saturating_sub(self::width(text)) + GAP);
                let _ = write!(line, "{}{pad}", self.marked(mark, text));
            }
            self.line(GAP, &line);
        }
    }

    fn entry(&mut self, entry: &Entry) {
        for (indent, cell) in
            std::iter::once((2, &entry.title)).chain(entry.details.iter().map(|it| (6, it)))
        {
            for (at, line) in wrapped(&told(cell), COLUMNS - indent - 2).iter().enumerate() {
                let line = self.marked(cell.mark, line);
                self.line(indent + if at == 0 { 0 } else { 2 }, &line);
            }
        }
    }
}

/// As wide as their texts; the widest give way until all fit.
fn widths(head: &[String], rows: &[Vec<String>]) -> Vec<usize> {
    let longest = |column: usize, name: &String| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|text| width(text));
        cells.max().unwrap_or(0).max(width(name))
    };
    let mut widths: Vec<_> =
        head.iter().enumerate().map(|(column, name)| longest(column, name)).collect();
    let room = COLUMNS - GAP - GAP * widths.len();
    while widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROW => *widest -= 1,
            _ => break,
        }
    }
    widths
}
