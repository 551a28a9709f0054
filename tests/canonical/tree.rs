//! Values of every kind that serde knows.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleVariant, Serializer,
};

/// Names that would be hard to tell apart, were their lengths not there.
pub(crate) const NAMES: [&str; 8] = ["", "n", "1:n", "id", "i", "i7;", ")", "ö🌿"];

/// An index into [`NAMES`].
pub(crate) type Name = u8;

#[derive(Debug, Clone)]
pub(crate) enum Tree {
    Unit,
    Null,
    Some(Box<Tree>),
    Bool(bool),
    Small(i8),
    Signed(i64),
    Unsigned(u64),
    Wide(i128),
    Single(f32),
    Double(f64),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    Seq(Vec<Tree>),
    Pair(Box<(Tree, Tree)>),
    Map(Vec<(Tree, Tree)>),
    /// A field without a value is skipped.
    Struct(Vec<(Name, Option<Tree>)>),
    UnitVariant(Name),
    NewtypeVariant(Name, Box<Tree>),
    TupleVariant(Name, Vec<Tree>),
    StructVariant(Name, Vec<(Name, Option<Tree>)>),
}

pub(crate) fn name(name: Name) -> &'static str {
    NAMES[usize::from(name) % NAMES.len()]
}

struct Wrapper<'t>(&'t Tree);

impl Serialize for Wrapper<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct("Wrapper", self.0)
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unit => serializer.serialize_unit(),
            Self::Null => serializer.serialize_none(),
            Self::Some(value) => serializer.serialize_some(&Wrapper(value)),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Small(value) => serializer.serialize_i8(*value),
            Self::Signed(value) => serializer.serialize_i64(*value),
            Self::Unsigned(value) => serializer.serialize_u64(*value),
            Self::Wide(value) => serializer.serialize_i128(*value),
            Self::Single(value) => serializer.serialize_f32(*value),
            Self::Double(value) => serializer.serialize_f64(*value),
            Self::Char(value) => serializer.serialize_char(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Bytes(value) => serializer.serialize_bytes(value),
            Self::Seq(items) => {
                let mut seq = serializer.serialize_seq(None)?;
                items.iter().try_for_each(|item| seq.serialize_element(item))?;
                seq.end()
            }
            Self::Pair(pair) => {
                let mut tuple = serializer.serialize_tuple(2)?;
                tuple.serialize_element(&pair.0)?;
                tuple.serialize_element(&pair.1)?;
                tuple.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(None)?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
            Self::Struct(fields) => {
                let mut row = serializer.serialize_struct("Row", fields.len())?;
                for (field, value) in fields {
                    match value {
                        Some(value) => row.serialize_field(name(*field), value)?,
                        None => row.skip_field(name(*field))?,
                    }
                }
                row.end()
            }
            Self::UnitVariant(variant) => serializer.serialize_unit_variant("E", 0, name(*variant)),
            Self::NewtypeVariant(variant, value) => {
                serializer.serialize_newtype_variant("E", 0, name(*variant), &**value)
            }
            Self::TupleVariant(variant, items) => {
                let variant = name(*variant);
                let mut tuple = serializer.serialize_tuple_variant("E", 0, variant, items.len())?;
                items.iter().try_for_each(|item| tuple.serialize_field(item))?;
                tuple.end()
            }
            Self::StructVariant(variant, fields) => {
                let variant = name(*variant);
                let mut row = serializer.serialize_struct_variant("E", 0, variant, fields.len())?;
                for (field, value) in fields {
                    match value {
                        Some(value) => row.serialize_field(name(*field), value)?,
                        None => row.skip_field(name(*field))?,
                    }
                }
                row.end()
            }
        }
    }
}
