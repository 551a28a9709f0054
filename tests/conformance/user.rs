/// What all fixtures store.
pub(crate) type User = (u32, String);

/// A user with text that is hard to keep.
pub(crate) fn user(n: u32, variant: u32) -> User {
    let text = match variant % 8 {
        1 => "",
        2 => " padded ",
        3 => "NULL",
        4 => "O'Brien; -- \\ %",
        5 => "Ünïcödé 🌿",
        6 => "line\nbreak\ttab",
        7 => "0",
        _ => "padded",
    };
    match variant {
        0..8 => (n, text.to_owned()),
        _ => (n, format!("{text}{variant}")),
    }
}

pub(crate) fn id(user: &User) -> u32 {
    user.0
}
