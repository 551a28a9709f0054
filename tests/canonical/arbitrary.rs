//! Trees at random, and trees that differ little.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::tree::{NAMES, Name, Tree};

fn a_name() -> impl Strategy<Value = Name> + Clone {
    0..u8::try_from(NAMES.len()).unwrap()
}

/// Texts of the marks that the grammar itself is made of, among others.
fn a_text() -> impl Strategy<Value = String> {
    prop_oneof![Just("n".to_owned()), "[su0-9:;()\\[\\]{}?n]{0,4}", ".{0,3}", "a{500,520}"]
}

fn a_leaf() -> impl Strategy<Value = Tree> {
    let few = prop_oneof![Just(0.0), Just(-0.0), Just(f64::NAN), Just(-f64::NAN), Just(0.1)];
    prop_oneof![
        Just(Tree::Unit),
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::Bool),
        any::<i8>().prop_map(Tree::Small),
        prop_oneof![any::<i64>(), -2..2_i64, Just(i64::MIN)].prop_map(Tree::Signed),
        prop_oneof![any::<u64>(), 0..2_u64, Just(u64::MAX)].prop_map(Tree::Unsigned),
        any::<i128>().prop_map(Tree::Wide),
        any::<f32>().prop_map(Tree::Single),
        prop_oneof![any::<u64>().prop_map(f64::from_bits), few].prop_map(Tree::Double),
        any::<char>().prop_map(Tree::Char),
        a_text().prop_map(Tree::Text),
        prop_oneof![vec(any::<u8>(), 0..4), vec(any::<u8>(), 250..260)].prop_map(Tree::Bytes),
        a_name().prop_map(Tree::UnitVariant),
    ]
}

/// A value of any kind.
pub(crate) fn a_tree() -> impl Strategy<Value = Tree> {
    a_leaf().prop_recursive(4, 24, 4, |inner| {
        let items = vec(inner.clone(), 0..4);
        let fields = vec((a_name(), proptest::option::of(inner.clone())), 0..4);
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed.clone().prop_map(Tree::Some),
            items.clone().prop_map(Tree::Seq),
            (inner.clone(), inner.clone()).prop_map(|pair| Tree::Pair(Box::new(pair))),
            vec((inner.clone(), inner), 0..4).prop_map(Tree::Map),
            fields.clone().prop_map(Tree::Struct),
            (a_name(), boxed).prop_map(|(name, value)| Tree::NewtypeVariant(name, value)),
            (a_name(), items).prop_map(|(name, items)| Tree::TupleVariant(name, items)),
            (a_name(), fields).prop_map(|(name, fields)| Tree::StructVariant(name, fields)),
        ]
    })
}

/// A value of the kinds that stand for each other soonest: a small space, in
/// which pairs are often equal.
pub(crate) fn a_small_tree() -> impl Strategy<Value = Tree> {
    let text = prop_oneof![Just(""), Just("n"), Just("u")].prop_map(str::to_owned);
    let leaf = prop_oneof![
        Just(Tree::Null),
        Just(Tree::Unit),
        (0..2_u64).prop_map(Tree::Unsigned),
        (0..2_i64).prop_map(Tree::Signed),
        text.prop_map(Tree::Text),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        let fields = vec((0..2_u8, proptest::option::of(inner.clone())), 0..3);
        prop_oneof![
            inner.clone().prop_map(|value| Tree::Some(Box::new(value))),
            vec(inner.clone(), 0..3).prop_map(Tree::Seq),
            vec((inner.clone(), inner), 0..3).prop_map(Tree::Map),
            fields.prop_map(Tree::Struct),
        ]
    })
}
