//! Every configuration that explains all responses so far.

use super::configuration::{Configuration, Response};
use super::open::OpenOperations;

/// Above this many configurations of one value, only like ones are merged:
/// comparing all pairs would cost more than it saves.
const PAIRWISE_MAX: usize = 256;

/// Every configuration that explains all responses so far; never empty.
#[derive(Debug)]
pub(super) struct Frontier {
    configurations: Vec<Configuration>,
}

impl Frontier {
    pub(super) fn starting_with(value: usize) -> Self {
        Self { configurations: vec![Configuration::starting_with(value)] }
    }

    pub(super) fn len(&self) -> usize {
        self.configurations.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Configuration> {
        self.configurations.iter()
    }

    /// `write` responds: it has taken effect in every configuration.
    pub(super) fn write(&mut self, write: Response, open: &OpenOperations) {
        let before = std::mem::take(&mut self.configurations).into_iter();
        let after = before.flat_map(|it| it.after_write(write, open)).flatten();
        self.configurations = pruned(after.collect());
    }

    /// `read` responds: keeps the configurations that serve it and tells
    /// whether there are any. If there are none, all stay as they were.
    pub(super) fn read(&mut self, read: Response, open: &OpenOperations) -> bool {
        let (mut serving, others): (Vec<_>, Vec<_>) =
            self.configurations.drain(..).partition(|it| it.serves(read));
        for configuration in &mut serving {
            configuration.forget_read(read.id);
        }
        serving.extend(others.iter().flat_map(|it| it.after_read(read, open)).flatten());
        let is_served = !serving.is_empty();
        self.configurations = if is_served { pruned(serving) } else { others };
        is_served
    }

    /// The open writes that have taken effect in every configuration.
    pub(super) fn taken_by_all(&self) -> Vec<usize> {
        let Some((first, others)) = self.configurations.split_first() else {
            return Vec::new();
        };
        let by_all = |id: &usize| others.iter().all(|other| other.taken.contains(*id));
        first.taken.iter().filter(by_all).collect()
    }

    /// `write` is no longer open: it has taken effect in every configuration.
    pub(super) fn forget_write(&mut self, write: usize) {
        for configuration in &mut self.configurations {
            configuration.taken.remove(write);
        }
    }
}

/// Without the configurations whose every future another one has as well.
fn pruned(mut configurations: Vec<Configuration>) -> Vec<Configuration> {
    // Like ones end up side by side, the one with the youngest value in front.
    configurations.sort_unstable_by(|a, b| b.cmp(a));
    configurations.dedup_by(|next, kept| next.is_like(kept));
    let is_dominated = dominated(&configurations);
    let all = configurations.into_iter().zip(is_dominated);
    all.filter_map(|(configuration, is_dominated)| (!is_dominated).then_some(configuration))
        .collect()
}

/// Which of the sorted, distinct `configurations` another one dominates.
fn dominated(configurations: &[Configuration]) -> Vec<bool> {
    let of_one_value = configurations.chunk_by(|a, b| a.current == b.current);
    of_one_value
        .flat_map(|group| {
            let rivals = if group.len() > PAIRWISE_MAX { &[] } else { group };
            group.iter().map(|it| rivals.iter().any(|rival| rival != it && rival.dominates(it)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_configurations_alike_the_one_with_the_youngest_value_stays() {
        let (old, young) = (Configuration::placed(7, 1), Configuration::placed(7, 2));
        assert_eq!(pruned(vec![old, young.clone()]), [young]);
    }

    #[test]
    fn configurations_of_different_values_all_stay() {
        let (one, other) = (Configuration::placed(7, 1), Configuration::placed(8, 2));
        assert_eq!(pruned(vec![one, other]).len(), 2);
    }
}
