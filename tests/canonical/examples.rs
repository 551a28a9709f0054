//! The grammar, line by line: what an author of SQL checks against.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::{Error, Serializer};
use strangler_fig::canonical;

fn text(value: &impl Serialize) -> String {
    String::from_utf8(canonical::to_bytes(value).unwrap()).unwrap()
}

#[derive(Serialize)]
struct Nothing;

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct Wrapped(u8);

#[derive(Serialize)]
struct Point(i32, i32);

#[derive(Serialize)]
enum Payment {
    Cash,
    Card(String),
    Split(u8, u8),
    Transfer { iban: String },
}

#[derive(Serialize)]
struct User {
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(rename = "größe")]
    size: Option<u8>,
}

struct Raw(Vec<u8>);

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

#[test]
fn options_and_units() {
    assert_eq!(text(&None::<u8>), "n");
    assert_eq!(text(&Some(7)), "?i7;");
    assert_eq!(text(&Some(None::<u8>)), "?n");
    assert_eq!(text(&()), "u");
    assert_eq!(text(&Nothing), "u");
}

#[test]
fn integers_of_any_width() {
    let all = (0_u8, -1_i8, 10_u16, -300_i16, 65_536_u32, i32::MIN, u64::MAX, i64::MIN);
    let expected = "[i0;i-1;i10;i-300;i65536;i-2147483648;i18446744073709551615;\
                    i-9223372036854775808;]";
    assert_eq!(text(&all), expected);
    let widest = "[i340282366920938463463374607431768211455;\
                  i-170141183460469231731687303715884105728;]";
    assert_eq!(text(&(u128::MAX, i128::MIN)), widest);
}

#[test]
fn booleans_and_floats() {
    assert_eq!(text(&(true, false)), "[TF]");
    assert_eq!(
        text(&(1.5_f32, 1.5_f64, -2.0)),
        "[d3ff8000000000000d3ff8000000000000dc000000000000000]"
    );
    assert_eq!(text(&f64::INFINITY), "d7ff0000000000000");
}

#[test]
fn characters_texts_and_bytes() {
    assert_eq!(text(&('n', '🌿')), "[cnc🌿]");
    assert_eq!(text(&("", "n", "Ünïcödé")), "[s0:s1:ns11:Ünïcödé]");
    assert_eq!(text(&Raw(vec![0, 0xab, 0xff])), "b3:00abff");
    assert_eq!(text(&Raw(Vec::new())), "b0:");
}

#[test]
fn sequences_and_maps() {
    assert_eq!(text(&Vec::<u8>::new()), "[]");
    assert_eq!(text(&Point(1, -1)), "[i1;i-1;]");
    assert_eq!(text(&Wrapped(7)), "i7;");
    // By their texts: `i10;` comes before `i9;`.
    assert_eq!(text(&BTreeMap::from([(9, 'a'), (10, 'b')])), "{i10;cbi9;ca}");
}

#[test]
fn structs_and_enums() {
    let ada = User { id: 1, email: Some("a@b".to_owned()), size: None };
    assert_eq!(text(&ada), "(2:idi1;5:email?s3:a@b7:größen)");
    assert_eq!(text(&User { id: 1, email: None, size: Some(7) }), "(2:idi1;7:größe?i7;)");
    assert_eq!(text(&Empty {}), "()");
    let transfer = Payment::Transfer { iban: "DE02".to_owned() };
    let all = (Payment::Cash, Payment::Card("7".to_owned()), Payment::Split(1, 2), transfer);
    assert_eq!(text(&all), "[v4:Cashuv4:Cards1:7v5:Split[i1;i2;]v8:Transfer(4:ibans4:DE02)]");
}

#[test]
fn a_value_that_refuses_is_an_error() {
    struct Refuses;
    impl Serialize for Refuses {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("not today"))
        }
    }
    let error = canonical::hash(&(1, Refuses), 0).unwrap_err();
    assert_eq!(error.to_string(), "the value cannot be serialized: not today");
}

#[test]
fn readable_forms_are_chosen() {
    use strangler_fig::stamp::Stamp;
    assert_eq!(text(&Stamp::BASE), "s32:00000000000000000000000000000001");
}
