use serde::{Serialize, Serializer};

use super::problems::Problems;
use super::{Place, ProblemKind};

/// A field of a document.
#[derive(Debug, Clone, Default)]
pub(super) enum Field<T> {
    /// It is not there, and need not be.
    #[default]
    Absent,
    /// Something is wrong with it, which was noted.
    Wrong,
    Read(T),
}

/// That something is wrong and was noted.
pub(super) struct Noted;

impl<T> Field<T> {
    pub(super) const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// What was read.
    pub(super) const fn read(&self) -> Option<&T> {
        match self {
            Self::Read(value) => Some(value),
            Self::Absent | Self::Wrong => None,
        }
    }

    pub(super) fn map<U>(self, make: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Self::Absent => Field::Absent,
            Self::Wrong => Field::Wrong,
            Self::Read(value) => Field::Read(make(value)),
        }
    }

    /// What is made of what was read, or the note of why that cannot be.
    pub(super) fn judge<U>(
        &self,
        place: Place,
        problems: &mut Problems,
        judge: impl FnOnce(&T) -> Result<U, ProblemKind>,
    ) -> Field<U> {
        match self {
            Self::Absent => Field::Absent,
            Self::Wrong => Field::Wrong,
            Self::Read(value) => {
                problems.take(place, judge(value)).map_or(Field::Wrong, Field::Read)
            }
        }
    }

    /// It, or what stands for it if it is absent; none if it is wrong.
    pub(super) fn or(self, absent: T) -> Option<T> {
        match self {
            Self::Absent => Some(absent),
            Self::Wrong => None,
            Self::Read(value) => Some(value),
        }
    }

    /// It, if it is there and right.
    pub(super) fn required(self) -> Option<T> {
        match self {
            Self::Absent | Self::Wrong => None,
            Self::Read(value) => Some(value),
        }
    }

    pub(super) fn optional(self) -> Result<Option<T>, Noted> {
        match self {
            Self::Absent => Ok(None),
            Self::Wrong => Err(Noted),
            Self::Read(value) => Ok(Some(value)),
        }
    }
}

impl Field<bool> {
    /// Whether it is; none if nobody knows. What is absent is not.
    pub(super) fn flag(&self) -> Option<bool> {
        self.clone().or(false)
    }
}

/// Documents are written from what was read: what is absent is left out.
impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.read().serialize(to)
    }
}
