//! The text read back, by the grammar alone: only tests do that.

use crate::tree::{Name, Tree, name};

/// What a text says: a [`Tree`] without what the grammar folds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    Unit,
    Null,
    Some(Box<Told>),
    Bool(bool),
    Integer(i128),
    Float(u64),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    Items(Vec<Told>),
    Entries(Vec<(Told, Told)>),
    Fields(Vec<(String, Told)>),
    Variant(String, Box<Told>),
}

/// What the text of `tree` is to say.
pub(crate) fn told(tree: &Tree) -> Told {
    match tree {
        Tree::Unit => Told::Unit,
        Tree::Null => Told::Null,
        Tree::Some(value) => Told::Some(told(value).into()),
        Tree::Bool(value) => Told::Bool(*value),
        Tree::Small(value) => Told::Integer((*value).into()),
        Tree::Signed(value) => Told::Integer((*value).into()),
        Tree::Unsigned(value) => Told::Integer((*value).into()),
        Tree::Wide(value) => Told::Integer(*value),
        Tree::Single(value) => Told::Float(folded((*value).into())),
        Tree::Double(value) => Told::Float(folded(*value)),
        Tree::Char(value) => Told::Char(*value),
        Tree::Text(value) => Told::Text(value.clone()),
        Tree::Bytes(value) => Told::Bytes(value.clone()),
        Tree::Seq(items) => Told::Items(items.iter().map(told).collect()),
        Tree::Pair(pair) => Told::Items(vec![told(&pair.0), told(&pair.1)]),
        Tree::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| (told(key), told(value)));
            Told::Entries(sorted(entries.collect()))
        }
        Tree::Struct(fields) => Told::Fields(told_fields(fields)),
        Tree::UnitVariant(variant) => of_variant(*variant, Told::Unit),
        Tree::NewtypeVariant(variant, value) => of_variant(*variant, told(value)),
        Tree::TupleVariant(variant, items) => {
            of_variant(*variant, Told::Items(items.iter().map(told).collect()))
        }
        Tree::StructVariant(variant, fields) => {
            of_variant(*variant, Told::Fields(told_fields(fields)))
        }
    }
}

fn of_variant(variant: Name, content: Told) -> Told {
    Told::Variant(name(variant).to_owned(), content.into())
}

fn told_fields(fields: &[(Name, Option<Tree>)]) -> Vec<(String, Told)> {
    let present = fields.iter().filter_map(|(field, value)| Some((*field, value.as_ref()?)));
    present.map(|(field, value)| (name(field).to_owned(), told(value))).collect()
}

fn folded(number: f64) -> u64 {
    match number {
        _ if number.is_nan() => f64::NAN.to_bits(),
        0.0 => 0,
        _ => number.to_bits(),
    }
}

fn sorted(mut entries: Vec<(Told, Told)>) -> Vec<(Told, Told)> {
    entries.sort();
    entries
}

/// Takes one value off the front of `text`; `None` if there is none.
pub(crate) fn decode(text: &mut &[u8]) -> Option<Told> {
    Some(match byte(text)? {
        b'u' => Told::Unit,
        b'n' => Told::Null,
        b'?' => Told::Some(decode(text)?.into()),
        b'T' => Told::Bool(true),
        b'F' => Told::Bool(false),
        b'i' => Told::Integer(std::str::from_utf8(until(text, b';')?).ok()?.parse().ok()?),
        b'd' => Told::Float(u64::from_str_radix(&utf8(take(text, 16)?)?, 16).ok()?),
        b'c' => Told::Char(character(text)?),
        b's' => Told::Text(sized(text)?),
        b'b' => Told::Bytes(hex(text)?),
        b'[' => Told::Items(many(text, b']', decode)?),
        b'{' => Told::Entries(entries(text)?),
        b'(' => Told::Fields(many(text, b')', field)?),
        b'v' => Told::Variant(sized(text)?, decode(text)?.into()),
        _ => return None,
    })
}

/// Entries stand in the order of their texts.
fn entries(text: &mut &[u8]) -> Option<Vec<(Told, Told)>> {
    let entry = |text: &mut &[u8]| {
        let whole = *text;
        let entry = (decode(text)?, decode(text)?);
        Some((whole[..whole.len() - text.len()].to_vec(), entry))
    };
    let found = many(text, b'}', entry)?;
    let is_rising = found.is_sorted_by(|one, next| one.0 <= next.0);
    is_rising.then(|| sorted(found.into_iter().map(|(_, entry)| entry).collect()))
}

fn field(text: &mut &[u8]) -> Option<(String, Told)> {
    Some((sized(text)?, decode(text)?))
}

fn many<T>(text: &mut &[u8], end: u8, one: impl Fn(&mut &[u8]) -> Option<T>) -> Option<Vec<T>> {
    let mut found = Vec::new();
    while *text.first()? != end {
        found.push(one(text)?);
    }
    byte(text)?;
    Some(found)
}

fn sized(text: &mut &[u8]) -> Option<String> {
    let length = length(text)?;
    utf8(take(text, length)?)
}

fn hex(text: &mut &[u8]) -> Option<Vec<u8>> {
    let length = length(text)?;
    let digits = utf8(take(text, length * 2)?)?;
    let pairs = (0..length).map(|at| u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok());
    pairs.collect()
}

fn length(text: &mut &[u8]) -> Option<usize> {
    utf8(until(text, b':')?)?.parse().ok()
}

fn character(text: &mut &[u8]) -> Option<char> {
    let length = match text.first()? {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    };
    utf8(take(text, length)?)?.chars().next()
}

fn utf8(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

fn byte(text: &mut &[u8]) -> Option<u8> {
    Some(take(text, 1)?[0])
}

fn until<'t>(text: &mut &'t [u8], end: u8) -> Option<&'t [u8]> {
    let length = text.iter().position(|byte| *byte == end)?;
    let found = take(text, length)?;
    byte(text)?;
    Some(found)
}

fn take<'t>(text: &mut &'t [u8], length: usize) -> Option<&'t [u8]> {
    let (head, tail) = text.split_at_checked(length)?;
    *text = tail;
    Some(head)
}
