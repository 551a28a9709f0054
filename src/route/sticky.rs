use std::net::IpAddr;
use std::str::FromStr;

use smol_str::SmolStr;

use super::cookie::each_cookie;
use super::escape::Decoded;
use super::{Captures, PlainPath, RequestMeta};
use crate::phase::{Bucket, Salt};

/// The most bytes of a key.
const KEY_MAX: usize = 1_024;

/// What tells one caller from another, so that each stays where it was sent.
///
/// A key that is missing, there more than once, empty, longer than 1,024 bytes or not of its form is none.
///
/// ```
/// use strangler_fig::phase::{Share, Side};
/// use strangler_fig::route::{RequestHead, RouteTable, RuleBuilder, StickyKey};
///
/// let half = RuleBuilder::any("half").share(Share::percent(50), StickyKey::cookie("user"));
/// let table = RouteTable::builder("shop").rule(half).build()?;
/// let side = |user: &str| {
///     let request = RequestHead::new("GET", "/").with_header("cookie", format!("user={user}"));
///     table.decide(&request).primary
/// };
/// assert_eq!((side("ada"), side("ada")), (Some(Side::Legacy), Some(Side::Legacy)));
/// assert_eq!((side("bob"), side("bob")), (Some(Side::Modern), Some(Side::Modern)));
/// # Ok::<(), strangler_fig::route::RouteError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StickyKey {
    pub(super) place: KeyPlace,
    pub(super) form: Option<KeyForm>,
}

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyPlace {
    Header(SmolStr),
    Cookie(SmolStr),
    /// By its name in the template.
    Capture(SmolStr),
    Address,
}

/// How a key is written, and so which bytes are hashed.
///
/// A rule that follows a migration needs the form of the repository's keys: then gateway and repository put
/// each key into the same bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KeyForm {
    /// The bytes as they are: of `[u8; N]`, and of keys that no repository has.
    Bytes,
    /// Text: of `String`.
    Text,
    /// A decimal number: of `u8`.
    U8,
    /// A decimal number: of `u16`.
    U16,
    /// A decimal number: of `u32`.
    U32,
    /// A decimal number: of `u64`.
    U64,
    /// A decimal number: of `u128`.
    U128,
    /// A decimal number: of `i8`.
    I8,
    /// A decimal number: of `i16`.
    I16,
    /// A decimal number: of `i32`.
    I32,
    /// A decimal number: of `i64`.
    I64,
    /// A decimal number: of `i128`.
    I128,
    /// 32 hexadecimal digits, with hyphens or without: of `[u8; 16]`.
    Uuid,
}

impl StickyKey {
    const fn at(place: KeyPlace) -> Self {
        Self { place, form: None }
    }

    /// The value of a header.
    #[must_use]
    pub fn header(name: &str) -> Self {
        Self::at(KeyPlace::Header(name.into()))
    }

    /// The value of a cookie.
    #[must_use]
    pub fn cookie(name: &str) -> Self {
        Self::at(KeyPlace::Cookie(name.into()))
    }

    /// What the rule's template captures under this name, its escapes undone.
    #[must_use]
    pub fn capture(name: &str) -> Self {
        Self::at(KeyPlace::Capture(name.into()))
    }

    /// The address of the caller.
    #[must_use]
    pub const fn address() -> Self {
        Self::at(KeyPlace::Address)
    }

    /// The same, written in this form: [`KeyForm::Bytes`] if nothing is said.
    #[must_use]
    pub const fn in_form(mut self, form: KeyForm) -> Self {
        self.form = Some(form);
        self
    }
}

/// A key as a rule looks for it.
#[derive(Debug, Clone)]
pub(super) struct Sticky {
    pub(super) place: StickyPlace,
    pub(super) form: KeyForm,
    pub(super) salt: Salt,
}

#[derive(Debug, Clone)]
pub(super) enum StickyPlace {
    Header(SmolStr),
    Cookie(SmolStr),
    /// By its number among the captures.
    Capture(usize),
    Address,
}

impl Sticky {
    /// The bucket of a request, if it has the key.
    pub(super) fn bucket(
        &self,
        request: &impl RequestMeta,
        path: Option<&PlainPath<'_>>,
        captures: &Captures,
    ) -> Option<Bucket> {
        match &self.place {
            StickyPlace::Header(name) => self.of_key(request.header(name)?),
            StickyPlace::Cookie(name) => self.of_cookie(request, name),
            StickyPlace::Capture(at) => {
                let raw = &path?.as_str().as_bytes()[captures.ranges().nth(*at)?];
                if raw.contains(&b'%') { self.of_escaped(raw) } else { self.of_key(raw) }
            }
            StickyPlace::Address => Some(match request.address()?.to_canonical() {
                IpAddr::V4(address) => Bucket::of_encoded(&address.octets(), self.salt),
                IpAddr::V6(address) => Bucket::of_encoded(&address.octets(), self.salt),
            }),
        }
    }

    fn of_cookie(&self, request: &impl RequestMeta, name: &str) -> Option<Bucket> {
        let (mut found, mut bucket) = (0_u32, None);
        request.each_header("cookie", &mut |header| {
            each_cookie(header, name.as_bytes(), &mut |value| {
                found += 1;
                bucket = self.of_key(value);
            });
        });
        bucket.filter(|_| found == 1)
    }

    fn of_escaped(&self, raw: &[u8]) -> Option<Bucket> {
        let mut room = [0; KEY_MAX];
        let mut len = 0;
        for byte in Decoded::new(raw) {
            *room.get_mut(len)? = byte;
            len += 1;
        }
        self.of_key(&room[..len])
    }

    fn of_key(&self, key: &[u8]) -> Option<Bucket> {
        if key.is_empty() || key.len() > KEY_MAX {
            return None;
        }
        let of = |encoded: &[u8]| Some(Bucket::of_encoded(encoded, self.salt));
        match self.form {
            KeyForm::Bytes => of(key),
            KeyForm::Text => of(text(key, &mut [0; 2 * KEY_MAX + 2])?),
            KeyForm::U8 => of(&number::<u8>(key)?.to_be_bytes()),
            KeyForm::U16 => of(&number::<u16>(key)?.to_be_bytes()),
            KeyForm::U32 => of(&number::<u32>(key)?.to_be_bytes()),
            KeyForm::U64 => of(&number::<u64>(key)?.to_be_bytes()),
            KeyForm::U128 => of(&number::<u128>(key)?.to_be_bytes()),
            KeyForm::I8 => of(&(number::<i8>(key)? ^ i8::MIN).to_be_bytes()),
            KeyForm::I16 => of(&(number::<i16>(key)? ^ i16::MIN).to_be_bytes()),
            KeyForm::I32 => of(&(number::<i32>(key)? ^ i32::MIN).to_be_bytes()),
            KeyForm::I64 => of(&(number::<i64>(key)? ^ i64::MIN).to_be_bytes()),
            KeyForm::I128 => of(&(number::<i128>(key)? ^ i128::MIN).to_be_bytes()),
            KeyForm::Uuid => of(&uuid(key)?),
        }
    }
}

fn number<N: FromStr>(key: &[u8]) -> Option<N> {
    std::str::from_utf8(key).ok()?.parse().ok()
}

/// A text as the repository encodes a `String`, in room for the longest: each zero byte is followed by `FF`, and
/// the end is `00 01`.
fn text<'r>(key: &[u8], room: &'r mut [u8; 2 * KEY_MAX + 2]) -> Option<&'r [u8]> {
    std::str::from_utf8(key).ok()?;
    let escaped = key.iter().flat_map(|byte| {
        let after_zero = (*byte == 0).then_some(0xFF);
        [Some(*byte), after_zero].into_iter().flatten()
    });
    let mut len = 0;
    for byte in escaped.chain([0x00, 0x01]) {
        *room.get_mut(len)? = byte;
        len += 1;
    }
    Some(&room[..len])
}

/// 32 hexadecimal digits, with hyphens where they are usual or without any.
fn uuid(key: &[u8]) -> Option<[u8; 16]> {
    let has_hyphens = key.len() == 36;
    if has_hyphens && [8, 13, 18, 23].into_iter().any(|at| key[at] != b'-') {
        return None;
    }
    let mut digits =
        key.iter().enumerate().filter(|(at, _)| !(has_hyphens && [8, 13, 18, 23].contains(at)));
    let mut bytes = [0; 16];
    for byte in &mut bytes {
        let (high, low) = (digits.next()?.1, digits.next()?.1);
        *byte = super::escape::pair(*high, *low)?;
    }
    digits.next().is_none().then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;

    /// The same bucket as the repository's, of each of these keys.
    fn agrees<K: Key>(form: KeyForm, keys: impl IntoIterator<Item = (String, K)>) {
        let sticky = Sticky { place: StickyPlace::Address, form, salt: Salt::of("orders") };
        for (written, key) in keys {
            let bucket = sticky.of_key(written.as_bytes());
            assert_eq!(bucket, Some(Bucket::of(&key, sticky.salt)), "{written:?} as {form:?}");
        }
    }

    macro_rules! agree_as_numbers {
        ($($form:ident $type:ty),*) => {$(
            agrees(KeyForm::$form, [<$type>::MIN, <$type>::MAX, 0, 1, 77].map(|it| (it.to_string(), it)));
        )*};
    }

    #[test]
    fn keys_are_in_the_buckets_of_the_repository() {
        let texts = ["ada", "\0", "a\0\0b\u{ff}", "\u{e9}"].map(str::to_owned);
        let longest = ["a".repeat(KEY_MAX), "\0".repeat(KEY_MAX)];
        agrees(KeyForm::Text, texts.into_iter().chain(longest).map(|it| (it.clone(), it)));
        agree_as_numbers!(U8 u8, U16 u16, U32 u32, U64 u64, U128 u128);
        agree_as_numbers!(I8 i8, I16 i16, I32 i32, I64 i64, I128 i128);
        agrees(KeyForm::Uuid, [("07".repeat(16), [7_u8; 16])]);
        agrees(KeyForm::Bytes, [("ada".to_owned(), *b"ada")]);
    }

    #[test]
    fn a_uuid_is_read_with_hyphens_and_without() {
        let plain = uuid(b"0123456789abcdef0123456789ABCDEF");
        assert_eq!(plain, uuid(b"01234567-89ab-cdef-0123-456789abcdef"));
        assert_eq!(plain.unwrap()[..3], [0x01, 0x23, 0x45]);
        for bad in [
            "",
            "0123",
            "01234567-89ab-cdef-0123-456789abcdeg",
            "01234567089ab-cdef-0123-456789abcdef",
        ] {
            assert_eq!(uuid(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(uuid(b"0123456789abcdef0123456789abcdef0"), None);
    }
}
