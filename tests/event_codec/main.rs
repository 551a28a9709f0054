//! Events as documents of `CloudEvents`, and back: what is written is read, what strangers write is read where it can
//! be, and what is hostile is refused by name and without a word of it.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod foreign;
mod hostile;
mod laws;
mod times;

use serde_json::{Value, json};
use strangler_fig::event::{CloudEventError, EventEnvelope};

/// What the smallest document has, and this as well.
fn with(field: &str, value: Value) -> Value {
    let mut document =
        json!({ "specversion": "1.0", "id": "1", "source": "/shop", "type": "order.paid" });
    document[field] = value;
    document
}

fn read(document: &Value) -> Result<EventEnvelope, CloudEventError> {
    EventEnvelope::from_cloud_event(document.to_string().as_bytes())
}

/// The smallest document's fields, and this text among them.
fn spelt(more: &str) -> String {
    format!(r#"{{"specversion":"1.0","id":"1","source":"/shop","type":"order.paid"{more}}}"#)
}

fn read_text(document: &str) -> Result<EventEnvelope, CloudEventError> {
    EventEnvelope::from_cloud_event(document.as_bytes())
}

/// Where a document is refused, if it is.
fn refused_at(document: &str) -> Option<String> {
    read_text(document).err().map(|error| error.field().to_owned())
}
