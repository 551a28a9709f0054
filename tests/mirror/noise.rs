//! What legacy changes by itself is no difference, and hides none.

use std::sync::Arc;

use strangler_fig::gateway::{Mirror, NoiseBaseline, ResponseFields};
use strangler_fig::phase::Share;
use strangler_fig::phase::Side::{self, Legacy, Modern};
use strangler_fig::route::MirrorPlan;

use super::support::{Sides, answered_by, compared, counted, get, plain, text};

fn measuring(share: Share) -> Mirror {
    Mirror::new(Arc::new(ResponseFields::default())).with_noise_share(share)
}

/// A side that shows a random number, in half of the answers the same, and a price.
fn random(price: impl Fn(Side) -> u32 + Send + Sync + 'static) -> Sides {
    Sides::saying(move |side, _| {
        let (random, price) = (fastrand::u32(0..2), price(side));
        format!(r#"{{"random": {random}, "price": {price}}}"#)
    })
}

#[tokio::test(start_paused = true)]
async fn what_legacy_changes_by_itself_is_noise() {
    fastrand::seed(7);
    let (mirror, sides) = (measuring(Share::percent(1)), random(|_| 41));
    for _ in 0..100 {
        compared(&mirror, &sides).await;
    }
    let before = mirror.report();
    for _ in 0..400 {
        compared(&mirror, &sides).await;
    }
    let report = mirror.report();
    let [place] = &report.places[..] else { panic!("{report}") };
    assert!(place.place == "body.random" && place.is_noise, "{report}");
    assert_eq!(report.different, before.different, "once it is known it does not count: {report}");
    assert!(report.noisy > 150, "{report}");
}

#[tokio::test(start_paused = true)]
async fn without_a_baseline_noise_counts_as_a_difference() {
    fastrand::seed(7);
    let (mirror, sides) = (plain(), random(|_| 41));
    for _ in 0..500 {
        compared(&mirror, &sides).await;
    }
    assert!(mirror.report().different > 20, "{}", mirror.report());
}

#[tokio::test(start_paused = true)]
async fn a_real_difference_is_not_drowned_by_noise() {
    fastrand::seed(7);
    // The price differs, and both sides change it by themselves now and then.
    let price = |side| if fastrand::u32(0..20) == 0 { 7 } else { 41 + u32::from(side == Modern) };
    let (mirror, sides) = (measuring(Share::percent(10)), random(price));
    for _ in 0..500 {
        compared(&mirror, &sides).await;
    }
    let report = mirror.report();
    assert_eq!(report.places.len(), 2, "{report}");
    for place in &report.places {
        assert_eq!(place.is_noise, place.place == "body.random", "{report}");
        assert!(place.noise > Share::NONE, "both are noisy: {report}");
    }
    assert!(report.different > 350, "{report}");
}

#[tokio::test(start_paused = true)]
async fn noise_is_measured_on_a_sample_only() {
    fastrand::seed(7);
    let (mirror, sides) = (measuring(Share::percent(5)), Sides::saying(|_, _| "a"));
    for _ in 0..30 {
        compared(&mirror, &sides).await;
    }
    assert_eq!((sides.asked(Legacy), sides.asked(Modern)), (60, 30), "until enough is known");
    for _ in 0..1_000 {
        compared(&mirror, &sides).await;
    }
    let sampled = sides.asked(Legacy) - 60 - 1_000;
    assert!((25..80).contains(&sampled), "{sampled} of 1,000");
    assert_eq!(sides.asked(Modern), 1_030);

    let (mirror, sides) = (measuring(Share::NONE), Sides::saying(|_, _| "a"));
    for _ in 0..100 {
        compared(&mirror, &sides).await;
    }
    assert_eq!(sides.asked(Legacy), 100, "whoever wants none has none");
}

#[tokio::test(start_paused = true)]
async fn noise_is_legacy_s_also_where_modern_answers() {
    fastrand::seed(7);
    let (mirror, plan) = (measuring(Share::WHOLE), MirrorPlan::new(Legacy, Share::WHOLE));
    // Modern is random, legacy is not: that is no noise.
    let sides = Sides::saying(|side, _| match side {
        Legacy => "7".to_owned(),
        Modern => fastrand::u8(..).to_string(),
    });
    for _ in 0..50 {
        let response = answered_by(Modern, plan, &mirror, &sides, get("/")).await;
        text(response).await;
        mirror.drained().await;
    }
    let report = mirror.report();
    assert!(report.places[0].noise == Share::NONE && !report.places[0].is_noise, "{report}");
    assert!(report.unsettled > 40, "what changes by itself is nothing to count either: {report}");
}

#[test]
fn a_few_samples_make_no_noise() {
    let (mut noise, place) = (NoiseBaseline::default(), ["body.at".to_owned()]);
    for sample in 1..=30 {
        noise.compared("orders", &place);
        assert!(!noise.is_noise("orders", "body.at") && !noise.is_known("orders"), "{sample}");
        noise.sampled("orders", &place);
    }
    assert!(noise.is_noise("orders", "body.at") && noise.is_known("orders"));

    // Once of thirty times may be chance.
    for sample in 0..30 {
        noise.compared("carts", if sample == 0 { &place } else { &[] });
        noise.sampled("carts", if sample == 0 { &place } else { &[] });
    }
    assert!(noise.is_known("carts") && !noise.is_noise("carts", "body.at"));
}

/// A body that has a field named by chance, and a field of a price.
fn keyed(price: u32) -> String {
    format!(
        r#"{{"{:032x}": {{"at": {}}}, "price": {price}}}"#,
        fastrand::u128(..),
        fastrand::u32(..)
    )
}

#[tokio::test(start_paused = true)]
async fn a_real_difference_is_seen_beside_more_places_than_have_names() {
    fastrand::seed(7);
    let mirror = measuring(Share::WHOLE);
    let both = Sides::saying(|_, _| keyed(41));
    for _ in 0..300 {
        compared(&mirror, &both).await;
    }
    let before = mirror.report();
    assert!(before.places.iter().any(|it| it.place == "(others)" && !it.is_noise), "{before}");
    assert_eq!((before.unsettled, before.different), (300, 0), "{before}");

    let modern = Sides::saying(|side, _| keyed(41 + u32::from(side == Modern)));
    for _ in 0..50 {
        compared(&mirror, &modern).await;
    }
    let report = mirror.report();
    assert_eq!((report.different, report.noisy), (50, 0));
    assert_eq!(counted(&report), ["body.price"], "by its name");
    assert!(report.places.len() <= 257);
}

#[test]
fn what_is_one_of_many_others_is_no_noise() {
    let mut noise = NoiseBaseline::default();
    for nth in 0..1_000 {
        let places = [format!("body.{nth}"), format!("body.{nth}.at")];
        noise.compared("orders", &places);
        noise.sampled("orders", &places);
    }
    for place in ["body.999", "body.price", "(others)"] {
        assert!(!noise.is_noise("orders", place), "{place}");
    }
    // Nor is a place of one of many other rules.
    let place = ["body.at".to_owned()];
    for rule in 0..2_000 {
        noise.compared(&format!("rule {rule}"), &place);
        noise.sampled(&format!("rule {rule}"), &place);
    }
    for rule in ["rule 1999", "another", "(others)"] {
        assert!(!noise.is_noise(rule, "body.at"), "{rule}");
    }
    assert!(noise.is_known("another"), "or legacy would be asked twice for each of them");
}

#[test]
fn what_gets_its_name_late_is_no_noise_for_that() {
    let mut noise = NoiseBaseline::default();
    let price = ["body.price".to_owned()];
    // Legacy changes the price in each tenth sample, and modern has it wrong always.
    for nth in 0..1_000 {
        noise.compared("orders", &[format!("body.{nth}"), price[0].clone()]);
        noise.sampled("orders", if nth % 10 == 0 { &price } else { &[] });
        if nth > 300 {
            noise.counted("orders", &price);
        }
        assert!(!noise.is_noise("orders", "body.price"), "after {nth}");
    }
}

#[test]
fn rules_and_places_are_bounded() {
    let mut noise = NoiseBaseline::default();
    for rule in 0..2_000 {
        for place in 0..3 {
            noise.compared(&format!("rule {rule}"), &[format!("body.{rule}.{place}")]);
        }
    }
    for place in 0..10_000 {
        noise.compared("rule 0", &[format!("body.{place}")]);
        noise.counted("rule 0", &[format!("body.{place}")]);
    }
    let length = format!("{noise:?}").len();
    assert!(length < 1_000_000, "{length}");
}

#[test]
fn what_is_new_soon_weighs_more_than_what_is_old() {
    let (mut noise, place) = (NoiseBaseline::default(), ["body.price".to_owned()]);
    let legacy = |noise: &mut NoiseBaseline, of: u32| {
        noise.sampled("orders", if of % 20 == 0 { &place } else { &[] });
    };
    for of in 0..100_000 {
        noise.compared("orders", if of % 20 == 0 { &place } else { &[] });
        if of % 100 == 0 {
            legacy(&mut noise, of / 100);
        }
    }
    assert!(noise.is_noise("orders", "body.price"));
    // Then modern learns a wrong price.
    let mut seen = 0;
    while seen < 1_000 && noise.is_noise("orders", "body.price") {
        noise.compared("orders", &place);
        seen += 1;
    }
    assert!(seen < 500, "after {seen} wrong answers");
    assert!(counted(&plain().report()).is_empty());
}
