//! What each output keeps to, whatever is in it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use strangler_fig::consistency::FieldComparator;
use strangler_fig::controller::ChangeRequest;
use strangler_fig::observe::{Brief, Event, Observer};
use strangler_fig::phase::Phase;
use strangler_fig::status::{Colour, HTML_STYLE, HTML_STYLE_SHA256};

use crate::markup;
use crate::support::{SECOND, World, parcel};

async fn busy() -> World {
    let world = World::new().await;
    world.goes_to(Phase::Shadow).await;
    world.saves(0..30).await;
    world.users.modern().inner().plant(parcel(1, "Geneva"));
    world.reads(0..30).await;
    world
}

#[tokio::test(start_paused = true)]
async fn the_page_is_whole_and_needs_nothing_else() {
    let seen = busy().await.picture().await;
    let (elements, _) = markup::read(&seen.html).unwrap();
    let policy = elements.iter().find(|it| it.attribute("http-equiv").is_some()).unwrap();
    let policy = policy.attribute("content").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains(HTML_STYLE_SHA256));
    for word in ["<script", "http://", "https://", "url(", "@import", "style=\""] {
        assert!(!seen.html.contains(word), "{word}");
    }
    let viewport = elements.iter().find(|it| it.attribute("name") == Some("viewport")).unwrap();
    assert_eq!(viewport.attribute("content"), Some("width=device-width, initial-scale=1"));
}

#[test]
fn the_style_is_the_one_whose_hash_the_policy_names() {
    let hash = STANDARD.encode(Sha256::digest(HTML_STYLE));
    assert_eq!(HTML_STYLE_SHA256, format!("sha256-{hash}"));
}

#[tokio::test(start_paused = true)]
async fn every_table_drawing_and_section_has_a_name_for_who_does_not_see_it() {
    let seen = busy().await.picture().await;
    let (elements, _) = markup::read(&seen.html).unwrap();
    let ids: Vec<_> = elements.iter().filter_map(|it| it.attribute("id")).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    let count = |name: &str| elements.iter().filter(|it| it.name == name).count();
    assert_eq!(count("table"), count("caption"));
    assert_eq!((count("h1"), count("main")), (1, 1));
    for element in &elements {
        match element.name.as_str() {
            "th" => assert!(matches!(element.attribute("scope"), Some("col" | "row"))),
            "svg" => assert_eq!(element.attribute("role"), Some("img")),
            _ => {}
        }
        if matches!(element.name.as_str(), "svg" | "section") {
            let labels = element.attribute("aria-labelledby").unwrap();
            assert!(labels.split(' ').all(|label| ids.contains(&label)), "{labels}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_text_is_plain_unless_colours_are_asked_for_and_the_same_with_them() {
    let status = busy().await.picture().await.status;
    let (plain, coloured) = (status.to_text(Colour::Never), status.to_text(Colour::Always));
    assert!(!plain.contains('\u{1b}') && coloured.contains("\u{1b}[31m"));
    let mut stripped = coloured;
    for code in ["0", "1", "31", "32", "33"] {
        stripped = stripped.replace(&format!("\u{1b}[{code}m"), "");
    }
    assert_eq!(stripped, plain);
    assert!(plain.lines().all(|line| line.chars().count() <= 100), "{plain}");
}

#[tokio::test(start_paused = true)]
async fn the_course_is_drawn_with_its_moves_and_the_present_place() {
    let drawn = busy().await.picture().await.status.to_mermaid();
    let expected = "flowchart LR
    legacy_only[\"legacy_only\"]
    dual_write[\"dual_write\"]
    shadow[\"shadow<br/>base, 100.00 %\"]
    cutover[\"cutover\"]
    live[\"live\"]
    ramp_down[\"ramp_down\"]
    modern_only[\"modern_only\"]
    halted[\"halted\"]
    legacy_only -->|\"1, by ann\"| dual_write
    dual_write -->|\"2, by ann\"| shadow
    style shadow stroke-width:4px
";
    assert_eq!(drawn, expected);
}

/// What is nowhere in the JSON: a duration that is no number of seconds, and something unknown that is not null.
fn is_plain(path: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                assert!(!["secs", "nanos", "In"].contains(&name.as_str()), "{path}: {value}");
                if name.ends_with("_seconds") {
                    assert!(value.is_number() || value.is_null(), "{path}/{name}: {value}");
                }
                is_plain(&format!("{path}/{name}"), value);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| is_plain(path, item)),
        Value::String(text) => assert!(!text.eq_ignore_ascii_case("unknown"), "{path}"),
        _ => {}
    }
}

#[tokio::test(start_paused = true)]
async fn every_duration_of_the_json_is_in_seconds_and_what_is_unknown_is_null() {
    let world = busy().await;
    let (second, waiting) = (Some(SECOND), Some(Brief::new("the replica")));
    for event in [
        Event::OutboxDepth { pending: 7, parked: 1, oldest: second },
        Event::RepairDepth { waiting: 7, parked: 1, oldest: second },
        Event::ReplicationLag { pending: Some(3), lag: second },
    ] {
        world.board.on_event(&event);
    }
    crate::sagas::park(world.journal.clone(), "order:1", "no").await;
    world.checked_by(FieldComparator::new()).await;
    for eta in [second, None] {
        let (records, expected, per_second) = (7, Some(16), Some(9.0));
        let state = "running";
        world.board.on_event(&Event::BackfillProgressed {
            records,
            expected,
            per_second,
            eta,
            state,
            waiting,
        });
        let seen = world.picture().await;
        is_plain("", &seen.json);
        let left = seen.at("/backfill/progress/eta_seconds");
        assert_eq!(left.as_f64(), eta.map(|eta| eta.as_secs_f64()));
        let text = seen.json.to_string();
        for name in ["oldest", "lag", "age", "stale_after", "window", "p99", "idle", "ago"] {
            assert!(text.contains(&format!("{name}_seconds\":")), "{name} is not told");
        }
    }
}

/// Hebrew, which runs from right to left, and takes signs beside it along.
const HEBREW: &str = "\u{5d0}\u{5d1} (1)";

#[tokio::test(start_paused = true)]
async fn what_somebody_wrote_from_right_to_left_turns_nothing_around_that_stands_beside_it() {
    let world = World::new().await;
    let request = ChangeRequest::new(HEBREW.parse().unwrap(), HEBREW.parse().unwrap());
    world.controller().advance(&request).await.unwrap();
    let seen = world.picture().await;
    let alone = format!("<bdi>{HEBREW}</bdi>");
    assert!(seen.html.contains(&format!("<bdi>by {alone}: {alone}</bdi>")), "{}", seen.html);
    assert!(seen.text.contains(&format!("by {HEBREW}: {HEBREW}")), "{}", seen.text);
    // Whoever writes what isolates on the page closes nothing of ours.
    let request = ChangeRequest::new("ann".parse().unwrap(), "\u{fdd1}\u{fdd0}".parse().unwrap());
    world.controller().advance(&request).await.unwrap();
    let status = world.picture().await.status;
    assert!(!status.to_text(Colour::Never).contains(['\u{fdd0}', '\u{fdd1}']));
}
