use serde::{Deserialize, Serialize};
use strangler_fig::testkit::history::Verdict;

pub(crate) type UserVerdict = Verdict<String, User>;

/// What people see of a user.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    pub(crate) visits: i64,
}

impl From<storefront::users::User> for User {
    fn from(user: storefront::users::User) -> Self {
        Self { name: user.name, email: user.email, visits: user.visits }
    }
}
