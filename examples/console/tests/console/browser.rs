//! The page in a browser: by keyboard, by ear, on a telephone, in the dark.

use serde_json::json;

use crate::driver::Driver;
use crate::served::{Served, TOKEN};

/// Signs in at the console.
pub(crate) async fn signed_in(name: &str, served: &Served) -> Driver {
    signed_in_at(name, served.listens().await).await
}

pub(crate) async fn signed_in_at(name: &str, address: std::net::SocketAddr) -> Driver {
    let driver = Driver::start(name).await;
    driver.goes_to(&format!("http://{address}/")).await;
    driver.writes("#token", TOKEN).await;
    driver.clicks("button").await;
    driver.waits_for("#status h1").await;
    // That nobody was signed in before.
    let before = driver.complaints().await;
    assert!(before.iter().all(|complaint| complaint.contains("401")), "{before:?}");
    driver
}

pub(crate) const TAB: &str = "\u{e004}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_control_is_reached_by_the_keyboard_and_has_a_name() {
    let served = Served::new().await;
    let driver = signed_in("keyboard", &served).await;
    let controls = "a[href], button, input:not([type=hidden])";
    let mut wanted = Vec::new();
    for control in driver.all(controls).await {
        let (role, name) = driver.told(&control).await;
        assert!(!name.trim().is_empty(), "a {role} has no name");
        wanted.push(format!("{role} {name}"));
    }
    assert!(wanted.contains(&"button Roll back".to_owned()), "{wanted:?}");
    assert!(wanted.contains(&"textbox Per cent of all keys".to_owned()), "{wanted:?}");
    driver.says("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')").await;
    let mut reached = Vec::new();
    for _ in 0..wanted.len() {
        driver.presses(TAB).await;
        let focused = driver.says("return document.activeElement").await;
        let (role, name) = driver.told(&focused).await;
        reached.push(format!("{role} {name}"));
        let outline =
            driver.says("return getComputedStyle(document.activeElement).outlineStyle").await;
        assert_eq!(outline, "solid", "where the focus is, is seen: {reached:?}");
    }
    assert_eq!(reached, wanted, "in the order of the page");
    driver.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_telephone_scrolls_only_down_and_reads_the_same() {
    let served = Served::new().await;
    let driver = signed_in("telephone", &served).await;
    driver.stands_still().await;
    for width in [390, 320] {
        driver.is_wide(width).await;
        let widths =
            "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]";
        assert_eq!(driver.says(widths).await, json!([width, width]));
        let small = "return [...document.querySelectorAll('button')].filter(it => it.getBoundingClientRect().height < 44).length";
        assert_eq!(driver.says(small).await, json!(0), "a finger finds the buttons");
        driver.pictures(&format!("telephone-{width}")).await;
    }
    // The control: what is too wide is noticed.
    driver.says("document.querySelector('main').style.width = '900px'").await;
    assert_ne!(driver.says("return document.documentElement.scrollWidth").await, json!(320));
    driver.quits().await;
}

/// The least contrast of any text with what is behind it, and of which.
const CONTRAST: &str = r"
    const number = (text) => { const c = text.match(/[\d.]+/g).map(Number); return c.length < 4 ? [...c, 1] : c; };
    const light = ([r, g, b]) => { const f = (v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
        return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
    const behind = (it) => { for (let at = it; at; at = at.parentElement) { const c = number(getComputedStyle(at).backgroundColor);
        if (c[3] > 0) return c; } return [255, 255, 255]; };
    let least = [99, ''];
    for (const it of document.querySelectorAll('body *')) {
        const own = [...it.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!own || ['SCRIPT', 'STYLE', 'title', 'desc'].includes(it.tagName)) continue;
        const style = getComputedStyle(it);
        const colour = number(it.namespaceURI.endsWith('svg') ? style.fill : style.color);
        const [a, b] = [light(colour), light(behind(it))].sort((a, b) => b - a);
        const ratio = (a + .05) / (b + .05);
        if (ratio < least[0]) least = [ratio, it.tagName + ' ' + it.textContent.slice(0, 40)];
    }
    return least";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_stand_out_in_light_and_in_dark() {
    let served = Served::new().await;
    let driver = signed_in("contrast", &served).await;
    driver.stands_still().await;
    for dark in [false, true] {
        driver.is_dark(dark).await;
        let least = driver.says(CONTRAST).await;
        assert!(least[0].as_f64().unwrap() >= 4.5, "dark: {dark}, {least}");
        driver.pictures(if dark { "dark" } else { "light" }).await;
    }
    driver.says("document.querySelector('h1').style.color = '#333'").await;
    assert!(driver.says(CONTRAST).await[0].as_f64().unwrap() < 4.5, "the control");
    driver.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_drawn_is_also_told() {
    let served = Served::new().await;
    let driver = signed_in("drawn", &served).await;
    driver.stands_still().await;
    let drawing = &driver.all("#status svg").await[0];
    assert_eq!(
        driver.told(drawing).await,
        ("image".to_owned(), "Phases of the migration".to_owned())
    );
    let tree = driver.devtools("Accessibility.getFullAXTree", &json!({})).await.to_string();
    for told in
        ["base 100 % in legacy_only.", "columnheader", "rowheader", "\"aside\"", "Actions of ann"]
    {
        let told = if told == "\"aside\"" { "complementary" } else { told };
        assert!(tree.contains(told), "{told}");
    }
    driver.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_shows_what_others_do_without_being_asked_and_says_it_aloud() {
    let served = Served::new().await;
    let driver = signed_in("live", &served).await;
    let request = strangler_fig::controller::ChangeRequest::new(
        "bob".parse().unwrap(),
        "OPS-13".parse().unwrap(),
    );
    let controller = console::desk::Desk::controller(&*served.migration).clone();
    controller.advance(&request).await.unwrap();
    driver
        .until("the page is fetched anew", async || {
            driver.text("#status h1").await.contains("dual_write")
        })
        .await;
    let heard = driver.says("return document.getElementById('heard').textContent").await;
    assert!(
        heard.as_str().unwrap().starts_with("Migration airports, epoch 1: dual_write"),
        "{heard}"
    );
    assert_eq!(driver.complaints().await, Vec::<String>::new());
    driver.quits().await;
}

/// The library's own page, from a file: its policy allows its style by the hash of it, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_by_itself_keeps_its_own_policy_and_looks_as_it_should() {
    let served = Served::new().await;
    let status = console::desk::Desk::status(&*served.migration).await.unwrap();
    let file = std::env::temp_dir().join(format!("status-{}.html", std::process::id()));
    let driver = Driver::start("alone").await;
    let forged = status.to_html().replace("<main>", "<main><script>document.title = 'x'</script>");
    for (html, complaints) in [(status.to_html(), 0), (forged, 1)] {
        std::fs::write(&file, html).unwrap();
        driver.goes_to(&format!("file://{}", file.display())).await;
        driver.is_wide(1_100).await;
        let width = "return getComputedStyle(document.querySelector('main')).maxWidth";
        assert_eq!(driver.says(width).await, json!("960px"), "it has its style");
        assert_eq!(driver.says("return document.title").await, json!("Migration airports"));
        assert_eq!(
            driver.complaints().await.len(),
            complaints,
            "a script that is put in does not run"
        );
    }
    driver.is_wide(390).await;
    assert_eq!(driver.says("return document.documentElement.scrollWidth").await, json!(390));
    driver.pictures("alone").await;
    driver.quits().await;
    std::fs::remove_file(file).unwrap();
}

/// A page of somebody else, whose form points here: the browser sends no cookie with it, and says where it comes from.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_on_another_site_moves_nothing() {
    let served = Served::new().await;
    let driver = signed_in("forged", &served).await;
    let here = driver.says("return location.origin").await;
    let form = format!(
        "<form method=post action=\"{}/advance\"><input name=reason value=x><button>win</button></form>",
        here.as_str().unwrap()
    );
    let elsewhere =
        axum::Router::new().route("/", axum::routing::get(async || axum::response::Html(form)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, elsewhere).await });
    driver.goes_to(&format!("http://localhost:{port}/")).await;
    driver.clicks("button").await;
    driver.waits_for("h1").await;
    let status = console::desk::Desk::status(&*served.migration).await.unwrap();
    assert_eq!(
        (status.epoch, driver.text("h1").await.as_str()),
        (0, "Migration console"),
        "it is asked to sign in"
    );
    driver.quits().await;
}
