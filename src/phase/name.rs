use smol_str::SmolStr;

use crate::error::Quoted;

/// The longest name, in bytes.
const NAME_MAX: usize = 128;

/// A text that cannot be a name.
///
/// ```
/// use strangler_fig::phase::NodeName;
///
/// let error = "a/b".parse::<NodeName>().unwrap_err();
/// assert!(error.to_string().ends_with("not \"a/b\""));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to 128 of the characters A-Z a-z 0-9 . _ -, not {0}")]
pub struct NameError(Quoted);

/// The text, if it is a name.
pub(crate) fn checked(text: &str) -> Result<SmolStr, NameError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if text.is_empty() || text.len() > NAME_MAX || !text.bytes().all(fits) {
        return Err(NameError(Quoted::of(text, NAME_MAX)));
    }
    Ok(text.into())
}

/// A type of texts, with a document of its own, the error of what is none, and the check that makes it.
macro_rules! text_type {
    ($(#[$doc:meta])* $type:ident, $error:ty, $checked:expr) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(smol_str::SmolStr);

        impl $type {
            /// It as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $type {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                let checked: Result<smol_str::SmolStr, $error> = $checked(text);
                checked.map(Self)
            }
        }

        impl TryFrom<&str> for $type {
            type Error = $error;

            fn try_from(text: &str) -> Result<Self, $error> {
                text.parse()
            }
        }

        impl TryFrom<String> for $type {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(text: $type) -> Self {
                text.0.into()
            }
        }

        impl std::borrow::Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(crate) use text_type;

/// A type of names, with a document of its own.
macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $crate::phase::name::text_type! {
            $(#[$doc])*
            $type, $crate::phase::NameError, $crate::phase::name::checked
        }
    };
}

pub(crate) use name;

name! {
    /// Which migration: one capability on its way from one store to another.
    ///
    /// ```
    /// use strangler_fig::phase::MigrationName;
    ///
    /// let name: MigrationName = "airports".parse()?;
    /// assert_eq!(name.as_str(), "airports");
    /// assert!("no spaces".parse::<MigrationName>().is_err());
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    MigrationName
}

name! {
    /// Which node of the fleet, as its operators call it.
    ///
    /// ```
    /// use strangler_fig::phase::NodeName;
    ///
    /// let node: NodeName = "node-1.eu_west".parse()?;
    /// assert_eq!(node.as_str(), "node-1.eu_west");
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    NodeName
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for bad in ["", " ", "a/b", "é", &"x".repeat(129)] {
            assert!(bad.parse::<NodeName>().is_err(), "{bad:?}");
        }
        assert_eq!("node-1.eu_west".parse::<NodeName>().unwrap().as_str(), "node-1.eu_west");
    }

    #[test]
    fn what_is_quoted_of_a_longer_text_is_no_name() {
        let error = "x".repeat(200).parse::<NodeName>().unwrap_err().to_string();
        let quoted = format!("not \"{}\" and 72 bytes more", "x".repeat(128));
        assert!(error.ends_with(&quoted), "{error}");
    }

    #[test]
    fn a_name_has_at_most_128_characters() {
        assert!("x".repeat(128).parse::<NodeName>().is_ok());
        assert!("x".repeat(129).parse::<NodeName>().is_err());
    }
}
