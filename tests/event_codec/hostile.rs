//! What nobody sends who means well, each by name.

use serde_json::json;
use strangler_fig::event::{EventEnvelope, PAYLOAD_MAX};

use crate::{read, read_text, refused_at, spelt, with};

#[test]
fn a_document_that_is_too_long_is_refused_before_it_is_read() {
    let long = vec![b' '; 2 * PAYLOAD_MAX + (64 << 10) + 1];
    let error = EventEnvelope::from_cloud_event(&long).unwrap_err();
    assert_eq!((error.field(), error.why()), (".", "it is longer than 1,088 KiB"));
    // One byte less is looked at.
    let error = EventEnvelope::from_cloud_event(&long[1..]).unwrap_err();
    assert_ne!(error.why(), "it is longer than 1,088 KiB");
}

#[test]
fn what_is_no_utf_8_is_refused() {
    for more in [&b",\"data\":\"\xFF\""[..], b",\"x\":\"\xC3\x28\"", b",\"\xED\xA0\x80\":1"] {
        let mut bytes = spelt("").into_bytes();
        bytes.pop();
        bytes.extend_from_slice(more);
        bytes.push(b'}');
        assert!(EventEnvelope::from_cloud_event(&bytes).is_err(), "{more:?}");
    }
}

#[test]
fn what_is_no_object_is_refused() {
    for bad in ["", "null", "[]", "1", "\"\"", "{", "{}x", "\u{feff}{}", "{\"id\":}", "{id:1}"] {
        assert_eq!(refused_at(bad).as_deref(), Some("."), "{bad:?}");
    }
    assert_eq!(refused_at("{}").as_deref(), Some("specversion"));
    assert_eq!(refused_at(&(spelt("") + " ")), None);
    assert_eq!(refused_at(&(spelt("") + "{}")).as_deref(), Some("."));
}

/// Not on the stack: in a payload they are nobody's business, elsewhere they are no text.
#[test]
fn a_hundred_thousand_brackets_are_survived() {
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let deep = read_text(&spelt(&format!(",\"data\":{open}{close}"))).unwrap();
    assert_eq!(deep.payload.len(), 200_000);
    assert!(deep.payload.as_json().unwrap().read::<serde_json::Value>().is_err());
    let again = EventEnvelope::from_cloud_event(deep.to_cloud_event().as_bytes());
    assert_eq!(again.unwrap(), deep);

    assert_eq!(
        refused_at(&spelt(&format!(",\"tenant\":{open}{close}"))).as_deref(),
        Some("tenant")
    );
    assert_eq!(refused_at(&spelt(&format!(",\"data\":{open}"))).as_deref(), Some("."));
    assert_eq!(refused_at(&open).as_deref(), Some("."));
    let objects = "{\"a\":".repeat(100_000);
    assert_eq!(refused_at(&objects).as_deref(), Some("."));
}

#[test]
fn an_attribute_that_is_there_twice_is_refused() {
    for twice in [",\"id\":\"1\"", ",\"data\":1,\"data\":1", ",\"x\":\"\",\"x\":\"\""] {
        assert_eq!(refused_at(&spelt(twice)).as_deref(), Some("."), "{twice}");
    }
    // However it is spelt.
    assert_eq!(refused_at(&spelt(",\"\\u0069d\":\"2\"")).as_deref(), Some("."));
}

#[test]
fn data_in_two_forms_is_refused() {
    let both = spelt(",\"data\":1,\"data_base64\":\"MQ==\"");
    assert_eq!(refused_at(&both).as_deref(), Some("data"));
}

#[test]
fn base64_has_one_form() {
    let taken = read(&with("data_base64", json!("//79"))).unwrap();
    assert_eq!(taken.payload.as_bytes(), Some(&[0xFF, 0xFE, 0xFD][..]));
    assert_eq!(taken.payload.content_type(), Some("application/octet-stream"));
    let none = read(&with("data_base64", json!(""))).unwrap();
    assert_eq!(none.payload.as_bytes(), Some(&[][..]));
    for bad in [
        "aGk=\n", "aG\r\nk=", "aGk", "aGk==", "aGl=", "__79", "=", "aGk=aGk=", "a", " aGk=",
        "\u{e9}",
    ] {
        let error = read(&with("data_base64", json!(bad))).unwrap_err();
        assert_eq!(error.field(), "data_base64", "{bad:?}");
    }
    assert_eq!(read(&with("data_base64", json!(1))).unwrap_err().field(), "data_base64");
}

#[test]
fn an_attribute_that_is_null_is_absent() {
    for name in
        ["time", "traceparent", "partitionkey", "eventversion", "tenant", "subject", "data_base64"]
    {
        let event = read(&with(name, json!(null))).unwrap();
        assert_eq!(event, read_text(&spelt("")).unwrap(), "{name}");
    }
    for name in ["id", "source", "type", "specversion"] {
        assert_eq!(read(&with(name, json!(null))).unwrap_err().field(), name);
    }
}

#[test]
fn a_text_has_no_control_characters_surrogates_or_noncharacters() {
    for bad in [
        "\\u0000",
        "\\n",
        "\\u007f",
        "\\u0085",
        "\\ud800",
        "\\udc00\\ud800",
        "\\uffff",
        "\\ufdd0",
        "\\ud83f\\udffe",
    ] {
        for name in ["id", "type", "partitionkey", "tenant"] {
            let others = spelt("");
            let document = if others.contains(&format!("\"{name}\":")) {
                let of = if name == "id" { "\"1\"" } else { "\"order.paid\"" };
                others.replacen(&format!("\"{name}\":{of}"), &format!("\"{name}\":\"a{bad}\""), 1)
            } else {
                spelt(&format!(",\"{name}\":\"a{bad}\""))
            };
            assert_eq!(refused_at(&document).as_deref(), Some(name), "{bad}");
        }
    }
    for good in ["\\ud83d\\udca9", "\u{202e}", "\\u200f", "e\u{301}", "\\\"\\\\"] {
        let event = read_text(&spelt(&format!(",\"tenant\":\"{good}\""))).unwrap();
        assert!(event.extensions.get("tenant").is_some());
    }
}

/// JSON may have in a payload what no text of ours may: it is handed on.
#[test]
fn an_unpaired_surrogate_in_a_payload_is_handed_on() {
    let event = read_text(&spelt(",\"data\":\"\\ud800\"")).unwrap();
    assert_eq!(event.payload.as_json().unwrap().as_str(), "\"\\ud800\"");
    assert!(event.to_cloud_event().ends_with("\"data\":\"\\ud800\"}"));
    // As a text it is none.
    let text = spelt(",\"datacontenttype\":\"text/plain\",\"data\":\"\\ud800\"");
    assert_eq!(refused_at(&text).as_deref(), Some("data"));
}

#[test]
fn a_name_that_is_none_is_refused_and_not_told() {
    let long = "x".repeat(21);
    for bad in ["Tenant", "te nant", "te-nant", "te_nant", "t\\u00e9nant", "", "Data", "ID", &long]
    {
        let error = read_text(&spelt(&format!(",\"{bad}\":\"\""))).unwrap_err();
        assert_eq!(error.field(), ".", "{bad}");
        assert!(bad.is_empty() || !error.to_string().contains(bad), "{error}");
    }
    assert!(read(&with(&"x".repeat(20), json!(""))).is_ok());
}

#[test]
fn a_seventeenth_extension_is_refused() {
    let extensions = |count: usize| {
        let all: Vec<_> = (0..count).map(|n| format!(",\"x{n}\":\"\"")).collect();
        read_text(&spelt(&all.concat()))
    };
    assert_eq!(extensions(16).unwrap().extensions.len(), 16);
    assert!(extensions(17).is_err());
    assert_eq!(extensions(1_000).unwrap_err().field(), ".");
    assert_eq!(read(&with("tenant", json!("x".repeat(1025)))).unwrap_err().field(), "tenant");
}

#[test]
fn an_extension_is_a_text_an_integer_or_a_boolean() {
    for (value, text) in
        [("-12", "-12"), ("true", "true"), ("false", "false"), ("\"\"", ""), ("0", "0")]
    {
        let event = read_text(&spelt(&format!(",\"tenant\":{value}"))).unwrap();
        assert_eq!(event.extensions.get("tenant"), Some(text));
    }
    for bad in ["1.5", "1e3", "[]", "{}", "[1]"] {
        let document = spelt(&format!(",\"tenant\":{bad}"));
        assert_eq!(refused_at(&document).as_deref(), Some("tenant"), "{bad}");
    }
}

#[test]
fn a_version_is_an_integer_from_one_on() {
    for (value, version) in
        [("1", 1), ("4294967295", u32::MAX), ("\"7\"", 7), ("\"007\"", 7), ("null", 1)]
    {
        let event = read_text(&spelt(&format!(",\"eventversion\":{value}"))).unwrap();
        assert_eq!(event.version.get(), version, "{value}");
    }
    for bad in [
        "0",
        "-1",
        "1.5",
        "1e3",
        "4294967296",
        "\"\"",
        "\"+1\"",
        "\" 1\"",
        "\"0\"",
        "true",
        "[1]",
        "\"x\"",
    ] {
        let document = spelt(&format!(",\"eventversion\":{bad}"));
        assert_eq!(refused_at(&document).as_deref(), Some("eventversion"), "{bad}");
    }
}

#[test]
fn the_specification_s_version_is_one() {
    for bad in [json!("1.0 "), json!("1"), json!("0.3"), json!(1.0), json!(""), json!(["1.0"])] {
        assert_eq!(
            read(&with("specversion", bad.clone())).unwrap_err().field(),
            "specversion",
            "{bad}"
        );
    }
}

#[test]
fn numbers_are_kept_byte_for_byte() {
    let long = "9".repeat(400);
    for number in [&long, "1e400", "-0", "0.10000000000000000000000000001", "1E+2"] {
        let event = read_text(&spelt(&format!(",\"data\": {number} "))).unwrap();
        assert_eq!(event.payload.as_json().unwrap().as_str(), number);
        assert!(event.to_cloud_event().ends_with(&format!("\"data\":{number}}}")));
    }
}

#[test]
fn a_payload_that_is_too_large_is_refused() {
    let json = spelt(&format!(",\"data\":\"{}\"", "x".repeat(PAYLOAD_MAX - 1)));
    assert_eq!(refused_at(&json).as_deref(), Some("data"));
    let base64 = "AAAA".repeat(PAYLOAD_MAX / 3 + 1);
    let bytes = spelt(&format!(",\"data_base64\":\"{base64}\""));
    assert_eq!(refused_at(&bytes).as_deref(), Some("data_base64"));
}

#[test]
fn a_content_type_that_is_none_is_told_as_such() {
    for bad in ["", "json", "text/", "text/pl\u{e9}in", &format!("a/{}", "x".repeat(127))] {
        for payload in [",\"data\":\"x\"", ",\"data_base64\":\"\""] {
            let document = spelt(&format!(",\"datacontenttype\":{}{payload}", json!(bad)));
            assert_eq!(refused_at(&document).as_deref(), Some("datacontenttype"), "{document}");
        }
    }
    assert_eq!(read(&with("datacontenttype", json!(1))).unwrap_err().field(), "datacontenttype");
}

/// Whatever is refused is told without its content: a stranger may have sent somebody's secrets.
#[test]
fn no_error_tells_content() {
    let secret = "s3cr3t";
    let documents = [
        spelt(&format!(",\"id\":\"{secret}\"")),
        spelt(&format!(",\"time\":\"{secret}\"")),
        spelt(&format!(",\"eventversion\":\"{secret}\"")),
        spelt(&format!(",\"data_base64\":\"{secret}!\"")),
        spelt(&format!(",\"tenant\":[\"{secret}\"]")),
        spelt(&format!(",\"{secret}_\":1")),
        spelt(&format!(",\"datacontenttype\":\"{secret}\",\"data\":\"\"")),
        spelt(&format!(",\"datacontenttype\":\"text/plain\",\"data\":[\"{secret}\"]")),
        spelt(&format!(",\"partitionkey\":\"{secret}\\n\"")),
        format!("{{\"specversion\":\"{secret}\"}}"),
        secret.to_owned(),
    ];
    for document in documents {
        let error = read_text(&document).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
    }
}
