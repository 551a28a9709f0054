use std::collections::HashSet;
use std::fmt;

use sha2::{Digest, Sha256};
use strangler_fig::phase::Actor;

/// The least that a token may be: 20 characters, as of 120 random bits in base64.
const TOKEN_MIN: usize = 20;

/// Who may look, and move: put your own single sign-on behind it.
pub trait Authorizer: fmt::Debug + Send + Sync + 'static {
    /// Who bears this token, as the history is to name them; `None`: nobody.
    fn authorize(&self, token: &str) -> Option<Actor>;
}

/// Tokens from the environment: `ann=…,bob=…`.
#[derive(Clone)]
pub struct Tokens(Vec<(Actor, [u8; 32])>);

/// Tokens that cannot be used; the text names none of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokensError {
    #[error("operators are written as ann=TOKEN,bob=TOKEN")]
    Form,
    #[error("a token has at least {TOKEN_MIN} characters: try `openssl rand -base64 24`")]
    TooShort,
    #[error("two operators have one name, or one token")]
    Twice,
}

impl Tokens {
    /// # Errors
    ///
    /// [`TokensError`].
    pub fn parse(text: &str) -> Result<Self, TokensError> {
        let mut tokens = Vec::new();
        let (mut names, mut digests) = (HashSet::new(), HashSet::new());
        for operator in text.split(',') {
            let (name, token) = operator.split_once('=').ok_or(TokensError::Form)?;
            if token.chars().count() < TOKEN_MIN {
                return Err(TokensError::TooShort);
            }
            let actor: Actor = name.parse().map_err(|_| TokensError::Form)?;
            let digest = digest(token);
            if !names.insert(name) || !digests.insert(digest) {
                return Err(TokensError::Twice);
            }
            tokens.push((actor, digest));
        }
        Ok(Self(tokens))
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(actor, _)| actor)).finish()
    }
}

impl Authorizer for Tokens {
    /// Every token is looked at, and every byte of it, so that the time it takes tells nothing.
    fn authorize(&self, token: &str) -> Option<Actor> {
        let digest = digest(token);
        let mut found = None;
        for (actor, known) in &self.0 {
            if same(known, &digest) {
                found = Some(actor);
            }
        }
        found.cloned()
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Whether they are the same, in a time that does not depend on where they differ.
#[must_use]
pub fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    let differ = a.iter().zip(b).fold(0, |differ, (a, b)| differ | std::hint::black_box(a ^ b));
    std::hint::black_box(differ) == 0
}

/// The same of texts of any length.
#[must_use]
pub fn same_text(a: &str, b: &str) -> bool {
    same(&digest(a), &digest(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_operator_and_no_other_text_is_one() {
        let tokens = Tokens::parse("ann=aaaaaaaaaaaaaaaaaaaa,bob=bbbbbbbbbbbbbbbbbbbb").unwrap();
        let bearer = |token: &str| tokens.authorize(token).map(String::from);
        assert_eq!(bearer("bbbbbbbbbbbbbbbbbbbb").as_deref(), Some("bob"));
        for wrong in
            ["", "aaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaa", "Aaaaaaaaaaaaaaaaaaaa", "ann"]
        {
            assert_eq!(bearer(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn tokens_that_protect_nothing_are_refused_and_none_is_ever_shown() {
        for (text, why) in [
            ("", TokensError::Form),
            ("ann", TokensError::Form),
            ("=aaaaaaaaaaaaaaaaaaaa", TokensError::Form),
            ("ann=short", TokensError::TooShort),
            ("ann=aaaaaaaaaaaaaaaaaaaa,bob=aaaaaaaaaaaaaaaaaaaa", TokensError::Twice),
            ("ann=aaaaaaaaaaaaaaaaaaaa,ann=bbbbbbbbbbbbbbbbbbbb", TokensError::Twice),
        ] {
            assert_eq!(Tokens::parse(text).unwrap_err(), why, "{text}");
        }
        let tokens = Tokens::parse("ann=aaaaaaaaaaaaaaaaaaaa").unwrap();
        assert_eq!(format!("{tokens:?}"), "[Actor(\"ann\")]");
    }
}
