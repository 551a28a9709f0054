//! Who expects what of whom in the storefront: each [`Agreement`] is a Pact file that its consumer writes and its provider is
//! held to.
//!
//! The tests of this package are both sides: `consumers` run what asks against a mock that answers as the file says, `providers`
//! run what answers against what the file asks.

use std::path::{Path, PathBuf};

/// What a consumer expects of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// Who asks.
    pub consumer: &'static str,
    /// Who answers.
    pub provider: &'static str,
}

impl Agreement {
    /// The Pact file in which it stands.
    #[must_use]
    pub fn file(self) -> PathBuf {
        pacts().join(self.file_name())
    }

    /// The name of that file.
    #[must_use]
    pub fn file_name(self) -> String {
        format!("{}-{}.json", self.consumer, self.provider)
    }
}

/// What the gateway asks of the user service, on behalf of people.
pub const USERS_OF_GATEWAY: Agreement = Agreement { consumer: "gateway", provider: "user-service" };
/// What the gateway asks of the order service.
pub const ORDERS_OF_GATEWAY: Agreement =
    Agreement { consumer: "gateway", provider: "order-service" };
/// What the gateway asks of the inventory service.
pub const STOCK_OF_GATEWAY: Agreement =
    Agreement { consumer: "gateway", provider: "inventory-service" };
/// What the gateway asks of the payment service.
pub const PAYMENTS_OF_GATEWAY: Agreement =
    Agreement { consumer: "gateway", provider: "payment-service" };
/// What the monolith asks of the user service while users move: its store, and the queue of repairs.
pub const USERS_OF_MONOLITH: Agreement =
    Agreement { consumer: "monolith", provider: "user-service" };

/// What the user service asks of the monolith meanwhile: its store.
pub const STORE_OF_MONOLITH: Agreement =
    Agreement { consumer: "user-service", provider: "monolith" };

/// All of them.
pub const AGREEMENTS: [Agreement; 6] = [
    USERS_OF_GATEWAY,
    ORDERS_OF_GATEWAY,
    STOCK_OF_GATEWAY,
    PAYMENTS_OF_GATEWAY,
    USERS_OF_MONOLITH,
    STORE_OF_MONOLITH,
];

/// Where the files are.
#[must_use]
pub fn pacts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pacts")
}
