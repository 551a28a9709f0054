//! What holds of every value.

use proptest::prelude::*;
use strangler_fig::canonical;
use twox_hash::XxHash3_128;

use crate::arbitrary::{a_small_tree, a_tree};
use crate::decode::{decode, told};
use crate::tree::Tree;

fn text(tree: &Tree) -> Vec<u8> {
    canonical::to_bytes(tree).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_text_tells_its_value(tree in a_tree()) {
        let text = text(&tree);
        let mut rest = &text[..];
        prop_assert_eq!(decode(&mut rest), Some(told(&tree)));
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn values_in_a_row_are_told_apart(trees in proptest::collection::vec(a_small_tree(), 0..5)) {
        let texts: Vec<u8> = trees.iter().flat_map(text).collect();
        let mut rest = &texts[..];
        for tree in &trees {
            prop_assert_eq!(decode(&mut rest), Some(told(tree)));
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn texts_are_equal_where_values_are(one in a_small_tree(), other in a_small_tree()) {
        prop_assert_eq!(text(&one) == text(&other), told(&one) == told(&other));
    }

    #[test]
    fn no_text_begins_another(one in a_small_tree(), other in a_small_tree()) {
        let (one, other) = (text(&one), text(&other));
        prop_assert!(one == other || !other.starts_with(&one));
    }

    #[test]
    fn the_order_of_a_map_does_not_matter(
        entries in proptest::collection::vec((a_tree(), a_tree()), 0..6),
        turns: usize,
    ) {
        let mut other = entries.clone();
        other.reverse();
        other.rotate_left(turns % entries.len().max(1));
        prop_assert_eq!(text(&Tree::Map(entries)), text(&Tree::Map(other)));
    }

    #[test]
    fn the_hash_is_that_of_the_text(tree in a_tree(), seed: u64) {
        let expected = XxHash3_128::oneshot_with_seed(seed, &text(&tree));
        prop_assert_eq!(canonical::hash(&tree, seed).unwrap(), expected);
    }

    #[test]
    fn the_pieces_make_up_the_text(tree in a_tree()) {
        let mut pieces = Vec::new();
        canonical::write(&tree, |piece| pieces.extend_from_slice(piece)).unwrap();
        prop_assert_eq!(pieces, text(&tree));
    }
}

#[test]
fn long_texts_are_hashed_piece_by_piece() {
    for length in [500, 509, 510, 511, 512, 513, 2000, 100_000] {
        let rows = vec!["x".repeat(length), "y".to_owned()];
        let text = canonical::to_bytes(&rows).unwrap();
        let expected = XxHash3_128::oneshot_with_seed(7, &text);
        assert_eq!(canonical::hash(&rows, 7).unwrap(), expected, "{length}");
    }
}
