use adapters::customer::Customer;
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

impl From<Customer> for User {
    fn from(customer: Customer) -> Self {
        Self { name: customer.name, email: customer.email, visits: customer.visits }
    }
}
