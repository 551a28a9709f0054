use std::fmt::Write as _;

use crate::error::is_unseen;
use crate::status::MigrationStatus;

/// Outside of texts JSON has none of the characters that are escaped here.
pub(super) fn json(status: &MigrationStatus) -> String {
    let plain = serde_json::to_string_pretty(status).expect("every field has a JSON form");
    let mut escaped = String::with_capacity(plain.len());
    for c in plain.chars() {
        let is_markup = matches!(c, '<' | '>' | '&' | '\'');
        if is_markup || (is_unseen(c) && c != '\n') {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    escaped
}
