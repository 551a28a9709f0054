//! Tables of routes: whatever the document and the request, a table decides as its list of rules would, and so
//! does the table of what it is written as; how a path is spelled changes nothing.

use std::fmt::Write as _;

use serde_json::{Value, json};
use strangler_fig::route::{RequestHead, RouteTable};

use crate::reference::{self, Verdict};
use crate::source::Source;

/// What decides by a document.
pub trait Subject: Sized {
    /// By this one, if it is one.
    fn read(text: &str) -> Option<Self>;
    /// What becomes of a request.
    fn verdict(&self, request: &RequestHead) -> Verdict;
    /// The document again.
    fn text(&self) -> String;
}

impl Subject for RouteTable {
    fn read(text: &str) -> Option<Self> {
        match Self::from_document(text) {
            Ok(table) => {
                let warnings = table.warnings().iter().map(ToString::to_string);
                assert!(warnings.into_iter().all(|it| !it.is_empty()));
                Some(table)
            }
            Err(error) => {
                let told = error.problems().iter().all(|it| !it.place.to_string().is_empty());
                assert!(told && !error.problems().is_empty() && !error.to_string().is_empty());
                None
            }
        }
    }

    fn verdict(&self, request: &RequestHead) -> Verdict {
        reference::decided(self, request)
    }

    fn text(&self) -> String {
        self.to_document()
    }
}

/// Checks the crate's own table.
pub fn check(bytes: &[u8]) {
    check_with::<RouteTable>(bytes);
}

/// The same of another subject.
pub fn check_with<S: Subject>(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let text = match source.byte() {
        // A text up to a zero byte.
        b'T' => {
            let rest = source.rest();
            let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
            source = Source::new(rest.get(end + 1..).unwrap_or_default());
            String::from_utf8_lossy(&rest[..end]).into_owned()
        }
        _ => drawn(&mut source).to_string(),
    };
    let Some(subject) = S::read(&text) else { return };
    let list: Value = serde_json::from_str(&text).expect("it was read from JSON");
    let written = subject.text();
    let again = S::read(&written).expect("its own document");
    assert_eq!(again.text(), written);
    for request in source.many(8, request) {
        let head = request.head();
        let verdict = subject.verdict(&head);
        assert_eq!(verdict, reference::first(&list, &head), "{request:?} by {text}");
        assert_eq!(again.verdict(&head), verdict, "{request:?} by {written}");
        let twin = request.twin();
        if twin.path.len() <= 8_192 {
            assert_eq!(bare(subject.verdict(&twin.head())), bare(verdict), "{twin:?} by {text}");
        }
    }
}

/// A verdict without what was captured, in which the spelling shows.
fn bare(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Rule(at, _) => Verdict::Rule(at, Vec::new()),
        other => other,
    }
}

/// What a request is made of: a head shows less of it.
#[derive(Debug, Clone)]
struct Parts {
    method: &'static str,
    path: String,
    host: Option<String>,
    headers: Vec<(&'static str, &'static str)>,
}

impl Parts {
    fn head(&self) -> RequestHead {
        let mut head = RequestHead::new(self.method, &self.path);
        if let Some(host) = &self.host {
            head = head.with_host(host);
        }
        self.headers.iter().fold(head, |head, (name, value)| head.with_header(*name, *value))
    }

    /// The same with each letter and digit of its path escaped, but those of escapes.
    fn twin(&self) -> Self {
        let mut path = String::new();
        let mut of_escape = 0;
        for character in self.path.chars() {
            if of_escape == 0 && character.is_ascii_alphanumeric() {
                let _ = write!(path, "%{:02X}", u32::from(character));
            } else {
                path.push(character);
            }
            of_escape = if character == '%' { 2 } else { u32::saturating_sub(of_escape, 1) };
        }
        Self { path, ..self.clone() }
    }
}

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "OPTIONS", "PURGE", "get"];
const HEADERS: &[&str] = &["x", "y", "x-user"];
const PATHS: &[&str] = &[
    "/",
    "/a",
    "/a/",
    "/a/b",
    "/a%2Fb",
    "/%61",
    "/a/b/c",
    "/b",
    "/b/a",
    "/caf%C3%A9",
    "/a..b",
    "/a/..",
    "/a;v=1",
    "/..%2fa",
];
const TEMPLATES: &[&str] = &[
    "/{x}",
    "/a/{x}",
    "/{x}/b",
    "/{x}/{y}",
    "/{x}/",
    "/a/{x}/c",
    "/{x}/{y}/{z}",
    "/{x}/{x}",
    "/{x}a",
];
const HOSTS: &[&str] = &["shop", "*.shop", "a.shop", "*.a.shop", "[::1]", "shop:80"];
const VALUES: &[&str] = &["1", "12", "2", "a b", ""];

/// A document, most often one that can be.
fn drawn(source: &mut Source<'_>) -> Value {
    let mut number = 0;
    let rules = source.many(12, |source| {
        number += 1;
        rule(source, number)
    });
    json!({"format": "strangler-fig/route-table", "version": 1, "salt": "s", "rules": rules})
}

fn rule(source: &mut Source<'_>, number: u32) -> Value {
    let mut rule = json!({"name": format!("r{number}"), "to": "modern"});
    match source.byte() % 8 {
        0 => {}
        1 | 2 => rule["path"] = json!({"exact": source.one_of(PATHS)}),
        3 | 4 => rule["path"] = json!({"prefix": source.one_of(PATHS)}),
        5 | 6 => rule["path"] = json!({"template": source.one_of(TEMPLATES)}),
        _ => rule["path"] = json!({"exact": source.text()}),
    }
    let choices = source.byte();
    if choices & 1 != 0 {
        rule["methods"] = json!(source.many(3, |source| source.one_of(METHODS)));
    }
    if choices & 0b110 == 0b110 {
        rule["host"] = json!(source.one_of(HOSTS));
    }
    if choices & 0b1_1000 == 0b1_1000 {
        rule["headers"] = json!(source.many(2, condition));
    }
    if choices & 0b10_0000 != 0 {
        rule["encoded_slashes"] = json!(true);
    }
    if choices & 0b100_0000 != 0 {
        rule["parameters"] = json!(true);
    }
    rule
}

fn condition(source: &mut Source<'_>) -> Value {
    let name = source.one_of(HEADERS);
    match source.byte() % 4 {
        0 => json!({"name": name, "present": source.flag()}),
        1 => json!({"name": name, "begins": source.one_of(VALUES)}),
        _ => json!({"name": name, "equals": source.one_of(VALUES)}),
    }
}

fn request(source: &mut Source<'_>) -> Parts {
    let (method, path) = (source.one_of(METHODS), path(source));
    let host = source.flag().then(|| source.text());
    let headers = source.many(3, |source| (source.one_of(HEADERS), source.one_of(VALUES)));
    Parts { method, path, host, headers }
}

fn path(source: &mut Source<'_>) -> String {
    match source.byte() % 3 {
        0 => source.text(),
        1 => source.one_of(PATHS).to_owned(),
        _ => source.many(5, |source| source.one_of(PATHS)).concat(),
    }
}
