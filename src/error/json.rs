use std::error::Error;
use std::fmt;

use serde_json::error::Category;

/// How serde begins to tell of a field by its name, and what is said of it here.
const FIELD_FAULTS: [(&str, &str); 2] =
    [("missing field `", "is missing"), ("duplicate field `", "is there twice")];

/// The longest text, in bytes, that is taken for a name.
const NAME_MAX: usize = 64;

/// What is wrong with a JSON text, and where; never what stands there.
///
/// A field that is missing, or there twice, is named: its name is the type's own. An error of a type's own
/// [`Deserialize`](serde::Deserialize) in serde's very words is taken for one of these: let none quote a value so.
///
/// The text of [`serde_json::Error`] quotes what it could not read, and errors go into logs with all their sources. So
/// that one is no [`source`](Error::source) of this one: whoever may see the text itself asks for it.
///
/// ```
/// use strangler_fig::error::JsonError;
///
/// let error = serde_json::from_str::<u32>(r#""4929-1111""#).map_err(JsonError::from).unwrap_err();
/// assert_eq!(error.to_string(), "a value is not of its type at line 1 column 11");
/// assert!(!format!("{error:?}").contains("4929"));
/// assert!(error.quoting().to_string().contains("4929-1111"));
///
/// #[derive(Debug, serde::Deserialize)]
/// struct Card {
///     number: String,
/// }
///
/// let error = serde_json::from_str::<Card>("{}").map_err(JsonError::from).unwrap_err();
/// assert_eq!(error.to_string(), "the field `number` is missing at line 1 column 2");
/// ```
pub struct JsonError(serde_json::Error);

impl JsonError {
    /// What `serde_json` says, which may quote the text.
    #[must_use]
    pub const fn quoting(&self) -> &serde_json::Error {
        &self.0
    }
}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = (self.0.line(), self.0.column());
        let place =
            if line > 0 { format!(" at line {line} column {column}") } else { String::new() };
        match self.0.classify() {
            Category::Data => {
                let text = self.0.to_string();
                match field_in(text.strip_suffix(&place).unwrap_or(&text)) {
                    Some((name, fault)) => write!(f, "the field `{name}` {fault}")?,
                    None => f.write_str("a value is not of its type")?,
                }
            }
            Category::Eof => f.write_str("it ends too early")?,
            Category::Io => f.write_str("it is not read or written to its end")?,
            // What is written has no place.
            Category::Syntax if line == 0 => f.write_str("it has no JSON form")?,
            Category::Syntax => f.write_str("it is no JSON")?,
        }
        f.write_str(&place)
    }
}

/// The field that `text`, without a place, is about, and what is wrong with it: if serde's words are all that it says.
fn field_in(text: &str) -> Option<(&str, &'static str)> {
    FIELD_FAULTS.iter().find_map(|(begin, fault)| {
        let name = text.strip_prefix(begin)?.strip_suffix('`')?;
        is_name(name).then_some((name, *fault))
    })
}

/// Whether a field may be called so. A type's own error may quote in serde's words: what is no name is not shown.
fn is_name(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    text.len() <= NAME_MAX
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(is_inner)
}

impl fmt::Debug for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonError({self})")
    }
}

impl Error for JsonError {}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::Deserialize;
    use serde::de::{DeserializeOwned, Error as _};

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it is only read")]
    struct Loan {
        term: u32,
        #[serde(rename = "paid-back.on_2")]
        paid: Option<Coin>,
    }

    /// One whose own error has the text that it is read from.
    #[derive(Debug, Deserialize)]
    #[serde(try_from = "String")]
    struct Coin;

    impl TryFrom<String> for Coin {
        type Error = String;

        fn try_from(text: String) -> Result<Self, String> {
            Err(text)
        }
    }

    fn told<T: DeserializeOwned + Debug>(text: &str) -> String {
        JsonError::from(serde_json::from_str::<T>(text).unwrap_err()).to_string()
    }

    #[test]
    fn a_field_that_is_missing_or_there_twice_is_named() {
        assert_eq!(told::<Loan>("{}"), "the field `term` is missing at line 1 column 2");
        let twice = r#"{"term":1,"paid-back.on_2":null,
            "paid-back.on_2":null}"#;
        let is_twice = "the field `paid-back.on_2` is there twice at line 2 column 28";
        assert_eq!(told::<Loan>(twice), is_twice);
        let without_place = serde_json::from_value::<Loan>(serde_json::json!({})).unwrap_err();
        assert_eq!(JsonError::from(without_place).to_string(), "the field `term` is missing");
    }

    #[test]
    fn what_only_begins_in_the_words_of_serde_is_not_shown() {
        let long = format!("missing field `{}`", "x".repeat(NAME_MAX + 1));
        for text in [
            "missing field `4929-1111`",
            "missing field `-4929`",
            "missing field `.4929`",
            "missing field `hunter2 of ann`",
            "missing field `ann@hunter.2`",
            "missing field `schlüssel`",
            "missing field ``",
            "missing field `",
            "missing field `x",
            "missing field x",
            "missing field `x`: hunter2",
            "missing field `x`, found `hunter2`",
            "missing field `x`\n",
            "missing field `x\n`",
            "missing field `x` at line 1",
            "missing field `x` at line 1 column 2 ",
            " missing field `x`",
            "Missing field `x`",
            "duplicate field `hunter2/x`",
            "duplicate field `x` of `hunter2`",
            "unknown field `hunter2`",
            &long,
        ] {
            let shown = JsonError::from(serde_json::Error::custom(text)).to_string();
            assert_eq!(shown, "a value is not of its type", "{text:?}");
            let quoted = serde_json::to_string(&[text]).unwrap();
            let shown = told::<Vec<Coin>>(&quoted);
            assert!(shown.starts_with("a value is not of its type at line 1 column "), "{shown}");
        }
    }

    #[test]
    fn a_second_place_is_none_of_serde_s_words() {
        let text = "missing field `x` at line 1 column 2 at line 3 column 4";
        let shown = JsonError::from(serde_json::Error::custom(text)).to_string();
        assert_eq!(shown, "a value is not of its type at line 3 column 4");
    }

    #[test]
    fn the_longest_name_is_shown() {
        let name = format!("_{}", "x".repeat(NAME_MAX - 1));
        let error = serde_json::Error::custom(format_args!("duplicate field `{name}`"));
        let shown = JsonError::from(error).to_string();
        assert_eq!(shown, format!("the field `{name}` is there twice"));
    }
}
