//! What a screen reader says, and what the keyboard moves, when a page is loaded.

use serde_json::json;

use crate::browser::{TAB, signed_in};
use crate::driver::Driver;
use crate::served::{Served, TOKEN};

/// What the focus is on, the title, and the address.
const HERE: &str =
    "return [document.activeElement.id, document.title, location.pathname + location.search]";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_of_an_action_has_the_focus_and_the_title() {
    let served = Served::new().await;
    let driver = signed_in("heard", &served).await;
    for (action, told) in [
        ("advance", "Done: to dual_write."),
        ("roll-back", "Done: to legacy_only."),
        ("roll-back", "Not done: there is no way on: nothing lies behind"),
    ] {
        driver.writes(&format!("#{action}-reason"), "OPS-12").await;
        driver.says("document.title = 'before'").await;
        driver.clicks(&format!("#{action}-button")).await;
        driver
            .until("the next page", async || {
                driver
                    .says("return document.title !== 'before' && !!document.getElementById('told')")
                    .await
                    == true
            })
            .await;
        driver.until("the focus", async || driver.says(HERE).await[0] == "told").await;
        let here = driver.says(HERE).await;
        assert_eq!(here[2], json!("/"), "{here}");
        assert!(here[1].as_str().unwrap().starts_with(told), "{here}");
        assert!(driver.text("#told").await.starts_with(told));
    }
    // It is not told again to who loads the page anew.
    driver.says("document.title = 'before'; location.reload()").await;
    driver
        .until("the next page", async || {
            driver.says("return document.title !== 'before'").await == true
        })
        .await;
    driver.waits_for("#status h1").await;
    let here = driver.says(HERE).await;
    assert_eq!(here, json!(["", "Migration airports", "/"]));
    driver.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_token_is_told_where_it_was_written() {
    let served = Served::new().await;
    let address = served.listens().await;
    let driver = Driver::start("wrong").await;
    driver.goes_to(&format!("http://{address}/sign-in")).await;
    driver.writes("#token", "ann-s-token-of-another").await;
    driver.clicks("button").await;
    driver.waits_for("#wrong").await;
    let field = "const it = document.activeElement; return [it.id, it.getAttribute('aria-invalid'),
        document.getElementById(it.getAttribute('aria-describedby')).textContent, document.title]";
    let why = "Nobody bears this token.";
    let title = format!("{why} – Sign in");
    let wanted = json!(["token", "true", why, title]);
    driver
        .until("the focus", async || {
            driver.says("return document.activeElement.id").await == "token"
        })
        .await;
    assert_eq!(driver.says(field).await, wanted);
    driver.writes("#token", TOKEN).await;
    driver.clicks("button").await;
    driver.waits_for("#status h1").await;
    driver.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_to_the_actions_pushes_nothing_aside() {
    let served = Served::new().await;
    let driver = signed_in("skip", &served).await;
    driver.stands_still().await;
    for width in [1_400, 390] {
        driver.is_wide(width).await;
        driver.says("document.activeElement.blur(); document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')").await;
        let tops = "return ['main', 'aside'].map(it => document.querySelector(it).getBoundingClientRect().top + scrollY).join()";
        let before = driver.says(tops).await;
        driver.presses(TAB).await;
        let link = "const it = document.activeElement.getBoundingClientRect();
            return document.activeElement.className === 'skip' && it.left >= 0 && it.top >= 0 && it.right <= innerWidth";
        assert_eq!(driver.says(link).await, json!(true), "it is seen at {width}");
        assert_eq!(driver.says(tops).await, before, "at {width}");
    }
    driver.quits().await;
}
