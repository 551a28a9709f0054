//! One rule of a document, judged.

use std::time::Duration;

use super::compile::{checked_salt, checked_token};
use super::condition::{HeaderCondition, HeaderTest, Named, is_start, is_value};
use super::document::{HeaderDocument, PathDocument, RuleDocument, TargetDocument};
use super::field::{Field, Noted};
use super::host::HostPattern;
use super::method::{self, MethodSet};
use super::pattern::{PathPattern, PatternFault};
use super::problems::Problems;
use super::rule::{DualWrite, Net};
use super::table::DEADLINE;
use super::{Place, Predicates, ProblemKind, Rule, compile_target};
use crate::phase::{Salt, Share, name};

/// The most methods, and the most conditions on headers, of a rule.
const LIST_MAX: usize = 32;
/// The longest deadline, in milliseconds: an hour.
const DEADLINE_MAX: u64 = 3_600_000;

pub(super) struct Reader<'d> {
    pub(super) at: usize,
    pub(super) document: &'d RuleDocument,
    pub(super) predicates: &'d Predicates,
    pub(super) may_override: bool,
}

impl Reader<'_> {
    fn place(&self, field: &str) -> Place {
        Place::rule(self.at, field)
    }

    /// The rule; none if something is wrong with it. What is wrong keeps nothing from being judged that does
    /// not need it.
    pub(super) fn rule(&self, salt: &str, problems: &mut Problems) -> Option<Rule> {
        let document = self.document;
        let name = document.name.judge(self.place("name"), problems, |name| {
            name::checked(name).map_err(ProblemKind::Name)
        });
        let pattern = self.pattern(problems);
        let methods = self.methods(problems);
        let host = document.host.judge(self.place("host"), problems, |text| {
            HostPattern::parse(text).ok_or_else(|| ProblemKind::Host(text.clone()))
        });
        let headers = self.headers(problems);
        let when = self.when(problems);
        let salt = self.salt(salt, problems);
        let target = document.to.read().and_then(|to| {
            let reader =
                compile_target::Reader { at: self.place("to"), pattern: pattern.as_ref(), salt };
            reader.target(to, problems)
        });
        self.check_options(methods.as_ref(), problems);
        let deadline = self.deadline(problems);
        let mirror = self.mirror(problems);
        let dual_write = document.dual_write.read().map(|dual_write| {
            let (ids, is_strict) = (dual_write.ids.read(), dual_write.strict.flag());
            ids.zip(is_strict).map(|(ids, is_strict)| DualWrite { ids: *ids, is_strict })
        });
        Some(Rule {
            name: name.required()?,
            pattern: pattern?,
            has_encoded_slashes: document.encoded_slashes.flag()?,
            has_parameters: document.parameters.flag()?,
            methods: methods?,
            host: host.optional().ok()?,
            headers: headers?,
            when: when.optional().ok()?,
            takes_override: document.takes_override.flag()?,
            net: match (document.fallback.clone().or(true)?, document.stale_fallback.flag()?) {
                (false, _) => Net::None,
                (_, false) => Net::Fresh,
                (_, true) => Net::Stale,
            },
            deadline: deadline?,
            mirror: mirror.ok()?,
            dual_write: match dual_write {
                Some(read) => Some(read?),
                None => None,
            },
            target: target?,
        })
    }

    fn pattern(&self, problems: &mut Problems) -> Option<PathPattern> {
        let document = self.document;
        let field = match document.path.read() {
            None => "path",
            Some(PathDocument::Exact(_)) => "path.exact",
            Some(PathDocument::Prefix(_)) => "path.prefix",
            Some(PathDocument::Template(_)) => "path.template",
        };
        let is_refused = |flag: &Field<bool>| flag.flag() == Some(false);
        let pattern = document.path.judge(self.place(field), problems, |path| {
            let read = match path {
                PathDocument::Exact(text) => PathPattern::exact(text),
                PathDocument::Prefix(text) => PathPattern::prefix(text),
                PathDocument::Template(text) => PathPattern::template(text),
            };
            let pattern = read.map_err(ProblemKind::Path)?;
            if pattern.has_literal_with(b'/') && is_refused(&document.encoded_slashes) {
                return Err(ProblemKind::Path(PatternFault::EncodedSlash));
            }
            if pattern.has_literal_with(b';') && is_refused(&document.parameters) {
                return Err(ProblemKind::Path(PatternFault::Parameter));
            }
            Ok(pattern)
        });
        pattern.or(PathPattern::ANY)
    }

    fn methods(&self, problems: &mut Problems) -> Option<MethodSet> {
        let names =
            self.document.methods.judge(self.place("methods"), problems, |names| {
                match names.len() {
                    0 => Err(ProblemKind::Empty),
                    1..=LIST_MAX => Ok(names.clone()),
                    _ => Err(ProblemKind::TooMuch(LIST_MAX as u64)),
                }
            });
        let Some(names) = names.optional().ok()? else { return Some(MethodSet::All) };
        let mut methods = Some(MethodSet::none());
        for (at, name) in names.iter().enumerate() {
            let name = name.judge(self.place(&format!("methods[{at}]")), problems, |name| {
                let checked = method::checked(name).map(str::to_owned);
                checked.ok_or_else(|| ProblemKind::Method(name.clone()))
            });
            match (name.required(), &mut methods) {
                (Some(name), Some(methods)) => methods.add(&name),
                _ => methods = None,
            }
        }
        methods
    }

    fn headers(&self, problems: &mut Problems) -> Option<Vec<HeaderCondition>> {
        let documents = self.document.headers.judge(self.place("headers"), problems, |headers| {
            if headers.len() > LIST_MAX {
                return Err(ProblemKind::TooMuch(LIST_MAX as u64));
            }
            Ok(headers.clone())
        });
        let documents = documents.or(Vec::new())?;
        let count = documents.len();
        let mut read: Vec<HeaderCondition> = Vec::new();
        for (at, document) in documents.iter().enumerate() {
            let document = document.read();
            read.extend(document.and_then(|document| self.header(at, document, problems)));
        }
        let mut each = read.iter().enumerate();
        if each.any(|(at, one)| read[..at].iter().any(|it| it.excludes(one))) {
            problems.note(self.place("headers"), ProblemKind::Contradiction);
            return None;
        }
        (read.len() == count).then_some(read)
    }

    fn header(
        &self,
        at: usize,
        document: &HeaderDocument,
        problems: &mut Problems,
    ) -> Option<HeaderCondition> {
        let place = |field: &str| self.place(&format!("headers[{at}]")).below(field);
        let name = document.name.judge(place("name"), problems, |name| checked_token(name));
        let HeaderDocument { equals, begins, present, .. } = document;
        let mut value = |field: &str, text: &Field<String>, fits: fn(&str) -> bool| {
            let read = text.judge(place(field), problems, |text| {
                if fits(text) { Ok(text.as_bytes().into()) } else { Err(ProblemKind::HeaderValue) }
            });
            read.required()
        };
        let test = match (equals, begins, present) {
            (text, Field::Absent, Field::Absent) if !text.is_absent() => {
                value("equals", text, is_value).map(HeaderTest::Equals)
            }
            (Field::Absent, text, Field::Absent) if !text.is_absent() => {
                value("begins", text, is_start).map(HeaderTest::Begins)
            }
            (Field::Absent, Field::Absent, Field::Read(true)) => Some(HeaderTest::Present),
            (Field::Absent, Field::Absent, Field::Read(false)) => Some(HeaderTest::Absent),
            (Field::Absent, Field::Absent, Field::Wrong) => None,
            _ if document.is_more => None,
            _ => {
                problems.note(place(""), ProblemKind::HeaderTest);
                None
            }
        };
        Some(HeaderCondition { name: name.required()?.into(), test: test? })
    }

    fn when(&self, problems: &mut Problems) -> Field<Named> {
        self.document.when.judge(self.place("when"), problems, |name| {
            self.predicates.named(name).ok_or_else(|| ProblemKind::Predicate(name.clone()))
        })
    }

    /// Rules choose independently of each other, unless they name one salt.
    fn salt(&self, of_table: &str, problems: &mut Problems) -> Salt {
        let document = self.document;
        let _ = document.salt.judge(self.place("salt"), problems, |salt| checked_salt(salt));
        match (document.salt.read(), document.name.read()) {
            (Some(salt), _) => Salt::of(salt),
            // A rule without a name is none.
            (None, name) => Salt::of(&format!("{of_table}/{}", name.map_or("", |name| name))),
        }
    }

    fn deadline(&self, problems: &mut Problems) -> Option<Duration> {
        let place = self.place("deadline_ms");
        let read = self.document.deadline_ms.judge(place, problems, |millis| match millis {
            0 => Err(ProblemKind::Empty),
            1..=DEADLINE_MAX => Ok(Duration::from_millis(*millis)),
            _ => Err(ProblemKind::TooMuch(DEADLINE_MAX)),
        });
        read.or(DEADLINE)
    }

    fn mirror(&self, problems: &mut Problems) -> Result<Option<Share>, Noted> {
        let Some(document) = self.document.mirror.read() else {
            return if self.document.mirror.is_absent() { Ok(None) } else { Err(Noted) };
        };
        let place = self.place("mirror.basis_points");
        let read = document.basis_points.judge(place, problems, |points| match points {
            0 => Err(ProblemKind::Empty),
            points => compile_target::share(*points),
        });
        read.required().map(Some).ok_or(Noted)
    }

    /// That nothing is asked for which can never be; what is not known may be.
    fn check_options(&self, methods: Option<&MethodSet>, problems: &mut Problems) {
        let document = self.document;
        let to = document.to.read();
        let is = |test: fn(&TargetDocument) -> bool| to.map(test);
        let is_sided = is(|to| !matches!(to, TargetDocument::Aggregate(_)));
        let follows = is(|to| matches!(to, TargetDocument::Follow(_)));
        let is_share = is(|to| matches!(to, TargetDocument::Share(_)));
        let is_beside =
            is(|to| matches!(to, TargetDocument::Follow(_) | TargetDocument::Aggregate(_)));
        let goes_to_modern =
            is(|to| !matches!(to, TargetDocument::Legacy | TargetDocument::Aggregate(_)));
        let has_safe = methods.map(MethodSet::has_safe);
        let has_unsafe = methods.map(MethodSet::has_unsafe);
        let mut refuse = |field: &str, is_wrong: bool, kind: ProblemKind| {
            if is_wrong {
                problems.note(self.place(field), kind);
            }
        };
        let never = |may: Option<bool>| may == Some(false);
        let may_fall_back = both(goes_to_modern, has_safe);
        let falls_back = document.fallback.read() == Some(&true);
        refuse("fallback", falls_back && never(may_fall_back), ProblemKind::NoFallback);
        let may_be_stale = both(both(follows, may_fall_back), document.fallback.clone().or(true));
        let is_stale = document.stale_fallback.read() == Some(&true);
        refuse("stale_fallback", is_stale && never(may_be_stale), ProblemKind::NoStaleFallback);
        let may_mirror = both(is_sided, has_safe);
        let mirrors = !document.mirror.is_absent();
        refuse("mirror", mirrors && never(may_mirror), ProblemKind::NoMirror);
        let may_write = both(is_sided, has_unsafe);
        let writes = !document.dual_write.is_absent();
        refuse("dual_write", writes && never(may_write), ProblemKind::NoDualWrite);
        let strict = document.dual_write.read().and_then(|it| it.strict.read());
        let is_strict = strict == Some(&true);
        let by_phase = ProblemKind::StrictByPhase;
        refuse("dual_write.strict", is_strict && follows == Some(true), by_phase);
        let joins_unsafe = is_sided == Some(false) && has_unsafe == Some(true);
        refuse("methods", joins_unsafe, ProblemKind::UnsafeAggregate);
        let takes_override = document.takes_override.read() == Some(&true);
        let is_beside = is_beside == Some(true);
        refuse("override", takes_override && is_beside, ProblemKind::OverrideBeside);
        let is_lost = takes_override && !self.may_override;
        refuse("override", is_lost, ProblemKind::NoOverride);
        let is_salted = !document.salt.is_absent();
        refuse("salt", is_salted && never(is_share), ProblemKind::NoSalt);
    }
}

/// Whether both are so; none if nobody knows.
fn both(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}
