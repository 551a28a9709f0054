use crate::decimal::{Degrees, Feet};

/// An airport: what the application works with, whichever store it comes from.
///
/// Both schemas must hold every value exactly, as the crate compares what they
/// hold with `==`. So the numbers are decimals and not floats, and what may be
/// missing is an `Option`, never an empty text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Airport {
    /// The key: four characters, given by the ICAO.
    pub icao: String,
    /// The three letters on a luggage tag.
    pub iata: Option<String>,
    pub name: String,
    pub city: Option<String>,
    /// State, province or region.
    pub subdivision: Option<String>,
    /// Two letters, ISO 3166.
    pub country: String,
    pub elevation: Feet,
    pub latitude: Degrees,
    pub longitude: Degrees,
    /// A name of the IANA time zone database.
    pub timezone: String,
}
