//! What a table's document means, written down again: as a list, read from the front, slowly, from the JSON itself.

use serde_json::Value;
use strangler_fig::route::{Reason, RequestHead, RequestMeta, RouteTable};

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its path can be read in several ways.
    NotPlain,
    /// No rule is for it.
    Nobody,
    /// This one is, counted from 0, and its template captures these.
    Rule(usize, Vec<(String, String)>),
}

/// What a table says, in the same words.
///
/// # Panics
///
/// If what was captured is not in the path.
#[must_use]
pub fn decided(table: &RouteTable, request: &RequestHead) -> Verdict {
    let decision = table.decide(request);
    let Some(rule) = decision.rule else {
        let is_plain = decision.reason != Reason::PathNotPlain;
        return if is_plain { Verdict::Nobody } else { Verdict::NotPlain };
    };
    let at = table.rules().position(|it| it.name() == rule.name()).expect("it is one of them");
    let capture = |name: &str| {
        let captured = decision.capture(request.path(), name).expect("it lies in the path");
        (name.to_owned(), captured.to_owned())
    };
    Verdict::Rule(at, rule.captures().map(capture).collect())
}

/// The first rule of a document, of those that were accepted, for a request.
#[must_use]
pub fn first(document: &Value, request: &RequestHead) -> Verdict {
    let no_rules = Vec::new();
    let rules = document["rules"].as_array().unwrap_or(&no_rules);
    let is_asterisk = request.path() == "*" && request.method() == "OPTIONS";
    let path = plain(request.path());
    if path.is_none() && !is_asterisk {
        return Verdict::NotPlain;
    }
    for (at, rule) in rules.iter().enumerate() {
        let captures = match (&path, rule.get("path").filter(|pattern| !pattern.is_null())) {
            (_, None) => Some(Vec::new()),
            (None, Some(_)) => None,
            (Some(path), Some(pattern)) => captured(pattern, path),
        };
        let has = |mark| path.iter().flatten().any(|segment| segment.meant.contains(mark));
        let allows = |field: &str| rule[field].as_bool() == Some(true);
        let is_allowed =
            (allows("encoded_slashes") || !has('/')) && (allows("parameters") || !has(';'));
        let is_for = is_for_rest(rule, request) && is_allowed;
        if let Some(captures) = captures.filter(|_| is_for) {
            return Verdict::Rule(at, captures);
        }
    }
    match path {
        Some(path) if path.iter().any(|segment| segment.meant.contains(['/', ';'])) => {
            Verdict::NotPlain
        }
        _ => Verdict::Nobody,
    }
}

/// A segment, as it was sent and as it is meant.
#[derive(Debug, Clone)]
pub struct Segment {
    /// With its escapes.
    pub sent: String,
    /// Without.
    pub meant: String,
}

const ALLOWED: &str =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@%/";

/// The segments of a path that can be read in one way.
#[must_use]
pub fn plain(path: &str) -> Option<Vec<Segment>> {
    if path.len() > 8_192 || !path.chars().all(|character| ALLOWED.contains(character)) {
        return None;
    }
    let sent: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let is_empty_inside = sent[..sent.len() - 1].iter().any(|segment| segment.is_empty());
    if sent.len() > 64 || is_empty_inside {
        return None;
    }
    let segment = |sent: &str| {
        let meant = undone(sent)?;
        let is_control = |character: char| character.is_ascii_control() || character == '\\';
        // As it would be read if escaped slashes were boundaries, and parameters left out.
        let names = meant.split('/').map(|part| part.split(';').next().unwrap_or_default());
        let is_name = |name: &str| !["", ".", ".."].contains(&name);
        let is_clear = sent.is_empty() || names.into_iter().all(is_name);
        // Undone once more it would be another.
        let is_doubled = meant.match_indices('%').any(|(at, _)| {
            let digits = meant.as_bytes().get(at + 1..at + 3);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        });
        if !is_clear || meant.contains(is_control) || is_doubled {
            return None;
        }
        Some(Segment { sent: sent.to_owned(), meant })
    };
    sent.into_iter().map(segment).collect()
}

fn undone(sent: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = sent;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let digits = after.get(..2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &after[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}

fn captured(pattern: &Value, path: &[Segment]) -> Option<Vec<(String, String)>> {
    let text = |name: &str| pattern.get(name).and_then(Value::as_str);
    if text("prefix") == Some("/") {
        return Some(Vec::new());
    }
    let pieces = |text: &str| -> Vec<String> { text[1..].split('/').map(str::to_owned).collect() };
    if let Some(prefix) = text("prefix") {
        let pieces = pieces(prefix);
        let begins = pieces.len() <= path.len();
        let same =
            pieces.iter().zip(path).all(|(piece, it)| undone(piece).as_ref() == Some(&it.meant));
        return (begins && same).then(Vec::new);
    }
    let template = text("template").or(text("exact"))?;
    let pieces = pieces(template);
    if pieces.len() != path.len() {
        return None;
    }
    let mut captures = Vec::new();
    for (piece, segment) in pieces.iter().zip(path) {
        let name = piece.strip_prefix('{').and_then(|piece| piece.strip_suffix('}'));
        match name {
            Some(name) if !segment.meant.is_empty() => {
                captures.push((name.to_owned(), segment.sent.clone()));
            }
            None if undone(piece).as_ref() == Some(&segment.meant) => {}
            _ => return None,
        }
    }
    Some(captures)
}

/// All but its path.
fn is_for_rest(rule: &Value, request: &RequestHead) -> bool {
    let methods = rule["methods"].as_array();
    let is_method = methods.is_none_or(|all| all.iter().any(|it| it == request.method()));
    let host = rule["host"].as_str();
    let is_host = host.is_none_or(|pattern| {
        request
            .host()
            .is_some_and(|host| is_host(&pattern.to_ascii_lowercase(), &host.to_ascii_lowercase()))
    });
    let no_headers = Vec::new();
    let headers = rule["headers"].as_array().unwrap_or(&no_headers);
    is_method && is_host && headers.iter().all(|condition| meets(condition, request))
}

fn is_host(pattern: &str, host: &str) -> bool {
    let host = host.split('@').next_back().unwrap_or_default();
    let host = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    if let Some(address) = address(pattern) {
        return Some(address) == self::address(host);
    }
    match pattern.strip_prefix('*') {
        Some(ending) => host.len() > ending.len() && host.ends_with(ending),
        None => host == pattern,
    }
}

fn address(text: &str) -> Option<std::net::Ipv6Addr> {
    text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

fn meets(condition: &Value, request: &RequestHead) -> bool {
    let name = condition["name"].as_str().unwrap_or_default();
    let mut values = Vec::new();
    request.each_header(name, &mut |value| values.push(value.to_vec()));
    let only = if let [only] = values.as_slice() { Some(only.as_slice()) } else { None };
    let text = |field: &str| condition[field].as_str().map(str::as_bytes);
    match (condition["present"].as_bool(), text("equals"), text("begins")) {
        (Some(is_present), _, _) => values.is_empty() != is_present,
        (_, Some(value), _) => only == Some(value),
        (_, _, Some(start)) => only.is_some_and(|value| value.starts_with(start)),
        _ => false,
    }
}
