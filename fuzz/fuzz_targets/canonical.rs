//! Two values: each text is read back by the grammar, and the texts are equal
//! only if the values are.

#![no_main]

#[path = "../../tests/canonical/decode.rs"]
mod decode;
#[path = "../../tests/canonical/tree.rs"]
mod tree;

use arbitrary::{Result, Unstructured};
use decode::{decode, told};
use libfuzzer_sys::fuzz_target;
use strangler_fig::canonical;
use tree::{Name, Tree};

/// How deep values nest.
const DEPTH_MAX: u8 = 6;

fuzz_target!(|bytes: &[u8]| {
    let mut source = Unstructured::new(bytes);
    if let (Ok(one), Ok(other)) = (value(&mut source, 0), value(&mut source, 0)) {
        let texts = [&one, &other].map(read_back);
        assert_eq!(texts[0] == texts[1], told(&one) == told(&other));
        assert!(texts[0] == texts[1] || !texts[1].starts_with(&texts[0]));
    }
});

fn read_back(tree: &Tree) -> Vec<u8> {
    let text = canonical::to_bytes(tree).expect("a tree refuses nothing");
    let mut rest = &text[..];
    assert_eq!(decode(&mut rest), Some(told(tree)));
    assert!(rest.is_empty());
    let mut pieces = Vec::new();
    canonical::write(tree, |piece| pieces.extend_from_slice(piece)).expect("as before");
    assert_eq!(pieces, text);
    text
}

fn value(source: &mut Unstructured<'_>, depth: u8) -> Result<Tree> {
    let kinds = if depth < DEPTH_MAX { 21 } else { 13 };
    Ok(match source.int_in_range(0..=kinds - 1)? {
        0 => Tree::Unit,
        1 => Tree::Null,
        2 => Tree::Bool(source.arbitrary()?),
        3 => Tree::Small(source.arbitrary()?),
        4 => Tree::Signed(source.arbitrary()?),
        5 => Tree::Unsigned(source.arbitrary()?),
        6 => Tree::Wide(source.arbitrary()?),
        7 => Tree::Single(source.arbitrary()?),
        8 => Tree::Double(source.arbitrary()?),
        9 => Tree::Char(source.arbitrary()?),
        10 => Tree::Text(source.arbitrary()?),
        11 => Tree::Bytes(source.arbitrary()?),
        12 => Tree::UnitVariant(name(source)?),
        13 => Tree::Some(value(source, depth + 1)?.into()),
        14 => Tree::Seq(many(source, |source| value(source, depth + 1))?),
        15 => Tree::Pair(Box::new(pair(source, depth + 1)?)),
        16 => Tree::Map(many(source, |source| pair(source, depth + 1))?),
        17 => Tree::Struct(fields(source, depth + 1)?),
        18 => Tree::NewtypeVariant(name(source)?, value(source, depth + 1)?.into()),
        19 => Tree::TupleVariant(name(source)?, many(source, |source| value(source, depth + 1))?),
        _ => Tree::StructVariant(name(source)?, fields(source, depth + 1)?),
    })
}

fn pair(source: &mut Unstructured<'_>, depth: u8) -> Result<(Tree, Tree)> {
    Ok((value(source, depth)?, value(source, depth)?))
}

fn fields(source: &mut Unstructured<'_>, depth: u8) -> Result<Vec<(Name, Option<Tree>)>> {
    many(source, |source| {
        let field = name(source)?;
        let is_present: bool = source.arbitrary()?;
        Ok((field, if is_present { Some(value(source, depth)?) } else { None }))
    })
}

fn name(source: &mut Unstructured<'_>) -> Result<Name> {
    source.arbitrary()
}

fn many<T>(
    source: &mut Unstructured<'_>,
    one: impl Fn(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let count = source.int_in_range(0..=4)?;
    (0..count).map(|_| one(source)).collect()
}
