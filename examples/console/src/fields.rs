use strangler_fig::consistency::{Comparator, FieldDifference};

use crate::airport::Airport;

/// What stands for a value.
const REDACTED: &str = "<redacted>";

/// Names the fields of an airport that differ; of their values it shows none.
#[derive(Debug)]
pub struct Fields;

impl Comparator<Airport> for Fields {
    fn differences(&self, legacy: &Airport, modern: &Airport) -> Vec<FieldDifference> {
        let same = [
            ("icao", legacy.icao == modern.icao),
            ("iata", legacy.iata == modern.iata),
            ("name", legacy.name == modern.name),
            ("city", legacy.city == modern.city),
            ("subdivision", legacy.subdivision == modern.subdivision),
            ("country", legacy.country == modern.country),
            ("elevation", legacy.elevation == modern.elevation),
            ("latitude", legacy.latitude == modern.latitude),
            ("longitude", legacy.longitude == modern.longitude),
            ("timezone", legacy.timezone == modern.timezone),
        ];
        let differ = same.into_iter().filter(|(_, same)| !same);
        let redacted = || Some(REDACTED.to_owned());
        differ.map(|(name, _)| FieldDifference::new(name, redacted(), redacted())).collect()
    }
}
