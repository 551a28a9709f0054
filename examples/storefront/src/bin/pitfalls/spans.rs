use std::collections::{BTreeMap, BTreeSet, HashMap};

use observability::{Reported, Value, hex};

/// What does work for somebody, and so has to hang together with it. Whatever looks round by itself (polls, pages of a
/// replicator, what workers of one service ask another) begins traces of its own, and may.
const WORK: [&str; 6] = [
    "request",
    "strangler.request",
    "strangler.handle",
    "strangler.relay",
    "strangler.saga",
    "strangler.step",
];
/// Clocks of one machine, read a moment apart.
const SLACK_NANOS: u64 = 2_000_000;

/// What became of one request, in all services.
#[derive(Debug)]
pub(crate) struct Story {
    spans: Vec<Reported>,
    /// The trace and the span of who asked.
    caller: (String, String),
}

impl Story {
    /// Of whoever sent this `traceparent`.
    pub(crate) fn of(traceparent: &str, spans: Vec<Reported>) -> Self {
        let mut parts = traceparent.split('-').skip(1).map(str::to_owned);
        let caller = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        Self { spans, caller }
    }

    /// The services that the caller waits for, and how many calls deep each is: their spans lie within those that asked them,
    /// up to the caller's.
    pub(crate) fn waited_for(&self) -> BTreeMap<&str, usize> {
        let mut depths = BTreeMap::new();
        let mut open: Vec<_> = self.asked_by_caller().map(|span| (span, 1)).collect();
        while let Some((span, depth)) = open.pop() {
            let known: &mut usize = depths.entry(&*span.service).or_insert(depth);
            *known = depth.max(*known);
            let within = self.spans.iter().filter(|child| is_within(child, span));
            let deeper = |child: &Reported| usize::from(child.service != span.service);
            open.extend(within.map(|child| (child, depth + deeper(child))));
        }
        depths
    }

    fn asked_by_caller(&self) -> impl Iterator<Item = &Reported> {
        let (trace, span) = &self.caller;
        self.spans.iter().filter(move |it| {
            hex(&it.span.trace_id) == *trace && hex(&it.span.parent_span_id) == *span
        })
    }

    /// The spans that follow from the request, however: as children, or by links.
    fn caused(&self) -> BTreeSet<&[u8]> {
        let mut effects: HashMap<&[u8], Vec<&Reported>> = HashMap::new();
        for it in &self.spans {
            let links = it.span.links.iter().map(|link| &*link.span_id);
            for cause in links.chain([&*it.span.parent_span_id]) {
                effects.entry(cause).or_default().push(it);
            }
        }
        let mut caused = BTreeSet::new();
        let mut open: Vec<_> = self.asked_by_caller().collect();
        while let Some(it) = open.pop() {
            if caused.insert(&*it.span.span_id) {
                open.extend(effects.get(&*it.span.span_id).into_iter().flatten());
            }
        }
        caused
    }

    /// The services that have to do with the request, whoever waits.
    pub(crate) fn reached(&self) -> BTreeSet<&str> {
        let caused = self.caused();
        let of = self.spans.iter().filter(|it| caused.contains(&*it.span.span_id));
        of.map(|it| &*it.service).collect()
    }

    /// How many spans hang together with the request.
    pub(crate) fn size(&self) -> usize {
        self.caused().len()
    }

    /// Where work begins that nothing is the cause of: service, span and route.
    pub(crate) fn lost(&self) -> Vec<String> {
        let caused = self.caused();
        let is_lost = |it: &&Reported| {
            is_work(it)
                && !caused.contains(&*it.span.span_id)
                && !self.spans.iter().any(|other| is_cause(other, it))
        };
        let mut lost: Vec<_> = self.spans.iter().filter(is_lost).map(told).collect();
        lost.sort_unstable();
        lost.dedup();
        lost
    }
}

/// Whether it is done for somebody.
pub(crate) fn is_work(it: &Reported) -> bool {
    WORK.contains(&&*it.span.name) && !place(it).starts_with("/internal/")
}

fn is_cause(cause: &Reported, of: &Reported) -> bool {
    let id = &cause.span.span_id;
    of.span.parent_span_id == *id || of.span.links.iter().any(|link| link.span_id == *id)
}

/// Whether a parent waits for its child.
fn is_within(child: &Reported, parent: &Reported) -> bool {
    let (child, parent) = (&child.span, &parent.span);
    child.trace_id == parent.trace_id
        && child.parent_span_id == parent.span_id
        && child.end_time_unix_nano <= parent.end_time_unix_nano + SLACK_NANOS
}

fn told(it: &Reported) -> String {
    format!("{}: {} {}", it.service, it.span.name, place(it)).trim_end().to_owned()
}

/// The route of a request, or who handles an event.
fn place(it: &Reported) -> &str {
    let mut attributes = it.span.attributes.iter();
    let place = attributes.find(|attribute| ["route", "consumer"].contains(&&*attribute.key));
    match place.and_then(|place| place.value.as_ref()?.value.as_ref()) {
        Some(Value::StringValue(place)) => place,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use observability::Span;

    use super::*;

    const CALLER: &str = "00-0000000000000000000000000000000a-00000000000000ff-01";

    /// A span of trace 10 that lasts as told.
    fn span(service: &str, name: &str, id: u8, parent: u8, ends: u64) -> Reported {
        let mut it = Reported { service: service.to_owned(), span: Span::default() };
        it.span.name = name.to_owned();
        it.span.trace_id = [vec![0; 15], vec![10]].concat();
        it.span.span_id = [vec![0; 7], vec![id]].concat();
        it.span.parent_span_id =
            if parent == 0 { vec![] } else { [vec![0; 7], vec![parent]].concat() };
        it.span.end_time_unix_nano = ends * 10 * SLACK_NANOS;
        it
    }

    fn linked(mut it: Reported, cause: u8) -> Reported {
        it.span.trace_id = [vec![0; 15], vec![cause]].concat();
        let mut link = it.span.links.pop().unwrap_or_default();
        link.span_id = [vec![0; 7], vec![cause]].concat();
        it.span.links.push(link);
        it
    }

    #[test]
    fn who_is_asked_and_waited_for_is_told_from_who_works_later() {
        let story = Story::of(
            CALLER,
            vec![
                span("gateway", "request", 1, 255, 9),
                span("orders", "request", 2, 1, 8),
                linked(span("payments", "strangler.handle", 3, 0, 20), 2),
                span("mail", "request", 4, 2, 30),
            ],
        );
        let waited = story.waited_for().into_iter().collect::<Vec<_>>();
        assert_eq!(waited, [("gateway", 1), ("orders", 2)]);
        let reached = story.reached().into_iter().collect::<Vec<_>>();
        assert_eq!(reached, ["gateway", "mail", "orders", "payments"]);
        assert_eq!((story.size(), story.lost()), (4, vec![]));
    }

    #[test]
    fn work_without_a_cause_is_named_where_it_begins() {
        let story = Story::of(
            CALLER,
            vec![
                span("gateway", "request", 1, 255, 9),
                span("orders", "request", 2, 0, 8),
                linked(span("payments", "strangler.handle", 3, 0, 20), 2),
                span("monolith", "strangler.poll", 5, 0, 8),
            ],
        );
        assert_eq!(story.lost(), ["orders: request"]);
        assert_eq!(story.reached().into_iter().collect::<Vec<_>>(), ["gateway"]);
    }
}
