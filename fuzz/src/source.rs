//! Bytes read as choices.

use strangler_fig::phase::{Actor, Reason};

/// Bytes read as choices, front to back; zeros when they are used up.
#[derive(Debug)]
pub struct Source<'b>(&'b [u8]);

impl<'b> Source<'b> {
    /// Choices out of `bytes`.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// Whether every byte is used up.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is left, all of it.
    pub fn rest(&mut self) -> &'b [u8] {
        std::mem::take(&mut self.0)
    }

    /// As many bytes as the next one says, or as are left.
    pub fn piece(&mut self) -> &'b [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (piece, rest) = self.0.split_at(length);
        self.0 = rest;
        piece
    }

    /// The next bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Yes or no.
    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// A small number, a large one, or one near the largest.
    pub fn number(&mut self) -> u64 {
        match self.byte() {
            small @ 0..=0xEF => small.into(),
            0xF0..=0xF7 => u64::from_be_bytes(self.bytes()),
            0xF8..=0xFB => u64::MAX - u64::from(self.byte()),
            _ => (1 << 40) - u64::from(self.byte()),
        }
    }

    /// One of `choices`.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    /// A text: what of the next piece is text.
    pub fn text(&mut self) -> String {
        String::from_utf8_lossy(self.piece()).into_owned()
    }

    /// Who decides: the text, if that is one.
    pub fn actor(&mut self) -> Actor {
        self.text().parse().unwrap_or_else(|_| "ada".parse().expect("it is an actor"))
    }

    /// Why: the text, if that is one.
    pub fn reason(&mut self) -> Reason {
        self.text().parse().unwrap_or_else(|_| "so".parse().expect("it is a reason"))
    }

    /// At most `max` of what `one` makes.
    pub fn many<T>(&mut self, max: u8, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.byte() % (max + 1);
        (0..count).map(|_| one(self)).collect()
    }
}
