use std::fmt;

use serde::{Deserialize, Serialize};

use super::{EntityId, Fingerprint, RequestKey, hex};
use crate::phase::Side;
use crate::stamp::Stamp;

/// A request, as it is written down: enough to send it again.
///
/// Not all of its headers: credentials, above all, are not written down unless that is wanted. It shows
/// neither headers nor body in a log.
///
/// ```
/// use strangler_fig::gateway::dual::RecordedRequest;
///
/// let order = RecordedRequest {
///     method: "POST".to_owned(),
///     target: "/orders?draft=1".to_owned(),
///     headers: vec![("content-type".to_owned(), b"application/json".to_vec())],
///     body: b"{\"pears\":2}".to_vec(),
/// };
/// let text = serde_json::to_string(&order)?;
/// assert_eq!(serde_json::from_str::<RecordedRequest>(&text)?, order);
/// assert!(!format!("{order:?}").contains("draft"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedRequest {
    /// As it was sent.
    pub method: String,
    /// Path and query, as they were sent.
    pub target: String,
    /// Names in lower case, and values, in their order.
    #[serde(with = "headers")]
    pub headers: Vec<(String, Vec<u8>)>,
    /// All of it.
    #[serde(with = "hex")]
    pub body: Vec<u8>,
}

/// Values are bytes, which need not be text.
mod headers {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Value(#[serde(with = "super::hex")] Vec<u8>);

    pub(super) fn serialize<S: Serializer>(
        headers: &[(String, Vec<u8>)],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(headers.iter().map(|(name, value)| (name, Value(value.clone()))))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<(String, Vec<u8>)>, D::Error> {
        let headers = Vec::<(String, Value)>::deserialize(from)?;
        Ok(headers.into_iter().map(|(name, Value(value))| (name, value)).collect())
    }
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, target, headers, body } = self;
        let (target, headers, body) = (target.len(), headers.len(), body.len());
        write!(f, "RecordedRequest({method}, {target} + {body} bytes, {headers} headers)")
    }
}

/// What is written down before either side is sent anything.
///
/// ```
/// use strangler_fig::gateway::dual::{Fingerprint, NewRequest, RecordedRequest, RequestKey};
/// use strangler_fig::phase::Side;
/// use strangler_fig::stamp::StampClock;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let order = NewRequest {
///     key: RequestKey::new("ada", "order-4711")?,
///     fingerprint: Fingerprint::of("POST", "/orders", b""),
///     request: RecordedRequest { method: "POST".into(), target: "/orders".into(), ..Default::default() },
///     stamp: StampClock::new()?.now(),
///     first: Side::Legacy,
///     is_strict: true,
///     answers: Side::Modern,
///     rule: "orders".to_owned(),
///     entity_id: None,
/// };
/// let text = serde_json::to_string(&order)?;
/// assert_eq!(serde_json::from_str::<NewRequest>(&text)?, order);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRequest {
    /// Which.
    pub key: RequestKey,
    /// What a second request under its key must have.
    pub fingerprint: Fingerprint,
    /// What both sides are sent.
    pub request: RecordedRequest,
    /// Its place in the order of writes.
    pub stamp: Stamp,
    /// The side that is sent it first, and whose refusal ends it.
    pub first: Side,
    /// Whether its caller waits for both.
    #[serde(rename = "strict")]
    pub is_strict: bool,
    /// The side whose response its caller gets.
    pub answers: Side,
    /// The rule by which it is written to both.
    pub rule: String,
    /// The id of what it creates, if the gateway makes ids.
    pub entity_id: Option<EntityId>,
}
