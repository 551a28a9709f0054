//! Reads the airports from a CSV file, and says exactly what is wrong with one.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};

use crate::airport::Airport;
use crate::decimal::{Decimal, Degrees};

const COLUMNS: [&str; 10] = [
    "icao",
    "iata",
    "name",
    "city",
    "subdivision",
    "country",
    "elevation_ft",
    "latitude",
    "longitude",
    "timezone",
];

/// How much of a wrong value is shown.
const SHOWN_MAX: usize = 40;

/// What is wrong with a data file; its text is one line.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct DataError {
    file: String,
    problem: Problem,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    #[error("is empty")]
    Empty,
    #[error("has a header and no airports")]
    NoAirports,
    #[error("line {line}: is not the header {}", COLUMNS.join(","))]
    Header { line: u64 },
    #[error("line {line}: has {found} fields, not {}", COLUMNS.len())]
    Width { line: u64, found: usize },
    #[error("line {line}, field {column}: {reason}")]
    Field { line: u64, column: &'static str, reason: String },
}

/// The airports of `file`, in its order.
pub fn airports(file: &Path) -> Result<Vec<Airport>, DataError> {
    read(file).map_err(|problem| DataError { file: file.display().to_string(), problem })
}

fn read(file: &Path) -> Result<Vec<Airport>, Problem> {
    let content = fs::read(file).map_err(Problem::Unreadable)?;
    // As loose as can be: what is wrong is found, and named, below.
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&*content);
    let mut lines = reader.byte_records().map(|record| match record {
        Ok(record) => Ok(Line::new(record, &content)),
        Err(error) => Err(Problem::Unreadable(error.into())),
    });

    lines.next().ok_or(Problem::Empty)??.header()?;
    let mut airports = Vec::new();
    let mut line_of = HashMap::new();
    for line in lines {
        let line = line?;
        let airport = line.airport()?;
        if let Some(first) = line_of.insert(airport.icao.clone(), line.number) {
            let reason = format!("{:?} stands on line {first} already", airport.icao);
            return Err(line.wrong(0, reason));
        }
        airports.push(airport);
    }
    if airports.is_empty() {
        return Err(Problem::NoAirports);
    }
    Ok(airports)
}

/// One line of the file.
struct Line {
    number: u64,
    record: ByteRecord,
}

impl Line {
    /// The parser takes a record to begin with the empty lines before it.
    fn new(record: ByteRecord, content: &[u8]) -> Self {
        let mut number = 1;
        if let Some(position) = record.position() {
            let from = usize::try_from(position.byte()).unwrap_or(content.len());
            let empty = content[from..].iter().take_while(|byte| b"\r\n".contains(byte));
            let empty = empty.filter(|byte| **byte == b'\n').count();
            number = position.line() + empty as u64;
        }
        Self { number, record }
    }

    fn header(&self) -> Result<(), Problem> {
        if self.record.iter().eq(COLUMNS.map(str::as_bytes)) {
            Ok(())
        } else {
            Err(Problem::Header { line: self.number })
        }
    }

    fn airport(&self) -> Result<Airport, Problem> {
        let (line, found) = (self.number, self.record.len());
        if found != COLUMNS.len() {
            return Err(Problem::Width { line, found });
        }
        Ok(Airport {
            icao: self.required(0)?,
            iata: self.optional(1)?,
            name: self.required(2)?,
            city: self.optional(3)?,
            subdivision: self.optional(4)?,
            country: self.required(5)?,
            elevation: self.decimal(6)?,
            latitude: self.degrees(7, 90)?,
            longitude: self.degrees(8, 180)?,
            timezone: self.required(9)?,
        })
    }

    fn optional(&self, column: usize) -> Result<Option<String>, Problem> {
        let text = std::str::from_utf8(&self.record[column])
            .map_err(|_| self.wrong(column, "is not UTF-8".to_owned()))?;
        // Such as the line breaks behind a quote that is never closed.
        if text.contains(char::is_control) {
            return Err(self.wrong(column, format!("{} has control characters", shown(text))));
        }
        Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
    }

    fn required(&self, column: usize) -> Result<String, Problem> {
        self.optional(column)?.ok_or_else(|| self.wrong(column, "is empty".to_owned()))
    }

    fn decimal<const PLACES: u32>(&self, column: usize) -> Result<Decimal<PLACES>, Problem> {
        let text = self.required(column)?;
        text.parse().map_err(|error| self.wrong(column, format!("{}: {error}", shown(&text))))
    }

    fn degrees(&self, column: usize, max: u32) -> Result<Degrees, Problem> {
        let degrees: Degrees = self.decimal(column)?;
        if degrees.units().unsigned_abs() > max * 1_000_000 {
            let reason = format!("{degrees} is not between -{max} and {max}");
            return Err(self.wrong(column, reason));
        }
        Ok(degrees)
    }

    fn wrong(&self, column: usize, reason: String) -> Problem {
        Problem::Field { line: self.number, column: COLUMNS[column], reason }
    }
}

/// The beginning of a text, quoted and on one line.
fn shown(text: &str) -> String {
    let mut head: String = text.chars().take(SHOWN_MAX).collect();
    if head.len() < text.len() {
        head.push('…');
    }
    format!("{head:?}")
}
