//! Values made of values.

use serde::{Serialize, ser};

use super::CanonicalError;
use super::append;
use super::serializer::Canonical;
use super::writer::Writer;

/// What stands in brackets, in its own order.
pub(super) struct Items<'w, 'a>(&'w mut Writer<'a>);

impl<'w, 'a> Items<'w, 'a> {
    pub(super) fn open(writer: &'w mut Writer<'a>) -> Self {
        writer.byte(b'[');
        Self(writer)
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CanonicalError> {
        value.serialize(Canonical(self.0))
    }

    fn close(self) {
        self.0.byte(b']');
    }
}

macro_rules! items {
    ($($kind:ident $item:ident)+) => {
        $(
            impl ser::$kind for Items<'_, '_> {
                type Ok = ();
                type Error = CanonicalError;

                fn $item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CanonicalError> {
                    self.item(value)
                }

                fn end(self) -> Result<(), CanonicalError> {
                    self.close();
                    Ok(())
                }
            }
        )+
    };
}

items! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

/// Fields by their names, in the order of their declaration.
pub(super) struct Fields<'w, 'a>(&'w mut Writer<'a>);

impl<'w, 'a> Fields<'w, 'a> {
    #[inline]
    pub(super) fn open(writer: &'w mut Writer<'a>) -> Self {
        writer.byte(b'(');
        Self(writer)
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(
        &mut self,
        name: &str,
        value: &T,
    ) -> Result<(), CanonicalError> {
        self.0.text([], name);
        value.serialize(Canonical(self.0))
    }

    fn close(self) {
        self.0.byte(b')');
    }
}

macro_rules! fields {
    ($($kind:ident)+) => {
        $(
            impl ser::$kind for Fields<'_, '_> {
                type Ok = ();
                type Error = CanonicalError;

                #[inline]
                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    name: &'static str,
                    value: &T,
                ) -> Result<(), CanonicalError> {
                    self.field(name, value)
                }

                fn end(self) -> Result<(), CanonicalError> {
                    self.close();
                    Ok(())
                }
            }
        )+
    };
}

fields! { SerializeStruct SerializeStructVariant }

/// Entries, kept until all are there and can be sorted.
pub(super) struct Entries<'w, 'a> {
    writer: &'w mut Writer<'a>,
    text: Vec<u8>,
    /// Where each entry ends.
    ends: Vec<usize>,
}

impl<'w, 'a> Entries<'w, 'a> {
    pub(super) fn open(writer: &'w mut Writer<'a>) -> Self {
        writer.byte(b'{');
        Self { writer, text: Vec::new(), ends: Vec::new() }
    }
}

/// The entries of a text that end at `ends`, sorted as texts: no key is the
/// beginning of another, so that this is their order by the key, then by the value.
fn sorted<'t>(text: &'t [u8], ends: &[usize]) -> Vec<&'t [u8]> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let mut entries: Vec<_> = starts.zip(ends).map(|(start, end)| &text[start..*end]).collect();
    entries.sort_unstable();
    entries
}

impl ser::SerializeMap for Entries<'_, '_> {
    type Ok = ();
    type Error = CanonicalError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), CanonicalError> {
        append(key, &mut self.text)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CanonicalError> {
        append(value, &mut self.text)?;
        self.ends.push(self.text.len());
        Ok(())
    }

    fn end(self) -> Result<(), CanonicalError> {
        for entry in sorted(&self.text, &self.ends) {
            self.writer.bytes(entry);
        }
        self.writer.byte(b'}');
        Ok(())
    }
}
