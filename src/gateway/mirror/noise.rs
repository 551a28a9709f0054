use std::collections::BTreeMap;
use std::ops::Bound;

use smol_str::{SmolStr, ToSmolStr};

use super::{PlaceReport, ResponseDifference};
use crate::phase::Share;

/// How many samples make a rule's noise known.
const SAMPLES_MIN: u64 = 30;
/// How often a place has to differ from itself at least, to be noise.
const NOISE_MIN: u64 = 2;
/// Counts that have grown so far are halved: what is new soon weighs more than what is old.
const COMPARED_MAX: u64 = 8_192;
const SAMPLED_MAX: u64 = 1_024;
/// Rules and places beyond these are one.
const RULES_MAX: usize = 1_024;
const PLACES_MAX: usize = 256;
const OTHERS: SmolStr = SmolStr::new_static("(others)");
/// Differences of one pair of responses, and the bytes of a place.
const DIFFERENCES_MAX: usize = 64;
const PLACE_LENGTH_MAX: usize = 256;

/// What legacy changes by itself, for each rule and place: times, random numbers, the order of a set.
///
/// A sample of requests is sent to legacy twice. A place is noise if, of at least 30 samples, it differs often
/// enough to explain how often the two sides differ there: with a rate of at least two thirds of theirs. A place
/// that legacy changes seldom and modern always is no noise so.
///
/// Of each rule 256 places are known by name, of 1,024 rules. Places and rules beyond these are counted together,
/// and are never noise: what is new differs for the first time there.
///
/// ```
/// use strangler_fig::gateway::NoiseBaseline;
///
/// let mut noise = NoiseBaseline::default();
/// let at = |places: &[&str]| places.iter().map(|&it| it.to_owned()).collect::<Vec<_>>();
/// for _ in 0..30 {
///     noise.compared("orders", &at(&["body.served_at", "body.price"]));
///     noise.sampled("orders", &at(&["body.served_at"]));
/// }
/// assert!(noise.is_noise("orders", "body.served_at"));
/// assert!(!noise.is_noise("orders", "body.price"));
/// assert!(!noise.is_noise("carts", "body.served_at"), "of another rule, nothing is known");
/// ```
#[derive(Debug, Default)]
pub struct NoiseBaseline {
    rules: BTreeMap<SmolStr, RuleNoise>,
}

/// What is known of one rule's responses.
#[derive(Debug, Default, Clone)]
pub(super) struct RuleNoise {
    compared: u64,
    sampled: u64,
    places: BTreeMap<SmolStr, PlaceNoise>,
}

#[derive(Debug, Default, Clone)]
struct PlaceNoise {
    /// Of those compared.
    differed: u64,
    /// Of those sampled.
    noisy: u64,
    /// Differences that counted, since the beginning.
    counted: u64,
}

impl NoiseBaseline {
    /// Two answers of the two sides were compared, and differed there.
    pub fn compared(&mut self, rule: &str, places: &[String]) {
        let rule = self.rule(rule);
        rule.compared += 1;
        for place in places {
            rule.place(place).differed += 1;
        }
        if rule.compared >= COMPARED_MAX {
            rule.compared /= 2;
            rule.halve(|place| &mut place.differed);
        }
    }

    /// Two answers of legacy were compared, and differed there.
    pub fn sampled(&mut self, rule: &str, places: &[String]) {
        let rule = self.rule(rule);
        rule.sampled += 1;
        for place in places {
            rule.place(place).noisy += 1;
        }
        if rule.sampled >= SAMPLED_MAX {
            rule.sampled /= 2;
            rule.halve(|place| &mut place.noisy);
        }
    }

    /// A difference there has counted: it was there whenever it was looked for.
    pub fn counted(&mut self, rule: &str, places: &[String]) {
        let rule = self.rule(rule);
        for place in places {
            rule.make_room(place);
            rule.place(place).counted += 1;
        }
    }

    /// Whether there are samples enough of a rule.
    #[must_use]
    pub fn is_known(&self, rule: &str) -> bool {
        self.find(rule).is_some_and(|rule| rule.sampled >= SAMPLES_MIN)
    }

    /// Whether what differs there is noise.
    #[must_use]
    pub fn is_noise(&self, rule: &str, place: &str) -> bool {
        self.rules.get(rule).is_some_and(|known| known.is_noise(rule, place))
    }

    /// What is known of the first rule after that one.
    pub(super) fn after(&self, rule: Option<&str>) -> Option<(SmolStr, RuleNoise)> {
        let from = rule.map_or(Bound::Unbounded, Bound::Excluded);
        let (name, rule) = self.rules.range::<str, _>((from, Bound::Unbounded)).next()?;
        Some((name.clone(), rule.clone()))
    }

    fn find(&self, rule: &str) -> Option<&RuleNoise> {
        self.rules.get(rule).or_else(|| self.rules.get(&OTHERS))
    }

    fn rule(&mut self, rule: &str) -> &mut RuleNoise {
        let is_new = !self.rules.contains_key(rule);
        let name = if is_new && self.rules.len() >= RULES_MAX { OTHERS } else { rule.to_smolstr() };
        self.rules.entry(name).or_default()
    }
}

impl RuleNoise {
    /// Each place that differs, or has.
    pub(super) fn places<'a>(&'a self, rule: &'a str) -> impl Iterator<Item = PlaceReport> + 'a {
        self.places.iter().map(move |(at, place)| PlaceReport {
            rule: rule.to_owned(),
            place: at.to_string(),
            counted: place.counted,
            differs: share(place.differed, self.compared),
            noise: share(place.noisy, self.sampled),
            is_noise: self.is_noise(rule, at),
        })
    }

    fn place(&mut self, place: &str) -> &mut PlaceNoise {
        let is_new = !self.places.contains_key(place);
        let at =
            if is_new && self.places.len() >= PLACES_MAX { OTHERS } else { place.to_smolstr() };
        self.places.entry(at).or_default()
    }

    /// A place of its own for what counts: whoever reads of it wants to know where it is. The one that has differed
    /// least becomes one of the others.
    fn make_room(&mut self, place: &str) {
        if self.places.contains_key(place) || self.places.len() < PLACES_MAX {
            return;
        }
        let spare = self.places.iter().filter(|(at, it)| it.counted == 0 && **at != OTHERS);
        let spare = spare.min_by_key(|(_, it)| it.differed + it.noisy).map(|(at, _)| at.clone());
        let Some(left) = spare.and_then(|at| self.places.remove(&at)) else { return };
        let others = self.places.entry(OTHERS).or_default();
        others.differed += left.differed;
        others.noisy += left.noisy;
        // Nobody knows how many of the others' differences were its own: all of them, or it might pass for noise.
        let differed = others.differed.min(self.compared);
        self.places.insert(place.to_smolstr(), PlaceNoise { differed, ..PlaceNoise::default() });
    }

    fn halve(&mut self, count: impl Fn(&mut PlaceNoise) -> &mut u64) {
        self.places.values_mut().for_each(|place| *count(place) /= 2);
        self.places.retain(|_, place| place.differed + place.noisy + place.counted > 0);
    }

    /// What is counted together with others is not.
    fn is_noise(&self, rule: &str, at: &str) -> bool {
        let place = self.places.get(at).filter(|_| rule != OTHERS && at != OTHERS);
        place.is_some_and(|place| self.explains(place))
    }

    /// Whether it differs by itself often enough for as often as the sides differ there.
    fn explains(&self, place: &PlaceNoise) -> bool {
        let weighed = |count: u64, by: u64, of: u64| u128::from(count * by) * u128::from(of);
        self.sampled >= SAMPLES_MIN
            && place.noisy >= NOISE_MIN
            && weighed(place.differed, 2, self.sampled) <= weighed(place.noisy, 3, self.compared)
    }
}

fn share(count: u64, of: u64) -> Share {
    let basis_points = 10_000 * count.min(of) / of.max(1);
    u16::try_from(basis_points).ok().and_then(Share::new).unwrap_or(Share::WHOLE)
}

/// The places of differences, each once, and no more than can be kept.
pub(super) fn places(differences: &[ResponseDifference]) -> Vec<String> {
    let cut = |it: &ResponseDifference| {
        let place = it.place();
        let end = (0..=place.len().min(PLACE_LENGTH_MAX)).rfind(|&at| place.is_char_boundary(at));
        place[..end.unwrap_or(0)].to_owned()
    };
    let mut places: Vec<_> = differences.iter().map(cut).collect();
    places.sort_unstable();
    places.dedup();
    places.truncate(DIFFERENCES_MAX);
    places
}
