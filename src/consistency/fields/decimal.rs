//! Decimal numbers as they are written, so that a tolerance of 0.005 is met by a
//! difference of 0.005.

/// `digits` times ten to the power of `-scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Decimal {
    digits: i128,
    scale: u32,
}

/// Scales beyond this are no amounts, and would overflow anyway.
const SCALE_MAX: u32 = 38;

/// Whether both texts are decimal numbers at most `tolerance` apart.
pub(super) fn within(legacy: &str, modern: &str, tolerance: f64) -> bool {
    let (Some(legacy), Some(modern)) = (parse(legacy), parse(modern)) else { return false };
    let Some(tolerance) = parse(&tolerance.to_string()) else { return false };
    near(legacy, modern, tolerance).unwrap_or(false)
}

/// `None` where the numbers are too large to be reckoned with exactly.
fn near(a: Decimal, b: Decimal, tolerance: Decimal) -> Option<bool> {
    let scale = a.scale.max(b.scale).max(tolerance.scale);
    let aligned = |it: Decimal| it.digits.checked_mul(10_i128.checked_pow(scale - it.scale)?);
    Some(aligned(a)?.checked_sub(aligned(b)?)?.checked_abs()? <= aligned(tolerance)?)
}

/// `-12.50`, `3`, `1e-7`; nothing else, no spaces and no infinities.
fn parse(text: &str) -> Option<Decimal> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, number) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_number = number.split('.').all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    if whole.is_empty() || number.ends_with('.') || !is_number {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let digits = if negative { -digits } else { digits };
    scaled(digits, i64::try_from(fraction.len()).ok()? - i64::from(exponent))
}

fn scaled(digits: i128, scale: i64) -> Option<Decimal> {
    if digits == 0 {
        return Some(Decimal { digits, scale: 0 });
    }
    let power = u32::try_from(scale.unsigned_abs()).ok().filter(|power| *power <= SCALE_MAX)?;
    if scale >= 0 {
        return Some(Decimal { digits, scale: power });
    }
    Some(Decimal { digits: digits.checked_mul(10_i128.checked_pow(power)?)?, scale: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tolerance_itself_is_within() {
        assert!(within("10.00", "10.005", 0.005));
        assert!(!within("10.00", "10.0051", 0.005));
        assert!(within("-0.3", "-0.1", 0.2), "as written, not as binary fractions");
    }

    #[test]
    fn large_amounts_are_not_rounded_together() {
        assert!(!within("12345678901234567.01", "12345678901234567.02", 0.005));
        assert!(within("12345678901234567.01", "12345678901234567.02", 0.01));
    }

    #[test]
    fn exponents_and_trailing_zeros_are_the_same_number() {
        assert!(within("1e-7", "0.0000001", 0.0) && within("2.50", "2.5", 0.0));
        assert!(within("1E3", "1000", 0.0));
    }

    #[test]
    fn what_is_no_number_is_never_near() {
        for text in ["", "abc", " 1", "1 ", "1.", ".5", "1.2.3", "+1", "inf", "NaN", "1e", "0x1"] {
            assert!(!within(text, text, 1e9), "{text:?}");
        }
    }

    #[test]
    fn absurd_numbers_are_not_near_and_overflow_nothing() {
        let (huge, long) = ("9".repeat(60), "1e38");
        assert!(!within(&huge, &huge, 1.0));
        assert!(!within(long, "-1e38", 1.0) && !within("1e-90", "1e90", 1.0));
        assert!(within("0e99", "0", 0.0));
    }
}
