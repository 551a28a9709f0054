use std::fmt::Write as _;

use serde::{Serialize, Serializer, ser};

use super::CanonicalError;
use super::compound::{Entries, Fields, Items};
use super::writer::Writer;

/// The one NaN.
const NAN: u64 = 0x7ff8_0000_0000_0000;

/// Writes one value.
pub(super) struct Canonical<'w, 'a>(pub(super) &'w mut Writer<'a>);

impl<'w, 'a> Canonical<'w, 'a> {
    #[inline]
    fn unsigned(self, number: u64) {
        self.0.integer(false, number);
    }

    #[inline]
    fn signed(self, number: i64) {
        self.0.integer(number < 0, number.unsigned_abs());
    }

    fn wide(self, number: impl std::fmt::Display) -> Result<(), CanonicalError> {
        write!(self.0, "i{number};").map_err(ser::Error::custom)
    }

    fn variant(self, name: &str) -> &'w mut Writer<'a> {
        self.0.text([b'v'], name);
        self.0
    }
}

/// `-0.0` is equal to `0.0`, and a NaN's payload means nothing.
fn folded(number: f64) -> u64 {
    if number.is_nan() {
        NAN
    } else if number == 0.0 {
        0
    } else {
        number.to_bits()
    }
}

macro_rules! integers {
    ($($method:ident($type:ty) by $write:ident)+) => {
        $(
            #[inline]
            fn $method(self, number: $type) -> Result<(), CanonicalError> {
                self.$write(number.into());
                Ok(())
            }
        )+
    };
}

impl<'w, 'a> Serializer for Canonical<'w, 'a> {
    type Ok = ();
    type Error = CanonicalError;
    type SerializeSeq = Items<'w, 'a>;
    type SerializeTuple = Items<'w, 'a>;
    type SerializeTupleStruct = Items<'w, 'a>;
    type SerializeTupleVariant = Items<'w, 'a>;
    type SerializeMap = Entries<'w, 'a>;
    type SerializeStruct = Fields<'w, 'a>;
    type SerializeStructVariant = Fields<'w, 'a>;

    integers! {
        serialize_i8(i8) by signed
        serialize_i16(i16) by signed
        serialize_i32(i32) by signed
        serialize_i64(i64) by signed
        serialize_u8(u8) by unsigned
        serialize_u16(u16) by unsigned
        serialize_u32(u32) by unsigned
        serialize_u64(u64) by unsigned
    }

    fn serialize_i128(self, number: i128) -> Result<(), CanonicalError> {
        self.wide(number)
    }

    fn serialize_u128(self, number: u128) -> Result<(), CanonicalError> {
        self.wide(number)
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), CanonicalError> {
        self.0.byte(if value { b'T' } else { b'F' });
        Ok(())
    }

    fn serialize_f32(self, number: f32) -> Result<(), CanonicalError> {
        self.serialize_f64(number.into())
    }

    fn serialize_f64(self, number: f64) -> Result<(), CanonicalError> {
        self.0.byte(b'd');
        self.0.hex(&folded(number).to_be_bytes());
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), CanonicalError> {
        self.0.byte(b'c');
        self.0.bytes(value.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    #[inline]
    fn serialize_str(self, text: &str) -> Result<(), CanonicalError> {
        self.0.text([b's'], text);
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), CanonicalError> {
        self.0.byte(b'b');
        self.0.length(bytes.len());
        self.0.hex(bytes);
        Ok(())
    }

    #[inline]
    fn serialize_none(self) -> Result<(), CanonicalError> {
        self.0.byte(b'n');
        Ok(())
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), CanonicalError> {
        self.0.byte(b'?');
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), CanonicalError> {
        self.0.byte(b'u');
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), CanonicalError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), CanonicalError> {
        self.variant(variant).byte(b'u');
        Ok(())
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), CanonicalError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), CanonicalError> {
        value.serialize(Canonical(self.variant(variant)))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'w, 'a>, CanonicalError> {
        Ok(Items::open(self.0))
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'w, 'a>, CanonicalError> {
        Ok(Items::open(self.0))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Items<'w, 'a>, CanonicalError> {
        Ok(Items::open(self.0))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items<'w, 'a>, CanonicalError> {
        Ok(Items::open(self.variant(variant)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'w, 'a>, CanonicalError> {
        Ok(Entries::open(self.0))
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'w, 'a>, CanonicalError> {
        Ok(Fields::open(self.0))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields<'w, 'a>, CanonicalError> {
        Ok(Fields::open(self.variant(variant)))
    }
}
