use smol_str::SmolStr;

use super::captures::CAPTURES_MAX;
use super::escape::Decoded;
use super::path::LITERAL_MAX;
use super::{Captures, PathFault, PlainPath};

/// The paths that a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathPattern {
    pub(super) pieces: Vec<Piece>,
    pub(super) end: End,
}

/// What one segment must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// These bytes, escapes undone.
    Literal(Box<[u8]>),
    /// Anything that is not empty.
    Capture(SmolStr),
}

/// What may follow the pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing.
    Here,
    /// Nothing, or more segments.
    Below,
    /// Anything at all, `*` included.
    Any,
}

/// Why a text is no pattern of paths.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternFault {
    /// Its literal part is no path that a request can have.
    #[error("{0}")]
    Path(PathFault),
    /// A prefix ends where a segment does; it needs no slash there.
    #[error("a prefix ends without a slash")]
    SlashAtEnd,
    /// A capture has no name, or one that is none: letters, digits, `_` and `-`.
    #[error("{0:?} is no name of a capture")]
    CaptureName(String),
    /// A brace stands in the midst of a segment; a capture is a whole one.
    #[error("{0:?} is neither a literal nor a capture: a capture is a whole segment")]
    Brace(String),
    /// Two captures have this name.
    #[error("it has two captures {0:?}")]
    DoubledCapture(String),
    /// More than eight captures.
    #[error("it has more than {CAPTURES_MAX} captures")]
    TooManyCaptures,
    /// A segment is longer than 256 bytes.
    #[error("it has a segment of more than {LITERAL_MAX} bytes")]
    LongSegment,
    /// A slash is escaped, and the rule does not say `encoded_slashes`.
    #[error("it has an escaped slash, which the rule does not allow by `encoded_slashes`")]
    EncodedSlash,
    /// It has a `;`, and the rule does not say `parameters`.
    #[error("it has a `;`, which the rule does not allow by `parameters`")]
    Parameter,
}

impl PathPattern {
    /// Every path.
    pub(super) const ANY: Self = Self { pieces: Vec::new(), end: End::Any };

    /// This path only.
    pub(super) fn exact(text: &str) -> Result<Self, PatternFault> {
        Ok(Self { pieces: literals(text)?, end: End::Here })
    }

    /// This path and what is below.
    pub(super) fn prefix(text: &str) -> Result<Self, PatternFault> {
        if text == "/" {
            return Ok(Self { pieces: Vec::new(), end: End::Below });
        }
        if text.ends_with('/') {
            return Err(PatternFault::SlashAtEnd);
        }
        Ok(Self { pieces: literals(text)?, end: End::Below })
    }

    /// Paths of this form, where `{name}` is one segment.
    pub(super) fn template(text: &str) -> Result<Self, PatternFault> {
        let Some(inner) = text.strip_prefix('/') else {
            return Err(PatternFault::Path(PathFault::NotAbsolute));
        };
        let pieces: Vec<&str> = inner.split('/').collect();
        let names = pieces.iter().map(|piece| capture(piece)).collect::<Result<Vec<_>, _>>()?;
        // What is literal is read as a path is, with something harmless for each capture.
        let stand_in = |(piece, name): (&&str, Option<&str>)| match name {
            Some(_) => "x".to_owned(),
            None => (*piece).to_owned(),
        };
        let plain: Vec<_> = pieces.iter().zip(names.iter().copied()).map(stand_in).collect();
        let mut pieces = literals(&format!("/{}", plain.join("/")))?;
        for (piece, name) in pieces.iter_mut().zip(&names) {
            if let Some(name) = name {
                *piece = Piece::Capture((*name).into());
            }
        }
        let pattern = Self { pieces, end: End::Here };
        pattern.check_captures()?;
        Ok(pattern)
    }

    fn check_captures(&self) -> Result<(), PatternFault> {
        let mut seen = Vec::new();
        for name in self.captures() {
            if seen.contains(&name) {
                return Err(PatternFault::DoubledCapture(name.to_owned()));
            }
            seen.push(name);
        }
        if seen.len() > CAPTURES_MAX { Err(PatternFault::TooManyCaptures) } else { Ok(()) }
    }

    /// The names of its captures, in order.
    pub(super) fn captures(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Capture(name) => Some(name.as_str()),
            Piece::Literal(_) => None,
        })
    }

    /// Whether a literal has this byte in it.
    pub(super) fn has_literal_with(&self, byte: u8) -> bool {
        let has = |piece: &Piece| matches!(piece, Piece::Literal(bytes) if bytes.contains(&byte));
        self.pieces.iter().any(has)
    }

    /// Whether a path of this form may have this byte in a segment, where that is allowed.
    pub(super) fn may_have(&self, byte: u8) -> bool {
        let is_capture = |piece: &Piece| matches!(piece, Piece::Capture(_));
        self.end != End::Here || self.pieces.iter().any(is_capture) || self.has_literal_with(byte)
    }

    /// Whether every path of `other` is one of these, but perhaps for `*`, which is none.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let fits = |(own, other): (&Piece, &Piece)| match (own, other) {
            (Piece::Literal(own), Piece::Literal(other)) => own == other,
            (Piece::Capture(_), Piece::Literal(other)) => !other.is_empty(),
            (Piece::Capture(_), Piece::Capture(_)) => true,
            (Piece::Literal(_), Piece::Capture(_)) => false,
        };
        let ends = match (self.end, other.end) {
            (End::Here, End::Here) => self.pieces.len() == other.pieces.len(),
            (End::Here, End::Below | End::Any) => false,
            (End::Below | End::Any, _) => self.pieces.len() <= other.pieces.len(),
        };
        ends && self.pieces.iter().zip(&other.pieces).all(fits)
    }

    /// What a path that matches has for its captures.
    pub(super) fn captured(&self, path: &PlainPath<'_>) -> Captures {
        let mut captures = Captures::default();
        for (at, piece) in self.pieces.iter().enumerate() {
            if matches!(piece, Piece::Capture(_)) {
                captures.push(&path.range(at));
            }
        }
        captures
    }
}

/// The name in a piece of a template, if it is a capture.
fn capture(piece: &str) -> Result<Option<&str>, PatternFault> {
    if !piece.contains(['{', '}']) {
        return Ok(None);
    }
    let inner = piece.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let Some(name) = inner.filter(|name| !name.contains(['{', '}'])) else {
        return Err(PatternFault::Brace(piece.to_owned()));
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(fits) {
        return Err(PatternFault::CaptureName(name.to_owned()));
    }
    Ok(Some(name))
}

/// The segments of a plain path.
fn literals(text: &str) -> Result<Vec<Piece>, PatternFault> {
    let path = PlainPath::of(text).map_err(PatternFault::Path)?;
    let literal = |raw: &str| {
        let bytes: Box<[u8]> = Decoded::new(raw.as_bytes()).collect();
        if bytes.len() > LITERAL_MAX {
            return Err(PatternFault::LongSegment);
        }
        Ok(Piece::Literal(bytes))
    };
    path.segments().map(literal).collect()
}
