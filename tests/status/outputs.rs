//! What each output keeps to, whatever is in it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use strangler_fig::phase::Phase;
use strangler_fig::status::{Colour, HTML_STYLE, HTML_STYLE_SHA256};

use crate::markup;
use crate::support::{World, parcel};

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
