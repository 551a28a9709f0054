use super::{Place, Problem, ProblemKind, RouteError};
use crate::error::in_one_line;

/// The most characters of a text that an error repeats.
const TOLD_MAX: usize = 160;

/// Problems as they are found.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn note(&mut self, place: Place, kind: ProblemKind) {
        self.0.push(Problem { place, kind });
    }

    /// What was read, if it could be.
    pub(super) fn take<T>(&mut self, place: Place, read: Result<T, ProblemKind>) -> Option<T> {
        read.map_err(|kind| self.note(place, kind)).ok()
    }

    /// Without the line and the column, which are those of a part; and without a word of a secret.
    pub(super) fn unreadable(&mut self, place: Place, error: &serde_json::Error) {
        if place.may_hold_secret() {
            return self.note(place, ProblemKind::UnreadableSecret);
        }
        let text = error.to_string();
        let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
        let text: String = text.chars().take(TOLD_MAX).collect();
        self.note(place, ProblemKind::Unreadable(in_one_line(&text)));
    }

    /// Whether it is no document of a table, or a later one, and judged no further.
    pub(super) fn is_foreign(&self) -> bool {
        let is_foreign = |kind: &ProblemKind| {
            matches!(kind, ProblemKind::Foreign { .. } | ProblemKind::Newer { .. })
        };
        self.0.iter().any(|problem| is_foreign(&problem.kind))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, those of the whole table first, then in the order of the rules.
    pub(super) fn into_error(self) -> RouteError {
        let mut problems = self.0;
        problems.sort_by_key(|problem| problem.place.of_rule());
        RouteError::new(problems)
    }
}
