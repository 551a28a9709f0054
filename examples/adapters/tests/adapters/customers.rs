//! Customers that are hard to keep.

use adapters::customer::Customer;

/// Keys with every byte, of every length, and pairs that collations make one.
pub(crate) fn id(n: u32) -> Vec<u8> {
    match n {
        0 => vec![0],
        1 => Vec::new(),
        2 => vec![0xFF; 255],
        3 => b"ada".to_vec(),
        4 => b"ADA".to_vec(),
        5 => b"ada ".to_vec(),
        6 => vec![0, 0],
        7 => (0..=254).collect(),
        8 => "ädä".into(),
        9 => b"ada\0".to_vec(),
        10 => b"a'd\"a\\%_".to_vec(),
        11 => vec![0x80],
        12 => vec![0x7F],
        n => [&[0xC3, 0x28][..], &n.to_be_bytes()].concat(),
    }
}

const NAMES: [&str; 13] = [
    "Ada",
    "",
    " ",
    "ada ",
    "ADA",
    "Ælfrēd",
    "👩‍👩‍👧‍👦 🏳️‍🌈 😀",
    "O'Hara \\ \" % _ `",
    "\u{feff}first",
    "\r\n\t\u{1}\u{7f}",
    "NULL",
    "\\N",
    "e\u{301}é",
];

const EMAILS: [Option<&str>; 5] =
    [Some("ada@example.org"), None, Some(""), Some("NULL"), Some("💌@example.org")];

const BALANCES: [i64; 7] = [1_234_567, 0, i64::MAX, i64::MIN, -1, 1, -10_001];

/// The first and the last microsecond that a `DATETIME` can hold among them.
const JOINED: [i64; 6] = [
    1_700_000_000_123_456,
    -30_610_224_000_000_000,
    253_402_300_799_999_999,
    -1,
    0,
    951_782_399_999_999, // 2000-02-28 23:59:59.999999
];

/// The `n`-th customer, in one of many versions.
pub(crate) fn customer(n: u32, variant: u32) -> Customer {
    let v = variant as usize;
    let name = match variant {
        13 => "é".repeat(200),
        _ => NAMES[v % NAMES.len()].to_owned(),
    };
    let visits = match variant {
        1 => i64::MAX,
        2 => i64::MIN,
        n => i64::from(n) - 3,
    };
    let seal = match variant % 4 {
        0 => Some((0..=255).collect()),
        1 => None,
        2 => Some(Vec::new()),
        _ => Some(variant.to_be_bytes().to_vec()),
    };
    Customer {
        id: id(n),
        name,
        email: EMAILS[v % EMAILS.len()].map(str::to_owned),
        balance: BALANCES[v % BALANCES.len()],
        joined: JOINED[v % JOINED.len()],
        visits,
        is_active: variant.is_multiple_of(2),
        seal,
    }
}

/// Both stores limit names to 200 characters.
pub(crate) fn refused(n: u32) -> Customer {
    Customer { name: "é".repeat(201), ..customer(n, 0) }
}
