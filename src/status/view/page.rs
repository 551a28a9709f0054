use std::fmt::Display;

/// How something is to be taken. Never told by a colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::status) enum Mark {
    /// Neither good nor bad.
    None,
    /// As it should be.
    Good,
    /// To be looked at.
    Warn,
    /// Wrong.
    Bad,
}

impl Mark {
    /// In a word; empty for what is neither.
    pub(in crate::status) const fn word(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Good => "ok",
            Self::Warn => "look",
            Self::Bad => "bad",
        }
    }
}

/// A text and how it is to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::status) struct Cell {
    pub(in crate::status) text: String,
    pub(in crate::status) mark: Mark,
}

impl Cell {
    pub(super) fn new(text: impl Display) -> Self {
        Self::marked(Mark::None, text)
    }

    pub(super) fn marked(mark: Mark, text: impl Display) -> Self {
        Self { text: text.to_string(), mark }
    }
}

#[derive(Debug)]
pub(in crate::status) struct Fact {
    pub(in crate::status) name: &'static str,
    pub(in crate::status) value: Cell,
}

/// A table; the first cell of each row names it.
#[derive(Debug)]
pub(in crate::status) struct Table {
    pub(in crate::status) caption: &'static str,
    pub(in crate::status) head: Vec<&'static str>,
    pub(in crate::status) rows: Vec<Vec<Cell>>,
}

/// Something with a title, and what is to be said of it.
#[derive(Debug)]
pub(in crate::status) struct Entry {
    pub(in crate::status) title: Cell,
    pub(in crate::status) details: Vec<Cell>,
}

#[derive(Debug)]
pub(in crate::status) enum Block {
    Facts(Vec<Fact>),
    Table(Table),
    Entries(Vec<Entry>),
}

/// What an output that can draw draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::status) enum Figure {
    /// The phases, and where the parts stand.
    Path,
    /// Latencies of primary and secondary.
    Latency,
    /// Requests to legacy and to modern.
    Routes,
}

#[derive(Debug)]
pub(in crate::status) struct Section {
    pub(in crate::status) id: &'static str,
    pub(in crate::status) title: &'static str,
    pub(in crate::status) figure: Option<Figure>,
    pub(in crate::status) blocks: Vec<Block>,
}

impl Section {
    /// One that says nothing is left out.
    pub(super) fn of(id: &'static str, title: &'static str, blocks: Vec<Block>) -> Option<Self> {
        let is_empty = |block: &Block| match block {
            Block::Facts(facts) => facts.is_empty(),
            Block::Table(table) => table.rows.is_empty(),
            Block::Entries(entries) => entries.is_empty(),
        };
        let blocks: Vec<_> = blocks.into_iter().filter(|block| !is_empty(block)).collect();
        (!blocks.is_empty()).then_some(Self { id, title, figure: None, blocks })
    }

    pub(super) fn drawn(self, figure: Figure) -> Self {
        Self { figure: Some(figure), ..self }
    }

    /// The worst of what is in it.
    pub(super) fn mark(&self) -> Mark {
        let worst = |block: &Block| match block {
            Block::Facts(facts) => facts.iter().map(|fact| fact.value.mark).max(),
            Block::Table(table) => table.rows.iter().flatten().map(|cell| cell.mark).max(),
            // What is past alarms nobody.
            Block::Entries(_) if self.id == "history" => None,
            Block::Entries(entries) => {
                let cells = entries
                    .iter()
                    .flat_map(|entry| std::iter::once(&entry.title).chain(&entry.details));
                cells.map(|cell| cell.mark).max()
            }
        };
        self.blocks.iter().filter_map(worst).max().unwrap_or(Mark::None)
    }
}

#[derive(Debug)]
pub(in crate::status) struct Page {
    pub(in crate::status) title: String,
    pub(in crate::status) headline: String,
    /// The worst of all.
    pub(in crate::status) mark: Mark,
    pub(in crate::status) as_of: String,
    pub(in crate::status) sections: Vec<Section>,
}

pub(super) fn fact(name: &'static str, value: Cell) -> Fact {
    Fact { name, value }
}

/// The last row of a table that leaves some out.
pub(super) fn more(left_out: usize, what: &str, columns: usize) -> Option<Vec<Cell>> {
    let mut row = vec![Cell::new(format!("and {left_out} more {what}"))];
    row.resize(columns, Cell::new(""));
    (left_out > 0).then_some(row)
}
