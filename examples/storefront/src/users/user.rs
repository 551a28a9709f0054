use adapters::customer::Customer;
use serde::{Deserialize, Serialize};

/// A user, as callers see one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// As it stands in the path.
    pub id: String,
    /// Up to 200 characters.
    pub name: String,
    /// None is not the empty text.
    pub email: Option<String>,
    /// How often they came.
    pub visits: i64,
}

/// What callers say of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Up to 200 characters.
    pub name: String,
    /// None is not the empty text.
    pub email: Option<String>,
    /// How often they came.
    pub visits: i64,
}

impl Draft {
    /// The whole customer: what callers cannot say of one, none has.
    #[must_use]
    pub fn of(self, id: String) -> Customer {
        Customer {
            id: id.into_bytes(),
            name: self.name,
            email: self.email,
            balance: 0,
            joined: 0,
            visits: self.visits,
            is_active: true,
            seal: None,
        }
    }
}

impl From<Customer> for User {
    fn from(customer: Customer) -> Self {
        Self {
            id: String::from_utf8_lossy(&customer.id).into_owned(),
            name: customer.name,
            email: customer.email,
            visits: customer.visits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_user_comes_back() {
        let text = r#"{"name":"Ada","email":null,"visits":3}"#;
        let draft: Draft = serde_json::from_str(text).unwrap();
        let user = User::from(draft.of("u-1".to_owned()));
        let text = serde_json::to_string(&user).unwrap();
        assert_eq!(text, r#"{"id":"u-1","name":"Ada","email":null,"visits":3}"#);
    }
}
