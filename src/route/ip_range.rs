use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A range of addresses.
///
/// An IPv4 address is the same whether it comes as such or mapped into IPv6.
///
/// ```
/// use strangler_fig::route::IpRange;
///
/// let inside: IpRange = "10.0.0.0/8".parse()?;
/// assert!(inside.contains("10.1.2.3".parse().unwrap()));
/// assert!(inside.contains("::ffff:10.1.2.3".parse().unwrap()));
/// assert!(!inside.contains("11.0.0.0".parse().unwrap()));
/// assert!("10.0.0.1/8".parse::<IpRange>().is_err(), "which was meant?");
/// assert_eq!("::1".parse::<IpRange>()?.to_string(), "::1/128");
/// # Ok::<(), strangler_fig::route::IpRangeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IpRange {
    first: IpAddr,
    length: u8,
}

/// A text that is no range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no range of addresses, such as 10.0.0.0/8 or fd00::/8, with nothing after its length"
)]
pub struct IpRangeError(String);

/// An address as a number, with how many bits it has.
fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

/// What is left of a number without its last `width - length` bits.
fn network(number: u128, width: u8, length: u8) -> u128 {
    number.checked_shr(u32::from(width - length)).unwrap_or(0)
}

impl IpRange {
    /// Whether an address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (number, width) = bits(address.to_canonical());
        let (first, own_width) = bits(self.first);
        width == own_width
            && network(number, width, self.length) == network(first, width, self.length)
    }
}

impl FromStr for IpRange {
    type Err = IpRangeError;

    fn from_str(text: &str) -> Result<Self, IpRangeError> {
        let refused = || IpRangeError(text.chars().take(64).collect());
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let sent: IpAddr = address.parse().map_err(|_| refused())?;
        let length = match length {
            Some(length) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
                length.parse().map_err(|_| refused())?
            }
            Some(_) => return Err(refused()),
            None => bits(sent).1,
        };
        let first = sent.to_canonical();
        let mapped = bits(sent).1 - bits(first).1;
        let length = u8::checked_sub(length, mapped).ok_or_else(refused)?;
        let (number, width) = bits(first);
        let is_first = length <= width
            && network(number, width, length).checked_shl(u32::from(width - length)).unwrap_or(0)
                == number;
        if is_first { Ok(Self { first, length }) } else { Err(refused()) }
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_is_in_them() {
        for (range, inside, outside) in [
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("::/0", "ffff::1", "1.2.3.4"),
            ("192.168.7.0/24", "192.168.7.255", "192.168.8.0"),
            ("10.0.0.7", "10.0.0.7", "10.0.0.8"),
            ("::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.0"),
            ("fd00::/8", "fdff::1", "fe00::"),
        ] {
            let parsed: IpRange = range.parse().unwrap();
            assert!(parsed.contains(inside.parse().unwrap()), "{range}");
            assert!(!parsed.contains(outside.parse().unwrap()), "{range}");
            assert_eq!(parsed.to_string().parse(), Ok(parsed));
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in [
            "",
            "10",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "::1/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "/8",
            "10.0.0.0/8/8",
            "::ffff:10.0.0.0/8",
            " 10.0.0.0/8",
        ] {
            assert!(text.parse::<IpRange>().is_err(), "{text}");
        }
    }
}
