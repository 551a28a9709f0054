use std::time::{SystemTime, UNIX_EPOCH};

use super::text::{is_plain, text};
use crate::stamp::EntropyError;

text! {
    /// What tells an event from every other of its source: 1 to 256 bytes of text without control characters.
    ///
    /// ```
    /// use strangler_fig::event::EventId;
    ///
    /// let chosen: EventId = "order-4711-created".parse()?;
    /// assert_eq!(chosen.as_str(), "order-4711-created");
    /// assert_ne!(EventId::random()?, EventId::random()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    EventId,
    |text| is_plain(text, 256),
    "an event's id is 1 to 256 bytes of text without control characters"
}

impl EventId {
    /// A fresh one: a UUID of version 7, which is the milliseconds of this machine's clock, and then random bits of the
    /// operating system.
    ///
    /// # Errors
    ///
    /// When the operating system has no entropy to give.
    pub fn random() -> Result<Self, EntropyError> {
        let mut bits = [0; 10];
        getrandom::fill(&mut bits).map_err(EntropyError)?;
        // Before 1970, or far beyond: the random bits alone must do.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = u64::try_from(since.as_millis()).unwrap_or_default();
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &bits).into_uuid();
        Ok(Self(smol_str::format_smolstr!("{uuid}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_short_text() {
        for bad in ["", "a\nb", &"x".repeat(257)] {
            assert!(bad.parse::<EventId>().is_err(), "{bad:?}");
        }
        assert!("é".repeat(128).parse::<EventId>().is_ok());
    }

    #[test]
    fn a_random_id_is_a_uuid_of_version_7() {
        let id = EventId::random().unwrap();
        let read = uuid::Uuid::parse_str(id.as_str()).unwrap();
        assert_eq!((read.get_version_num(), id.as_str().len()), (7, 36));
        assert_eq!(id.as_str(), read.to_string(), "one text for each");
    }
}
