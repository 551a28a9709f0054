use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Lines of progress, each with the time and the number of calls so far.
#[derive(Debug)]
pub struct Report {
    began: Instant,
    counted: Mutex<Counted>,
}

/// The answers in the journals, as far as they were read.
#[derive(Debug, Default)]
struct Counted {
    read: HashMap<PathBuf, u64>,
    calls: u64,
}

impl Report {
    /// A report that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { began: Instant::now(), counted: Mutex::default() }
    }

    /// A line of progress, with the calls that `journals` show as answered.
    #[expect(clippy::print_stdout, reason = "a command")]
    pub fn tell(&self, what: &str, journals: impl Iterator<Item = PathBuf>) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        for journal in journals {
            counted.read_on(&journal);
        }
        let (seconds, calls) = (self.began.elapsed().as_secs_f64(), grouped(counted.calls));
        println!("{seconds:5.1} s {calls:>8} calls  {what}");
    }
}

impl Default for Report {
    fn default() -> Self {
        Self::new()
    }
}

impl Counted {
    /// What cannot be read now is counted later.
    fn read_on(&mut self, journal: &Path) {
        let from = self.read.entry(journal.to_owned()).or_default();
        let mut text = Vec::new();
        let more = File::open(journal).and_then(|mut file| {
            file.seek(SeekFrom::Start(*from))?;
            file.read_to_end(&mut text)
        });
        if more.is_err() {
            return;
        }
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        *from += whole as u64;
        let lines = text[..whole].split(|byte| *byte == b'\n');
        let is_answer = |line: &&[u8]| {
            [&b"{\"done\""[..], b"{\"found\""].iter().any(|kind| line.starts_with(kind))
        };
        self.calls += lines.filter(is_answer).count() as u64;
    }
}

/// A number with commas.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
