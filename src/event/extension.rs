use std::collections::BTreeMap;
use std::fmt;

use smol_str::SmolStr;

use super::TextError;
use super::text::{is_plain, text};

/// How many an event may have.
const EXTENSIONS_MAX: usize = 16;
/// The longest value, in bytes.
const VALUE_MAX: usize = 1024;

/// The attributes of an event that have a place of their own.
const ATTRIBUTES: [&str; 9] = [
    "data",
    "datacontenttype",
    "eventversion",
    "id",
    "partitionkey",
    "source",
    "specversion",
    "time",
    "traceparent",
];

text! {
    /// The name of an extension: 1 to 20 of the characters `a-z 0-9`, and none of the attributes that have a place of
    /// their own in an [`EventEnvelope`](super::EventEnvelope).
    ///
    /// ```
    /// use strangler_fig::event::ExtensionName;
    ///
    /// let tenant: ExtensionName = "tenant".parse()?;
    /// assert_eq!(tenant.as_str(), "tenant");
    /// assert!("time".parse::<ExtensionName>().is_err());
    /// # Ok::<(), strangler_fig::event::TextError>(())
    /// ```
    ExtensionName,
    is_name,
    "the name of an extension is 1 to 20 of the characters a-z 0-9, and no attribute's"
}

fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() <= 20 && text.bytes().all(fits) && text != "type" && !ATTRIBUTES.contains(&text)
}

/// What an event says beside its attributes, by name: at most 16, each of at most 1 KiB. `Debug` shows their names.
///
/// ```
/// use strangler_fig::event::Extensions;
///
/// let mut extensions = Extensions::default();
/// extensions.insert("tenant".parse()?, "north")?;
/// assert_eq!(extensions.get("tenant"), Some("north"));
/// assert!(extensions.insert("tenant".parse()?, "\0").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Extensions(BTreeMap<ExtensionName, SmolStr>);

/// Their names only.
impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys().map(ExtensionName::as_str)).finish()
    }
}

/// An extension that an event cannot take.
///
/// ```
/// use strangler_fig::event::{ExtensionError, Extensions};
///
/// let refused = Extensions::default().insert("tenant".parse()?, "\0");
/// assert!(matches!(refused, Err(ExtensionError::Value(_))));
/// # Ok::<(), strangler_fig::event::TextError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtensionError {
    /// There are as many as there may be.
    #[error("an event has at most 16 extensions")]
    TooMany,
    /// The value cannot be one.
    #[error(transparent)]
    Value(#[from] TextError),
}

impl Extensions {
    /// Sets one, instead of what it was.
    ///
    /// # Errors
    ///
    /// [`ExtensionError`]: there are 16 others, or the value is longer than 1,024 bytes or has control characters.
    pub fn insert(&mut self, name: ExtensionName, value: &str) -> Result<(), ExtensionError> {
        if !is_plain(value, VALUE_MAX) {
            let rule = "an extension is at most 1,024 bytes of text without control characters";
            return Err(TextError(rule).into());
        }
        if self.0.len() == EXTENSIONS_MAX && !self.0.contains_key(&name) {
            return Err(ExtensionError::TooMany);
        }
        self.0.insert(name, value.into());
        Ok(())
    }

    /// What it says.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(SmolStr::as_str)
    }

    /// All of them, in the order of their names.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&ExtensionName, &str)> {
        self.0.iter().map(|(name, value)| (name, value.as_str()))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_nobody_else_s() {
        for bad in
            ["", "A", "a_b", "a-b", "é", "type", "id", "data", "traceparent", &"x".repeat(21)]
        {
            assert!(bad.parse::<ExtensionName>().is_err(), "{bad:?}");
        }
        for good in ["subject", "dataschema", "correlationid", "0", &"x".repeat(20)] {
            assert!(good.parse::<ExtensionName>().is_ok(), "{good:?}");
        }
    }

    #[test]
    fn there_are_sixteen_and_each_may_be_changed() {
        let mut extensions = Extensions::default();
        let name = |n: usize| format!("x{n}").parse::<ExtensionName>().unwrap();
        for n in 0..16 {
            extensions.insert(name(n), "").unwrap();
        }
        assert_eq!(extensions.insert(name(16), ""), Err(ExtensionError::TooMany));
        extensions.insert(name(15), &"y".repeat(1024)).unwrap();
        assert!(extensions.insert(name(15), &"y".repeat(1025)).is_err());
        assert_eq!((extensions.len(), extensions.get("x0")), (16, Some("")));
        let sorted: Vec<_> = extensions.iter().map(|(name, _)| name.as_str()).collect();
        assert!(sorted.is_sorted());
    }
}
