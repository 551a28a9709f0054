//! An object of a document, read field by field, so that one mistake hides no other.

use std::collections::HashSet;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::field::Field;
use super::problems::Problems;
use super::{Place, ProblemKind};
use crate::error::in_one_line;

/// The fields of an object in their order, none of them read yet.
pub(super) struct Fields<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(fields)
            }
        }
        from.deserialize_map(Each).map(Self)
    }
}

/// An object of which some fields were taken.
pub(super) struct Object<'a> {
    place: Place,
    fields: Vec<(String, &'a RawValue)>,
}

/// A value, if it can be read.
pub(super) fn value<T: DeserializeOwned>(
    raw: &RawValue,
    place: Place,
    problems: &mut Problems,
) -> Field<T> {
    match serde_json::from_str(raw.get()) {
        Ok(value) => Field::Read(value),
        Err(error) => {
            problems.unreadable(place, &error);
            Field::Wrong
        }
    }
}

impl<'a> Object<'a> {
    /// The fields at a place, each of them once.
    pub(super) fn new(fields: Fields<'a>, place: Place, problems: &mut Problems) -> Self {
        let mut seen = HashSet::new();
        let mut once = Vec::new();
        for (name, raw) in fields.0 {
            if seen.insert(name.clone()) {
                once.push((name, raw));
            } else {
                problems.note(place.clone().below_name(&name), ProblemKind::Doubled);
            }
        }
        Self { place, fields: once }
    }

    /// The object, if it is one; an array is none.
    pub(super) fn read(raw: &'a RawValue, place: Place, problems: &mut Problems) -> Option<Self> {
        match serde_json::from_str(raw.get()) {
            Ok(fields) => Some(Self::new(fields, place, problems)),
            Err(error) => {
                problems.unreadable(place, &error);
                None
            }
        }
    }

    fn place(&self, name: &str) -> Place {
        self.place.clone().below(name)
    }

    /// Takes a field out, with its place.
    pub(super) fn take(&mut self, name: &str) -> Option<(&'a RawValue, Place)> {
        let at = self.fields.iter().position(|(field, _)| field == name)?;
        Some((self.fields.remove(at).1, self.place(name)))
    }

    pub(super) fn value<T: DeserializeOwned>(
        &mut self,
        name: &str,
        problems: &mut Problems,
    ) -> Field<T> {
        self.take(name).map_or(Field::Absent, |(raw, place)| value(raw, place, problems))
    }

    /// The same of one of several words.
    pub(super) fn word<T: DeserializeOwned>(
        &mut self,
        name: &str,
        problems: &mut Problems,
    ) -> Field<T> {
        let place = self.place(name);
        let text: Field<String> = self.value(name, problems);
        text.judge(place, problems, |text| {
            let word: StrDeserializer<'_, serde::de::value::Error> =
                text.as_str().into_deserializer();
            T::deserialize(word)
                .map_err(|error| ProblemKind::Unreadable(in_one_line(&error.to_string())))
        })
    }

    /// What is made of the object in a field.
    pub(super) fn object<T>(
        &mut self,
        name: &str,
        problems: &mut Problems,
        make: impl FnOnce(&mut Self, &mut Problems) -> T,
    ) -> Field<T> {
        let Some((raw, place)) = self.take(name) else { return Field::Absent };
        whole(raw, place, problems, make)
    }

    /// What is made of each element of the array in a field.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        problems: &mut Problems,
        each: impl Fn(&'a RawValue, Place, &mut Problems) -> Field<T>,
    ) -> Field<Vec<Field<T>>> {
        let Some((raw, place)) = self.take(name) else { return Field::Absent };
        match serde_json::from_str::<Vec<&'a RawValue>>(raw.get()) {
            Ok(list) => {
                let elements = list.into_iter().enumerate();
                let read = elements
                    .map(|(at, raw)| each(raw, place.clone().below(&format!("[{at}]")), problems));
                Field::Read(read.collect())
            }
            Err(error) => {
                problems.unreadable(place, &error);
                Field::Wrong
            }
        }
    }

    /// That a field must be there.
    pub(super) fn must<T>(&self, name: &str, field: Field<T>, problems: &mut Problems) -> Field<T> {
        if field.is_absent() {
            problems.note(self.place(name), ProblemKind::Missing);
            return Field::Wrong;
        }
        field
    }

    /// That nothing else is there.
    pub(super) fn end(self, problems: &mut Problems) {
        for (name, _) in self.fields {
            problems.note(self.place.clone().below_name(&name), ProblemKind::UnknownField);
        }
    }

    /// Whether nothing else is there.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

/// What is made of an object, in which nothing else may be.
pub(super) fn whole<'a, T>(
    raw: &'a RawValue,
    place: Place,
    problems: &mut Problems,
    make: impl FnOnce(&mut Object<'a>, &mut Problems) -> T,
) -> Field<T> {
    let Some(mut object) = Object::read(raw, place, problems) else { return Field::Wrong };
    let whole = make(&mut object, problems);
    object.end(problems);
    Field::Read(whole)
}
