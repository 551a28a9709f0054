use strangler_fig::gateway::{Aggregate, AggregateError, Part};

#[test]
fn what_cannot_be_asked_is_no_aggregate() {
    let of = |parts: &[(&'static str, &'static str)]| {
        let parts = parts.iter().map(|&(name, target)| Part::required(name, target));
        Aggregate::of(parts).err()
    };
    assert_eq!(of(&[]), Some(AggregateError::Empty));
    assert_eq!(of(&[("a", "/a"), ("a", "/b")]), Some(AggregateError::Twice("a".into())));
    for name in ["", "a b", "a,b", "a\"b", "\u{e4}", "a\r\nb"] {
        assert_eq!(of(&[(name, "/a")]), Some(AggregateError::Name(name.into())), "{name:?}");
    }
    for target in ["", "a", "//evil.example/a", "http://evil.example/a", "/a{", "/a b"] {
        let refused = of(&[("a", target)]);
        assert!(matches!(refused, Some(AggregateError::Target { .. })), "{target:?}");
    }
    let many = |count: usize| {
        let parts = (0..count).map(|at| Part::optional(format!("part-{at}"), "/a"));
        Aggregate::of(parts).err()
    };
    assert_eq!((many(8), many(9)), (None, Some(AggregateError::TooMany(9))));
}

#[test]
fn it_says_what_it_asks_of_a_rule() {
    let parts = [("a", "/a/{id}/{line}"), ("b", "/b?of={id}")];
    let parts = parts.map(|(name, target)| Part::optional(name, target));
    let aggregate = Aggregate::of(parts).unwrap();
    assert_eq!(aggregate.captures().collect::<Vec<_>>(), ["id", "line"]);
}
