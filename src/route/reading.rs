//! From a text to a document, as far as it can be read.

use serde_json::value::RawValue;

use super::document::{
    DualWriteDocument, FORMAT, FollowDocument, HeaderDocument, MirrorDocument, OverrideDocument,
    PathDocument, RULES_MAX, RuleDocument, SecretDocument, ShareDocument, StickyDocument,
    TableDocument, TargetDocument, VERSION,
};
use super::field::Field;
use super::object::{Fields, Object, value, whole};
use super::problems::Problems;
use super::{Place, ProblemKind};
use crate::error::JsonError;

/// The document in a text, and what of it cannot be read.
pub(super) fn read(text: &str) -> (TableDocument, Problems) {
    let mut problems = Problems::default();
    let document = match serde_json::from_str::<Fields<'_>>(text) {
        Ok(fields) => table(fields, &mut problems),
        Err(error) => {
            // Nothing of it is quoted: where it is a document in a text, its secret would be.
            let cause = JsonError::from(error).to_string();
            problems.note(Place::whole(), ProblemKind::Foreign { cause });
            None
        }
    };
    (document.unwrap_or_default(), problems)
}

/// None if it is no such document, or a later one.
fn table(fields: Fields<'_>, problems: &mut Problems) -> Option<TableDocument> {
    let format = fields.0.iter().find(|(name, _)| name == "format");
    let format = format.and_then(|(_, raw)| serde_json::from_str::<String>(raw.get()).ok());
    if format.as_deref() != Some(FORMAT) {
        let cause = "its format is another".to_owned();
        problems.note(Place::whole(), ProblemKind::Foreign { cause });
        return None;
    }
    let mut object = Object::new(fields, Place::whole(), problems);
    let _ = object.take("format");
    version(&mut object, problems)?;
    let salt = object.value("salt", problems);
    let table = TableDocument {
        salt: object.must("salt", salt, problems),
        default: object.word("default", problems),
        header: object.object("override", problems, header),
        rules: rules(&mut object, problems),
    };
    object.end(problems);
    Some(table)
}

/// None if the version is a later one.
fn version(object: &mut Object<'_>, problems: &mut Problems) -> Option<()> {
    let Some((raw, place)) = object.take("version") else {
        problems.note(Place::field("version"), ProblemKind::Missing);
        return Some(());
    };
    let is_whole = raw.get().bytes().all(|byte| byte.is_ascii_digit());
    let found = if is_whole {
        // However large it is.
        Field::Read(raw.get().parse().unwrap_or(u64::MAX))
    } else {
        value(raw, place.clone(), problems)
    };
    match found.read() {
        Some(&found) if found > VERSION => {
            problems.note(place, ProblemKind::Newer { found });
            return None;
        }
        Some(0) => problems.note(place, ProblemKind::NoVersion),
        _ => {}
    }
    Some(())
}

fn rules(object: &mut Object<'_>, problems: &mut Problems) -> Vec<(usize, RuleDocument)> {
    let Some((raw, place)) = object.take("rules") else {
        problems.note(Place::field("rules"), ProblemKind::Missing);
        return Vec::new();
    };
    let list: Vec<&RawValue> = match serde_json::from_str(raw.get()) {
        Ok(list) => list,
        Err(error) => {
            problems.unreadable(place, &error);
            return Vec::new();
        }
    };
    if list.len() > RULES_MAX {
        problems.note(place, ProblemKind::TooMuch(RULES_MAX as u64));
        return Vec::new();
    }
    let each = list.into_iter().enumerate();
    let read = each.filter_map(|(at, raw)| {
        Some((at, whole(raw, Place::rule(at, ""), problems, rule).required()?))
    });
    read.collect()
}

fn header(object: &mut Object<'_>, problems: &mut Problems) -> OverrideDocument {
    let name = object.value("header", problems);
    OverrideDocument {
        header: object.must("header", name, problems),
        allow: object.list("allow", problems, value),
        secret: object.object("secret", problems, |object, problems| {
            let (header, secret) =
                (object.value("header", problems), object.value("value", problems));
            SecretDocument {
                header: object.must("header", header, problems),
                value: object.must("value", secret, problems),
            }
        }),
    }
}

fn rule(object: &mut Object<'_>, problems: &mut Problems) -> RuleDocument {
    let name = object.value("name", problems);
    let name = object.must("name", name, problems);
    let to = object.take("to").map_or(Field::Absent, |(raw, place)| target(raw, place, problems));
    let to = object.must("to", to, problems);
    RuleDocument {
        name,
        salt: object.value("salt", problems),
        path: object.take("path").map_or(Field::Absent, |(raw, at)| path(raw, at, problems)),
        encoded_slashes: object.value("encoded_slashes", problems),
        parameters: object.value("parameters", problems),
        methods: object.list("methods", problems, value),
        host: object.value("host", problems),
        headers: object.list("headers", problems, |raw, place, problems| {
            whole(raw, place, problems, condition)
        }),
        when: object.value("when", problems),
        takes_override: object.value("override", problems),
        to,
        fallback: object.value("fallback", problems),
        stale_fallback: object.value("stale_fallback", problems),
        deadline_ms: object.value("deadline_ms", problems),
        mirror: object.object("mirror", problems, |object, problems| {
            let basis_points = object.value("basis_points", problems);
            MirrorDocument { basis_points: object.must("basis_points", basis_points, problems) }
        }),
        dual_write: object.object("dual_write", problems, |object, problems| {
            let ids = object.word("ids", problems);
            let ids = object.must("ids", ids, problems);
            DualWriteDocument { ids, strict: object.value("strict", problems) }
        }),
    }
}

fn path(raw: &RawValue, place: Place, problems: &mut Problems) -> Field<PathDocument> {
    let Some(mut object) = Object::read(raw, place.clone(), problems) else {
        return Field::Wrong;
    };
    let [exact, prefix, template] =
        ["exact", "prefix", "template"].map(|name| object.value(name, problems));
    let is_known = object.is_empty();
    object.end(problems);
    match (exact, prefix, template) {
        (exact, Field::Absent, Field::Absent) if !exact.is_absent() => {
            exact.map(PathDocument::Exact)
        }
        (Field::Absent, prefix, Field::Absent) if !prefix.is_absent() => {
            prefix.map(PathDocument::Prefix)
        }
        (Field::Absent, Field::Absent, template) if !template.is_absent() => {
            template.map(PathDocument::Template)
        }
        _ => {
            if is_known {
                problems.note(place, ProblemKind::PathForm);
            }
            Field::Wrong
        }
    }
}

fn condition(object: &mut Object<'_>, problems: &mut Problems) -> HeaderDocument {
    let name = object.value("name", problems);
    HeaderDocument {
        name: object.must("name", name, problems),
        equals: object.value("equals", problems),
        begins: object.value("begins", problems),
        present: object.value("present", problems),
        is_more: !object.is_empty(),
    }
}

fn target(raw: &RawValue, place: Place, problems: &mut Problems) -> Field<TargetDocument> {
    match serde_json::from_str::<String>(raw.get()).as_deref() {
        Ok("legacy") => return Field::Read(TargetDocument::Legacy),
        Ok("modern") => return Field::Read(TargetDocument::Modern),
        Ok(_) => {
            problems.note(place, ProblemKind::Target);
            return Field::Wrong;
        }
        Err(_) => {}
    }
    let Some(mut object) = Object::read(raw, place.clone(), problems) else {
        return Field::Wrong;
    };
    let share = object.object("share", problems, |object, problems| {
        let basis_points = object.value("basis_points", problems);
        let basis_points = object.must("basis_points", basis_points, problems);
        ShareDocument { basis_points, sticky: object.object("sticky", problems, sticky) }
    });
    let follow = object.object("follow", problems, |object, problems| {
        let migration = object.value("migration", problems);
        let migration = object.must("migration", migration, problems);
        FollowDocument { migration, sticky: object.object("sticky", problems, sticky) }
    });
    let aggregate: Field<String> = object.value("aggregate", problems);
    let is_known = object.is_empty();
    object.end(problems);
    match (share, follow, aggregate) {
        (share, Field::Absent, Field::Absent) if !share.is_absent() => {
            share.map(TargetDocument::Share)
        }
        (Field::Absent, follow, Field::Absent) if !follow.is_absent() => {
            follow.map(TargetDocument::Follow)
        }
        (Field::Absent, Field::Absent, aggregate) if !aggregate.is_absent() => {
            Field::Read(TargetDocument::Aggregate(aggregate))
        }
        _ => {
            if is_known {
                problems.note(place, ProblemKind::Target);
            }
            Field::Wrong
        }
    }
}

fn sticky(object: &mut Object<'_>, problems: &mut Problems) -> StickyDocument {
    StickyDocument {
        header: object.value("header", problems),
        cookie: object.value("cookie", problems),
        capture: object.value("capture", problems),
        address: object.value("address", problems),
        form: object.word("as", problems),
        is_more: !object.is_empty(),
    }
}
