use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName};
use smol_str::SmolStr;

use super::json::Walk;
use super::{ResponseComparator, ResponseDifference, Snapshot};

/// Compares status, some headers, and the body: JSON by what it says, anything else by its bytes.
///
/// If the status differs, nothing else is looked at. Of JSON, each place that differs has the path that leads
/// there, with `[]` for the index of an array; the order of an object's fields, and how numbers and strings are
/// written, make no difference. Names of fields stand in places, and so in reports: leave out objects whose fields
/// are named by what they hold.
///
/// ```
/// use strangler_fig::gateway::{ResponseComparator, ResponseFields, Snapshot};
///
/// let legacy = Snapshot::of(200, r#"{"id": 7, "lines": [{"price": 10.0}], "at": "12:00:01"}"#);
/// let modern = Snapshot::of(200, r#"{"lines": [{"price": 10.5}], "id": 7, "at": "12:00:02"}"#);
/// let request = http::Request::get("/orders/7").body(())?;
/// let fields = ResponseFields::default().without("body.at");
/// let found = fields.compare(&request, &legacy, &modern);
/// assert_eq!(found.len(), 1);
/// assert_eq!(found[0].place(), "body.lines[].price");
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ResponseFields {
    headers: Vec<HeaderName>,
    without: Vec<SmolStr>,
}

impl ResponseFields {
    /// These headers, instead of `content-type` (without its parameters) and `location`.
    #[must_use]
    pub fn with_headers(mut self, headers: impl IntoIterator<Item = HeaderName>) -> Self {
        self.headers = headers.into_iter().collect();
        self
    }

    /// Without a place, and all that is below it.
    #[must_use]
    pub fn without(mut self, place: impl Into<String>) -> Self {
        let place: String = place.into();
        self.without.push(place.into());
        self
    }

    fn is_wanted(&self, place: &str) -> bool {
        let is_at = |it: &SmolStr| {
            let below = place.strip_prefix(it.as_str());
            below.is_some_and(|below| below.is_empty() || below.starts_with(['.', '[']))
        };
        !self.without.iter().any(is_at)
    }
}

impl Default for ResponseFields {
    fn default() -> Self {
        Self { headers: vec![CONTENT_TYPE, LOCATION], without: Vec::new() }
    }
}

impl ResponseComparator for ResponseFields {
    fn compare(
        &self,
        _request: &http::Request<()>,
        primary: &Snapshot,
        other: &Snapshot,
    ) -> Vec<ResponseDifference> {
        if primary.status != other.status && self.is_wanted("status") {
            return vec![ResponseDifference::at("status")];
        }
        let differs = |name: &&HeaderName| !is_same_header(name, &primary.headers, &other.headers);
        let headers = self.headers.iter().filter(differs).map(|name| format!("header.{name}"));
        let mut places: Vec<String> = headers.collect();
        places.extend(different_bodies(primary, other));
        places.retain(|place| self.is_wanted(place));
        places.into_iter().map(ResponseDifference::at).collect()
    }
}

fn is_same_header(name: &HeaderName, one: &HeaderMap, other: &HeaderMap) -> bool {
    if name == CONTENT_TYPE {
        return media_type(one) == media_type(other);
    }
    one.get_all(name).iter().eq(other.get_all(name))
}

/// Without parameters, in lower case.
fn media_type(headers: &HeaderMap) -> Option<Vec<u8>> {
    let value = headers.get(CONTENT_TYPE)?.as_bytes();
    let name = value.split(|&it| it == b';').next().unwrap_or_default();
    Some(name.trim_ascii().to_ascii_lowercase())
}

/// What has no type may be JSON.
fn may_be_json(headers: &HeaderMap) -> bool {
    media_type(headers).is_none_or(|name| name.ends_with(b"/json") || name.ends_with(b"+json"))
}

fn different_bodies(one: &Snapshot, other: &Snapshot) -> Vec<String> {
    if one.body == other.body {
        return Vec::new();
    }
    let is_json = [one, other].iter().all(|it| may_be_json(&it.headers));
    let walked = is_json.then(|| Walk::through(&one.body, &other.body)).flatten();
    walked.unwrap_or_else(|| vec!["body".to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(body: &'static str, headers: &[(&'static str, &'static str)]) -> Snapshot {
        let mut snapshot = Snapshot::of(200, body);
        for (name, value) in headers {
            snapshot.headers.append(*name, value.parse().expect("it is a value"));
        }
        snapshot
    }

    fn found(fields: &ResponseFields, one: &Snapshot, other: &Snapshot) -> Vec<String> {
        let request = http::Request::new(());
        let found = fields.compare(&request, one, other);
        found.iter().map(|it| it.place().to_owned()).collect()
    }

    #[test]
    fn of_another_status_nothing_else_is_looked_at() {
        let (one, other) = (Snapshot::of(200, "a"), Snapshot::of(404, "b"));
        assert_eq!(found(&ResponseFields::default(), &one, &other), ["status"]);
        let fields = ResponseFields::default().without("status");
        assert_eq!(found(&fields, &one, &other), ["body"]);
    }

    #[test]
    fn some_headers_are_compared_and_the_type_without_its_parameters() {
        let one = snapshot("1", &[("content-type", "Application/JSON"), ("date", "now")]);
        let other = snapshot("1", &[("content-type", "application/json; charset=utf-8")]);
        assert_eq!(found(&ResponseFields::default(), &one, &other), [""; 0]);
        let moved = snapshot("1", &[("content-type", "text/html"), ("location", "/a")]);
        let places = ["header.content-type", "header.location"];
        assert_eq!(found(&ResponseFields::default(), &one, &moved), places);
        let dates = ResponseFields::default().with_headers([http::header::DATE]);
        assert_eq!(found(&dates, &one, &other), ["header.date"]);
        assert_eq!(found(&dates, &other, &moved), [""; 0]);
        assert_eq!(found(&dates.without("header"), &one, &other), [""; 0]);
    }

    #[test]
    fn only_json_is_walked() {
        let json = |body| snapshot(body, &[("content-type", "application/problem+json")]);
        let text = |body| snapshot(body, &[("content-type", "text/plain")]);
        let fields = ResponseFields::default();
        assert_eq!(found(&fields, &json("[1]"), &json("[ 1 ]")), [""; 0]);
        assert_eq!(found(&fields, &text("[1]"), &text("[ 1 ]")), ["body"]);
        assert_eq!(found(&fields, &json("[1]"), &json("[")), ["body"]);
    }

    #[test]
    fn a_place_that_is_left_out_takes_along_what_is_below() {
        let (one, other) = (
            snapshot(r#"{"at": {"h": 1}, "ats": 1, "l": [{"at": 1}]}"#, &[]),
            snapshot(r#"{"at": {"h": 2}, "ats": 2, "l": [{"at": 2}]}"#, &[]),
        );
        let fields = ResponseFields::default().without("body.at").without("body.l");
        assert_eq!(found(&fields, &one, &other), ["body.ats"]);
    }
}
