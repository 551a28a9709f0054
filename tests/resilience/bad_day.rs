//! The document shows what the example prints.

#[path = "../../examples/resilience/main.rs"]
#[expect(dead_code, reason = "its `main` is for the example")]
mod example;

#[tokio::test(start_paused = true)]
async fn the_document_shows_what_the_example_prints() {
    let document = include_str!("../../docs/RESILIENCE.md");
    let lines = example::bad_day().await.unwrap();
    let shown: Vec<_> = document.lines().skip_while(|line| *line != lines[0]).take(9).collect();
    assert_eq!(shown, lines[..9]);
}
