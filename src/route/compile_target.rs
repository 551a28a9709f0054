//! Where a rule goes, judged.

use smol_str::SmolStr;

use super::compile::checked_token;
use super::document::{FollowDocument, ShareDocument, StickyDocument, TargetDocument};
use super::field::Field;
use super::pattern::PathPattern;
use super::problems::Problems;
use super::sticky::{Sticky, StickyPlace};
use super::target::Target;
use super::{KeyForm, Place, ProblemKind};
use crate::phase::{MigrationName, Salt, Share, Side, name};

pub(super) struct Reader<'d> {
    pub(super) at: Place,
    /// The rule's, if it is right.
    pub(super) pattern: Option<&'d PathPattern>,
    pub(super) salt: Salt,
}

pub(super) fn share(basis_points: u64) -> Result<Share, ProblemKind> {
    let share = u16::try_from(basis_points).ok().and_then(Share::new);
    share.ok_or(ProblemKind::TooMuch(10_000))
}

impl Reader<'_> {
    fn place(&self, field: &str) -> Place {
        self.at.clone().below(field)
    }

    pub(super) fn target(
        &self,
        document: &TargetDocument,
        problems: &mut Problems,
    ) -> Option<Target> {
        match document {
            TargetDocument::Legacy => Some(Target::Side(Side::Legacy)),
            TargetDocument::Modern => Some(Target::Side(Side::Modern)),
            TargetDocument::Aggregate(name) => {
                let name = name.judge(self.place("aggregate"), problems, |name| {
                    name::checked(name).map_err(ProblemKind::Name)
                });
                name.required().map(Target::Aggregate)
            }
            TargetDocument::Share(document) => self.share(document, problems),
            TargetDocument::Follow(document) => self.follow(document, problems),
        }
    }

    fn share(&self, document: &ShareDocument, problems: &mut Problems) -> Option<Target> {
        let place = self.place("share.basis_points");
        let share = document.basis_points.judge(place, problems, |points| share(*points));
        let place = self.place("share.sticky");
        if document.sticky.is_absent() {
            problems.note(place, ProblemKind::NoSticky);
            return None;
        }
        let sticky = document.sticky.read()?;
        let place = self.key_place(sticky, &place, problems);
        let form = sticky.form.clone().or(KeyForm::Bytes);
        let sticky = Sticky { place: place?, form: form?, salt: self.salt };
        Some(Target::Share { share: share.required()?, sticky })
    }

    fn follow(&self, document: &FollowDocument, problems: &mut Problems) -> Option<Target> {
        let place = self.place("follow.migration");
        let migration: Option<MigrationName> = document
            .migration
            .judge(place, problems, |name| name.parse().map_err(ProblemKind::Name))
            .required();
        if document.sticky.is_absent() {
            return Some(Target::Follow { migration: migration?, sticky: None });
        }
        let (place, form) = self.migration_key(document.sticky.read()?, problems)?;
        let migration = migration?;
        let sticky = Some(Sticky { place, form, salt: Salt::of(migration.as_str()) });
        Some(Target::Follow { migration, sticky })
    }

    /// The key of a migration's records, in the buckets of its repository.
    fn migration_key(
        &self,
        document: &StickyDocument,
        problems: &mut Problems,
    ) -> Option<(StickyPlace, KeyForm)> {
        let at = self.place("follow.sticky");
        let place = self.key_place(document, &at, problems);
        if matches!(place, Some(StickyPlace::Address)) {
            problems.note(at, ProblemKind::AddressKey);
            return None;
        }
        if document.form.is_absent() {
            problems.note(at, ProblemKind::NoForm);
        }
        Some((place?, document.form.clone().required()?))
    }

    /// Where a key is, if it is in one place.
    fn key_place(
        &self,
        document: &StickyDocument,
        place: &Place,
        problems: &mut Problems,
    ) -> Option<StickyPlace> {
        use Field::Absent;
        let StickyDocument { header, cookie, capture, address, form, .. } = document;
        let below = |field: &str| place.clone().below(field);
        let is_there = |field: &Field<String>| !field.is_absent();
        match (header, cookie, capture, address.flag()) {
            (name, Absent, Absent, Some(false)) if is_there(name) => {
                let name = name.judge(below("header"), problems, |name| checked_token(name));
                name.required().map(|name| StickyPlace::Header(name.into()))
            }
            (Absent, name, Absent, Some(false)) if is_there(name) => {
                let name = name.judge(below("cookie"), problems, |name| {
                    checked_token(name).map(|_| SmolStr::new(name))
                });
                name.required().map(StickyPlace::Cookie)
            }
            (Absent, Absent, name, Some(false)) if is_there(name) => {
                let pattern = self.pattern?;
                let at = name.judge(below("capture"), problems, |name| {
                    let at = pattern.captures().position(|capture| capture == name);
                    at.ok_or_else(|| ProblemKind::Capture(name.clone()))
                });
                at.required().map(StickyPlace::Capture)
            }
            (Absent, Absent, Absent, Some(true)) => {
                if !form.is_absent() {
                    problems.note(below("as"), ProblemKind::AddressForm);
                }
                Some(StickyPlace::Address)
            }
            (Absent, Absent, Absent, None) => None,
            _ if document.is_more => None,
            _ => {
                problems.note(place.clone(), ProblemKind::StickyPlace);
                None
            }
        }
    }
}
