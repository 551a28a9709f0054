//! Two values: each text is read back by the grammar, and the texts are equal
//! only if the values are.

use serde::Serialize;
use strangler_fig::canonical;

use crate::decode::{decode, told};
use crate::source::Source;
use crate::tree::{Name, Tree};

/// How deep values nest.
const DEPTH_MAX: u8 = 6;

/// Checks the canonical text of two values.
pub fn check(bytes: &[u8]) {
    check_with(|tree| canonical::to_bytes(tree).expect("a tree refuses nothing"), bytes);
}

/// The same of another text.
pub(crate) fn check_with(text_of: impl Fn(&Tree) -> Vec<u8>, bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let (one, other) = (value(&mut source, 0), value(&mut source, 0));
    let texts = [&one, &other].map(&text_of);
    assert_eq!(texts[0] == texts[1], told(&one) == told(&other), "{one:?} and {other:?}");
    assert!(texts[0] == texts[1] || !texts[1].starts_with(&texts[0]), "{one:?} begins {other:?}");
    for (tree, text) in [&one, &other].into_iter().zip(&texts) {
        let mut rest = &text[..];
        assert_eq!(decode(&mut rest), Some(told(tree)));
        assert!(rest.is_empty(), "bytes are left after {tree:?}");
        assert_eq!(written(tree), *text, "{tree:?} in pieces");
    }
}

fn written(value: &impl Serialize) -> Vec<u8> {
    let mut pieces = Vec::new();
    canonical::write(value, |piece| pieces.extend_from_slice(piece)).expect("it refuses nothing");
    pieces
}

fn value(source: &mut Source<'_>, depth: u8) -> Tree {
    let kinds = if depth < DEPTH_MAX { 21 } else { 13 };
    match source.byte() % kinds {
        0 => Tree::Unit,
        1 => Tree::Null,
        2 => Tree::Bool(source.flag()),
        3 => Tree::Small(i8::from_be_bytes(source.bytes())),
        4 => Tree::Signed(i64::from_be_bytes(source.bytes())),
        5 => Tree::Unsigned(source.number()),
        6 => Tree::Wide(i128::from_be_bytes(source.bytes())),
        7 => Tree::Single(f32::from_bits(u32::from_be_bytes(source.bytes()))),
        8 => Tree::Double(f64::from_bits(u64::from_be_bytes(source.bytes()))),
        9 => Tree::Char(source.text().chars().next().unwrap_or_default()),
        10 => Tree::Text(source.text()),
        11 => Tree::Bytes(source.piece().to_vec()),
        12 => Tree::UnitVariant(source.byte()),
        13 => Tree::Some(value(source, depth + 1).into()),
        14 => Tree::Seq(source.many(4, |source| value(source, depth + 1))),
        15 => Tree::Pair(Box::new(pair(source, depth + 1))),
        16 => Tree::Map(source.many(4, |source| pair(source, depth + 1))),
        17 => Tree::Struct(fields(source, depth + 1)),
        18 => Tree::NewtypeVariant(source.byte(), value(source, depth + 1).into()),
        19 => Tree::TupleVariant(source.byte(), source.many(4, |source| value(source, depth + 1))),
        _ => Tree::StructVariant(source.byte(), fields(source, depth + 1)),
    }
}

fn pair(source: &mut Source<'_>, depth: u8) -> (Tree, Tree) {
    (value(source, depth), value(source, depth))
}

fn fields(source: &mut Source<'_>, depth: u8) -> Vec<(Name, Option<Tree>)> {
    source.many(4, |source| {
        let field = source.byte();
        let is_present = source.flag();
        (field, is_present.then(|| value(source, depth)))
    })
}
