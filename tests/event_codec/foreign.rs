//! What others write: the specification's own examples, and what its formats allow.

use serde_json::json;

use crate::{read, read_text, spelt, with};

/// Of the JSON format's specification.
#[test]
fn the_examples_of_the_specification_are_read() {
    let text = r#"{
        "specversion" : "1.0",
        "type" : "com.example.someevent",
        "source" : "/mycontext",
        "subject": null,
        "id" : "C234-1234-1234",
        "time" : "2018-04-05T17:31:00Z",
        "comexampleextension1" : "value",
        "comexampleothervalue" : 5,
        "datacontenttype" : "application/vnd.apache.thrift.binary",
        "data_base64" : "aGVsbG8="
    }"#;
    let event = read_text(text).unwrap();
    assert_eq!(event.id.as_str(), "C234-1234-1234");
    assert_eq!(event.time.unwrap().to_string(), "2018-04-05T17:31:00.000Z");
    assert_eq!(event.extensions.get("comexampleothervalue"), Some("5"));
    assert_eq!(event.extensions.get("subject"), None);
    assert_eq!(event.payload.as_bytes(), Some(&b"hello"[..]));

    let json = text.replace("vnd.apache.thrift.binary", "json");
    let json = json.replace(r#""data_base64" : "aGVsbG8=""#, r#""data" : { "appinfoA" : "abc" }"#);
    let event = read_text(&json).unwrap();
    assert_eq!(event.payload.as_json().unwrap().as_str(), r#"{ "appinfoA" : "abc" }"#);

    let xml = text.replace("vnd.apache.thrift.binary", "xml");
    let xml = xml.replace(r#""data_base64" : "aGVsbG8=""#, r#""data" : "<much wow=\"xml\"/>""#);
    let event = read_text(&xml).unwrap();
    assert_eq!(event.payload.as_bytes(), Some(&b"<much wow=\"xml\"/>"[..]));
    assert_eq!(event.payload.content_type(), Some("application/xml"));
}

#[test]
fn what_is_absent_has_its_default() {
    let event = read_text(&spelt("")).unwrap();
    assert_eq!((event.key.as_str(), event.version.get()), ("1", 1));
    assert_eq!((event.time, event.traceparent), (None, None));
    assert!(event.extensions.is_empty() && event.payload.is_empty());
}

#[test]
fn each_attribute_that_must_be_there_is_asked_for() {
    for name in ["specversion", "id", "source", "type"] {
        let mut document = with("data", json!(1));
        document.as_object_mut().unwrap().remove(name);
        assert_eq!(read(&document).unwrap_err().field(), name);
        assert_eq!(read(&with(name, json!(1))).unwrap_err().field(), name);
        assert_eq!(read(&with(name, json!(""))).unwrap_err().field(), name);
    }
}

/// The year 1 is what .NET writes of a time that nobody has set.
#[test]
fn a_time_that_no_event_has_here_is_left_out() {
    for time in [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+05:00",
        "1969-12-31T23:59:59.999Z",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-01:00",
    ] {
        assert_eq!(read(&with("time", json!(time))).unwrap().time, None, "{time}");
    }
    let first = read(&with("time", json!("1970-01-01T00:00:00Z"))).unwrap().time;
    assert_eq!(first.map(strangler_fig::event::EventTime::unix_millis), Some(0));
    // The standard asks for RFC 3339.
    for time in
        ["", "0001-01-01", "0001-13-01T00:00:00Z", "1969-12-31T12:59:60Z", "10000-01-01T00:00:00Z"]
    {
        assert_eq!(read(&with("time", json!(time))).unwrap_err().field(), "time", "{time}");
    }
}

/// W3C: who cannot read a trace begins a new one.
#[test]
fn a_trace_that_is_none_is_dropped() {
    let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    assert_eq!(
        read(&with("traceparent", json!(good))).unwrap().traceparent.unwrap().as_str(),
        good
    );
    for bad in [json!(""), json!("00-0-0-00"), json!(7), json!(["x"]), json!({})] {
        let event = read(&with("traceparent", bad)).unwrap();
        assert_eq!((event.traceparent, event.extensions.len()), (None, 0));
    }
}

#[test]
fn a_subject_and_a_schema_are_kept() {
    let document = spelt(",\"subject\":\"order 7\",\"dataschema\":\"https://shop/order\"");
    let event = read_text(&document).unwrap();
    assert_eq!(event.extensions.get("subject"), Some("order 7"));
    assert_eq!(event.extensions.get("dataschema"), Some("https://shop/order"));
    assert!(event.to_cloud_event().contains("\"subject\":\"order 7\""));
}

#[test]
fn data_is_json_if_its_type_says_so_or_nothing() {
    for json in ["application/json", "text/JSON; charset=utf-8", "application/vnd.shop+json"] {
        let document = spelt(&format!(",\"datacontenttype\":\"{json}\",\"data\":\"x\""));
        assert_eq!(read_text(&document).unwrap().payload.as_json().unwrap().as_str(), "\"x\"");
    }
    let event = read_text(&spelt(",\"data\":null")).unwrap();
    assert_eq!(event.payload.as_json().unwrap().as_str(), "null");
    let other = spelt(",\"datacontenttype\":\"text/csv\",\"data\":{}");
    assert_eq!(read_text(&other).unwrap_err().field(), "data");
}

/// Bytes may be said to be JSON; they are bytes all the same, and stay it.
#[test]
fn bytes_of_a_json_type_stay_bytes() {
    let document = spelt(",\"datacontenttype\":\"application/json\",\"data_base64\":\"e30=\"");
    let event = read_text(&document).unwrap();
    assert_eq!(event.payload.as_bytes(), Some(&b"{}"[..]));
    assert_eq!(read_text(&event.to_cloud_event()).unwrap(), event);
}
