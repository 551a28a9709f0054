//! A small set of operations.

/// A small set of operations, sorted, so that equal sets compare equal.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct IdSet(Vec<usize>);

impl IdSet {
    pub(super) fn contains(&self, id: usize) -> bool {
        self.0.binary_search(&id).is_ok()
    }

    pub(super) fn insert(&mut self, id: usize) {
        if let Err(position) = self.0.binary_search(&id) {
            self.0.insert(position, id);
        }
    }

    /// Removes `id` and tells whether it was there.
    pub(super) fn remove(&mut self, id: usize) -> bool {
        let found = self.0.binary_search(&id);
        if let Ok(position) = found {
            self.0.remove(position);
        }
        found.is_ok()
    }

    pub(super) fn is_subset_of(&self, other: &Self) -> bool {
        self.0.len() <= other.0.len() && self.iter().all(|id| other.contains(id))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().copied()
    }
}
