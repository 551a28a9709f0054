use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::PlainPath;
use super::path::LITERAL_MAX;
use super::pattern::{End, PathPattern, Piece};

/// The rules of a table by their paths: a tree with a segment at each branch.
///
/// The first rule wins, so a branch whose rules all come later than what was found is not entered.
#[derive(Debug, Clone)]
pub(super) struct PathIndex {
    nodes: Vec<Node>,
    /// Rules for whatever has no path, `*`, too.
    any: Vec<u32>,
}

#[derive(Debug, Clone)]
struct Node {
    /// Keys come from the table's document, so nobody can make them collide.
    literals: HashMap<Box<[u8]>, usize, FixedState>,
    capture: Option<usize>,
    /// Rules for the path that ends here, in order.
    here: Vec<u32>,
    /// Rules for it and all below.
    below: Vec<u32>,
    /// The first rule of all in this branch.
    least: u32,
}

impl Node {
    const fn new() -> Self {
        let literals = HashMap::with_hasher(FixedState::with_seed(0));
        Self { literals, capture: None, here: Vec::new(), below: Vec::new(), least: u32::MAX }
    }

    /// The branch of a segment as it is meant.
    fn literal(&self, path: &PlainPath<'_>, depth: usize) -> Option<usize> {
        if !path.is_escaped(depth) {
            return self.literals.get(path.raw_segment(depth)).copied();
        }
        let mut room = [0; LITERAL_MAX];
        self.literals.get(path.unescaped(depth, &mut room)?).copied()
    }
}

/// What a walk looks for.
struct Walk<'a, 'p, F> {
    path: &'a PlainPath<'p>,
    holds: F,
    /// The first rule that was found so far.
    best: u32,
}

impl<F: FnMut(u32) -> bool> Walk<'_, '_, F> {
    fn offer(&mut self, rules: &[u32]) {
        for &rule in rules {
            if rule >= self.best {
                return;
            }
            if (self.holds)(rule) {
                self.best = rule;
                return;
            }
        }
    }
}

impl PathIndex {
    pub(super) fn new<'r>(patterns: impl Iterator<Item = &'r PathPattern>) -> Self {
        let mut index = Self { nodes: vec![Node::new()], any: Vec::new() };
        for (rule, pattern) in (0..).zip(patterns) {
            index.insert(rule, pattern);
        }
        index
    }

    fn insert(&mut self, rule: u32, pattern: &PathPattern) {
        let mut at = 0;
        self.nodes[at].least = self.nodes[at].least.min(rule);
        for piece in &pattern.pieces {
            at = self.child(at, piece);
            self.nodes[at].least = self.nodes[at].least.min(rule);
        }
        match pattern.end {
            End::Here => self.nodes[at].here.push(rule),
            End::Below => self.nodes[at].below.push(rule),
            End::Any => {
                self.nodes[at].below.push(rule);
                self.any.push(rule);
            }
        }
    }

    fn child(&mut self, at: usize, piece: &Piece) -> usize {
        let fresh = self.nodes.len();
        let child = match piece {
            Piece::Literal(bytes) => *self.nodes[at].literals.entry(bytes.clone()).or_insert(fresh),
            Piece::Capture(_) => *self.nodes[at].capture.get_or_insert(fresh),
        };
        if child == fresh {
            self.nodes.push(Node::new());
        }
        child
    }

    /// The first rule for a path of which `holds` says that the rest of it is met.
    pub(super) fn first(
        &self,
        path: &PlainPath<'_>,
        holds: impl FnMut(u32) -> bool,
    ) -> Option<u32> {
        let mut walk = Walk { path, holds, best: u32::MAX };
        self.enter(0, 0, &mut walk);
        (walk.best != u32::MAX).then_some(walk.best)
    }

    /// The same for a request without a path.
    pub(super) fn first_of_any(&self, mut holds: impl FnMut(u32) -> bool) -> Option<u32> {
        self.any.iter().copied().find(|rule| holds(*rule))
    }

    /// The rules before `end` that may have a path in common with a pattern, in their order.
    pub(super) fn meeting(&self, pattern: &PathPattern, end: u32) -> Vec<u32> {
        let mut met = Vec::new();
        self.meet(
            0,
            &pattern.pieces,
            pattern.end,
            &mut |rules: &[u32]| {
                met.extend(rules.iter().take_while(|rule| **rule < end));
            },
            end,
        );
        met.sort_unstable();
        met
    }

    fn meet(
        &self,
        at: usize,
        pieces: &[Piece],
        end: End,
        visit: &mut impl FnMut(&[u32]),
        before: u32,
    ) {
        let node = &self.nodes[at];
        if node.least >= before {
            return;
        }
        visit(&node.below);
        let (captures, literals) = (node.capture.iter(), node.literals.iter());
        let Some(next) = pieces.split_first() else {
            visit(&node.here);
            if end != End::Here {
                let children = literals.map(|(_, child)| child).chain(captures);
                children.for_each(|child| self.meet(*child, pieces, end, visit, before));
            }
            return;
        };
        match next {
            (Piece::Literal(bytes), rest) => {
                let same = node.literals.get(bytes);
                let any = captures.filter(|_| !bytes.is_empty());
                let children = same.into_iter().chain(any);
                children.for_each(|child| self.meet(*child, rest, end, visit, before));
            }
            (Piece::Capture(_), rest) => {
                let filled = literals.filter(|(literal, _)| !literal.is_empty());
                let children = filled.map(|(_, child)| child).chain(captures);
                children.for_each(|child| self.meet(*child, rest, end, visit, before));
            }
        }
    }

    fn enter<F: FnMut(u32) -> bool>(&self, node: usize, depth: usize, walk: &mut Walk<'_, '_, F>) {
        let node = &self.nodes[node];
        if node.least >= walk.best {
            return;
        }
        walk.offer(&node.below);
        if depth == walk.path.depth() {
            return walk.offer(&node.here);
        }
        if !node.literals.is_empty() {
            if let Some(child) = node.literal(walk.path, depth) {
                self.enter(child, depth + 1, walk);
            }
        }
        if let Some(child) = node.capture {
            if !walk.path.range(depth).is_empty() {
                self.enter(child, depth + 1, walk);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(patterns: &[&str]) -> (PathIndex, Vec<PathPattern>) {
        let patterns: Vec<_> = patterns.iter().map(|text| pattern(text)).collect();
        (PathIndex::new(patterns.iter()), patterns)
    }

    /// A prefix if there is a star at its end.
    fn pattern(text: &str) -> PathPattern {
        match text.strip_suffix("/*") {
            Some("") => PathPattern::prefix("/").unwrap(),
            Some(prefix) => PathPattern::prefix(prefix).unwrap(),
            None => PathPattern::template(text).unwrap(),
        }
    }

    #[test]
    fn those_that_may_meet_are_found() {
        let all = ["/a/*", "/{x}", "/a/b", "/a/", "/b/*", "/{x}/b", "/*", "/a/{x}/c", "/"];
        let (index, _) = index(&all);
        for (text, expected) in [
            ("/a", &[0, 1, 6][..]),
            ("/a/b", &[0, 2, 5, 6]),
            ("/a/{x}", &[0, 2, 5, 6]),
            ("/a/", &[0, 3, 6]),
            ("/{x}", &[0, 1, 4, 6]),
            ("/{x}/{y}/{z}", &[0, 4, 6, 7]),
            ("/a/*", &[0, 1, 2, 3, 5, 6, 7]),
            ("/*", &[0, 1, 2, 3, 4, 5, 6, 7, 8]),
            ("/", &[6, 8]),
            ("/c/c/c/c", &[6]),
        ] {
            assert_eq!(index.meeting(&pattern(text), u32::MAX), expected, "{text}");
            let before = expected.iter().copied().filter(|rule| *rule < 5);
            assert_eq!(index.meeting(&pattern(text), 5), before.collect::<Vec<_>>(), "{text}");
        }
    }

    #[test]
    fn rules_that_share_only_a_beginning_do_not_meet() {
        let texts: Vec<_> = (0..1_000).map(|at| format!("/api/r{at}/{{id}}")).collect();
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        let (index, patterns) = index(&texts);
        let met = patterns.iter().zip(0..).map(|(it, at)| index.meeting(it, at).len());
        assert_eq!(met.sum::<usize>(), 0);
    }
}
