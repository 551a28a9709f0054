use smol_str::SmolStr;

use super::StepName;
use crate::error::Quoted;
use crate::phase::name::text_type;

/// The longest id, in bytes: it fits a key of any SQL server.
const ID_MAX: usize = 250;

text_type! {
    /// Which execution of a saga: an id of the caller's world, an order's number say. A
    /// second start under the same id finds the first.
    ///
    /// 1 to 250 of the characters `A-Z a-z 0-9 . _ : - /`. A sub-saga's is its parent's id, a
    /// slash, and the step.
    ///
    /// ```
    /// use strangler_fig::saga::SagaId;
    ///
    /// let order: SagaId = "order:4711".parse()?;
    /// assert_eq!(order.child(&"ship".parse()?)?.to_string(), "order:4711/ship");
    /// assert!("no spaces".parse::<SagaId>().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    SagaId, SagaIdError, checked
}

/// A text that cannot be the id of a saga.
///
/// ```
/// use strangler_fig::saga::SagaId;
///
/// let error = "an order".parse::<SagaId>().unwrap_err();
/// assert!(error.to_string().ends_with("not \"an order\""));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a saga's id is 1 to 250 of the characters A-Z a-z 0-9 . _ : - /, not {0}")]
pub struct SagaIdError(Quoted);

impl SagaId {
    /// Whether it can be so many bytes longer.
    pub(super) fn can_grow(&self, bytes: usize) -> Result<(), SagaIdError> {
        if self.0.len() + bytes > ID_MAX {
            return Err(SagaIdError(Quoted::of(&self.0, ID_MAX).and_more(bytes)));
        }
        Ok(())
    }

    /// The id of the saga that step `step` of this one runs.
    ///
    /// # Errors
    ///
    /// When it would be too long.
    pub fn child(&self, step: &StepName) -> Result<Self, SagaIdError> {
        format!("{self}/{step}").parse()
    }
}

fn checked(text: &str) -> Result<SmolStr, SagaIdError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-/".contains(&byte);
    if text.is_empty() || text.len() > ID_MAX || !text.bytes().all(fits) {
        return Err(SagaIdError(Quoted::of(text, ID_MAX)));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_plain_and_not_too_long() {
        for bad in ["", " ", "a b", "é", "a\n", &"x".repeat(251)] {
            assert!(bad.parse::<SagaId>().is_err(), "{bad:?}");
        }
        assert!("x".repeat(250).parse::<SagaId>().is_ok());
    }

    #[test]
    fn what_is_quoted_of_a_longer_text_is_no_id() {
        let error = "x".repeat(251).parse::<SagaId>().unwrap_err().to_string();
        assert!(error.ends_with("x\" and 1 byte more"), "{error}");
        let order: SagaId = "order:4711".parse().unwrap();
        assert!(order.can_grow(240).is_ok());
        let error = order.can_grow(241).unwrap_err().to_string();
        assert!(error.ends_with(", not \"order:4711\" and 241 bytes more"), "{error}");
    }

    #[test]
    fn a_child_whose_id_would_be_too_long_is_refused() {
        let parent: SagaId = "x".repeat(246).parse().unwrap();
        assert!(parent.child(&"abc".parse().unwrap()).is_ok());
        assert!(parent.child(&"abcd".parse().unwrap()).is_err());
    }
}
