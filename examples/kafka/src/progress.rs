/// How many lives are told apart.
const LIVES_MAX: usize = 16;

/// How far a group is in a partition: what is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    /// All before it is settled.
    pub(crate) offset: i64,
    /// From here on nothing is settled.
    pub(crate) done_to: i64,
    /// What is not settled between the two, from `offset` on.
    pub(crate) left: Vec<i64>,
    /// Up to which offset each life of the group has handed messages out, if not all of that is settled.
    pub(crate) marks: Vec<i64>,
}

impl Progress {
    /// Of a partition of which nothing was handed out yet.
    pub(crate) fn at(offset: i64) -> Self {
        Self { offset, done_to: offset, left: Vec::new(), marks: Vec::new() }
    }

    /// How often a message was handed out before, at least: each life hands out from the front.
    pub(crate) fn before(&self, offset: i64) -> u32 {
        let lives = self.marks.iter().filter(|mark| **mark >= offset).count();
        u32::try_from(lives).unwrap_or(u32::MAX)
    }

    /// The text that goes with the offset: `1;done_to;left;marks`, in steps.
    pub(crate) fn to_text(&self) -> String {
        let mut last = self.offset;
        let steps = self.left.iter().map(|offset| offset - std::mem::replace(&mut last, *offset));
        let mut marks: Vec<_> = self.marks.iter().map(|mark| mark - self.offset).collect();
        marks.retain(|mark| *mark >= 0);
        marks.sort_unstable_by(|one, other| other.cmp(one));
        marks.truncate(LIVES_MAX);
        format!("1;{};{};{}", self.done_to - self.offset, joined(steps), joined(marks))
    }

    /// What a group has committed. A text of something else tells nothing.
    pub(crate) fn from_text(offset: i64, text: &str) -> Self {
        Self::read(offset, text).unwrap_or_else(|| Self::at(offset))
    }

    fn read(offset: i64, text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("1;")?.split(';');
        let done_to = offset.checked_add(parts.next()?.parse().ok()?)?;
        let mut left = numbers(parts.next()?)?;
        let mut last = offset;
        for step in &mut left {
            last = last.checked_add(*step)?;
            *step = last;
        }
        let mut marks = numbers(parts.next()?)?;
        for mark in &mut marks {
            *mark = mark.checked_add(offset)?;
        }
        Some(Self { offset, done_to, left, marks })
    }
}

fn joined(numbers: impl IntoIterator<Item = i64>) -> String {
    let numbers: Vec<_> = numbers.into_iter().map(|number| number.to_string()).collect();
    numbers.join(",")
}

fn numbers(text: &str) -> Option<Vec<i64>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let parsed = text.split(',').map(|number| number.parse().ok().filter(|number| *number >= 0));
    parsed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let progress = Progress {
            offset: 100,
            done_to: 112,
            left: vec![100, 103, 111],
            marks: vec![120, 104],
        };
        assert_eq!(progress.to_text(), "1;12;0,3,8;20,4");
        assert_eq!(Progress::from_text(100, &progress.to_text()), progress);
        let fresh = Progress::at(7);
        assert_eq!(Progress::from_text(7, &fresh.to_text()), fresh);
    }

    #[test]
    fn lives_are_counted_from_the_front_and_not_without_end() {
        let progress = Progress { marks: vec![9, 5, 2], ..Progress::at(4) };
        let again = Progress::from_text(4, &progress.to_text());
        assert_eq!([4, 5, 6, 9, 10].map(|offset| again.before(offset)), [2, 2, 1, 1, 0]);
        let many = Progress { marks: (0..99).collect(), ..Progress::at(0) };
        assert_eq!(Progress::from_text(0, &many.to_text()).marks.len(), LIVES_MAX);
    }

    #[test]
    fn what_something_else_wrote_tells_nothing() {
        for text in ["", "2;1;;", "1;", "1;x;;", "1;3;1,,;", "1;3;-1;", "1;3;;9223372036854775807"]
        {
            assert_eq!(Progress::from_text(5, text), Progress::at(5), "{text}");
        }
    }

    #[test]
    fn the_worst_fits() {
        let left = (0..200).map(|n| n * 1_000_000).collect();
        let marks = vec![i64::MAX >> 8; 99];
        let worst = Progress { offset: 0, done_to: 200_000_000, left, marks };
        assert!(worst.to_text().len() <= 4096, "{}", worst.to_text().len());
    }
}
