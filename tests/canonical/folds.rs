//! The two folds, and no third.

use strangler_fig::canonical::to_bytes;

#[test]
fn zeros_are_one() {
    assert_eq!(to_bytes(&-0.0_f64), to_bytes(&0.0_f64));
    assert_eq!(to_bytes(&-0.0_f32), to_bytes(&0.0_f64));
}

#[test]
fn nans_are_one() {
    let odd = f64::from_bits(0xfff8_0000_dead_beef);
    assert_eq!(to_bytes(&odd).unwrap(), b"d7ff8000000000000");
    assert_eq!(to_bytes(&f32::NAN), to_bytes(&-f64::NAN));
}

#[test]
fn the_smallest_difference_between_floats_is_seen() {
    let next = f64::from_bits(1.0_f64.to_bits() + 1);
    assert_ne!(to_bytes(&1.0), to_bytes(&next));
    assert_ne!(to_bytes(&0.1_f32), to_bytes(&0.1_f64), "they are different numbers");
}
