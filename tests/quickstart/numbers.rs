use proptest::prelude::*;

use crate::decimal::{Degrees, Feet};

#[test]
fn what_is_no_number_is_refused() {
    for text in ["", "-", ".", "5.", ".5", "+5", "--5", "1e3", "NaN", "5,5", " 5", "٣"] {
        assert!(text.parse::<Degrees>().is_err(), "{text:?}");
    }
}

#[test]
fn what_would_be_rounded_or_cut_is_refused() {
    let error = "6.405".parse::<Feet>().unwrap_err();
    assert_eq!(error.to_string(), "wants a number with at most 2 digits after the point");
    assert!("21474836.47".parse::<Feet>().is_ok());
    assert!("21474836.48".parse::<Feet>().is_err());
    assert!("99999999999999999999".parse::<Feet>().is_err());
}

#[test]
fn zero_is_one_number() {
    assert_eq!("-0.0".parse::<Degrees>(), "0".parse::<Degrees>());
    assert_eq!(Degrees::nearest(-0.0), Degrees::nearest(0.0));
}

#[test]
fn a_float_that_is_no_number_is_none() {
    for number in [f64::NAN, f64::INFINITY, -1e300] {
        assert_eq!(Degrees::nearest(number), None);
    }
}

proptest! {
    #[test]
    fn every_number_comes_back_from_a_float_and_from_text(units: i32) {
        let (degrees, feet) = (Degrees::from_units(units), Feet::from_units(units));
        prop_assert_eq!(Degrees::nearest(degrees.to_f64()), Some(degrees));
        prop_assert_eq!(Feet::nearest(feet.to_f64()), Some(feet));
        prop_assert_eq!(degrees.to_string().parse(), Ok(degrees));
        prop_assert_eq!(feet.to_string().parse(), Ok(feet));
    }
}
