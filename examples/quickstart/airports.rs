use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::repository::{MigrationRepository, Repository};

use crate::airport::Airport;
use crate::legacy::LegacySide;
use crate::link::ModernLink;

/// The airports while they move: what every node of the service calls.
pub type Migrating = MigrationRepository<LegacySide, ModernLink>;

/// What the service asks of its airports, wherever they are stored.
#[async_trait]
pub trait Airports: Repository<Key = String, Entity = Airport> {
    /// The airport with this IATA code.
    async fn find_by_iata(&self, iata: &str) -> Result<Option<Airport>, StoreError>;

    /// The airports of a country, in the order of their keys.
    async fn by_country(&self, country: &str) -> Result<Vec<Airport>, StoreError>;
}

/// `find`, `save` and `delete` are there already; a query takes one closure for
/// each side.
#[async_trait]
impl Airports for Migrating {
    async fn find_by_iata(&self, iata: &str) -> Result<Option<Airport>, StoreError> {
        self.query(
            |legacy| async move { legacy.inner().find_by_iata(iata).await },
            |modern| async move { modern.find_by_iata(iata).await },
        )
        .await
    }

    async fn by_country(&self, country: &str) -> Result<Vec<Airport>, StoreError> {
        self.query(
            |legacy| async move { legacy.inner().by_country(country).await },
            |modern| async move { modern.by_country(country).await },
        )
        .await
    }
}
