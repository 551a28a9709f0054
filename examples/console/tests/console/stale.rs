//! A status that is old is not shown as if it were not.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use console::desk::Desk;
use serde_json::json;
use strangler_fig::controller::ChangeRequest;
use tokio::sync::watch;

use crate::browser::{signed_in, signed_in_at};
use crate::driver::Driver;
use crate::served::Served;

#[derive(Debug, Clone, Copy)]
enum Fault {
    No,
    Cut,
    Hangs,
    Fails,
}

/// The page, and what becomes of its refreshes from now on.
async fn faulty(name: &str, served: &Served) -> (Driver, watch::Sender<Fault>) {
    let (faults, fault) = watch::channel(Fault::No);
    let fails = move |request: Request, next: Next| answered(*fault.borrow(), request, next);
    let address = Served::serves(served.pages.clone().layer(from_fn(fails))).await;
    (signed_in_at(name, address).await, faults)
}

async fn answered(fault: Fault, request: Request, next: Next) -> Response {
    if request.uri().path() != "/fragment" {
        return next.run(request).await;
    }
    match fault {
        Fault::No => next.run(request).await,
        Fault::Cut => {
            let parts = [Ok(Bytes::from("<h1>Migration")), Err(std::io::Error::other("cut"))];
            Body::from_stream(futures::stream::iter(parts)).into_response()
        }
        Fault::Hangs => std::future::pending().await,
        Fault::Fails => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// Bob takes a step.
async fn bob_advances(served: &Served) {
    let request = ChangeRequest::new("bob".parse().unwrap(), "OPS-13".parse().unwrap());
    served.migration.controller().advance(&request).await.unwrap();
}

async fn shows_that_it_is_old(driver: &Driver, why: &str) {
    let told = async || {
        let told = driver.text("#stale").await;
        told.starts_with("Not updated since ") && told.contains(why)
    };
    driver.until("it is told that it is old", told).await;
    let seen = "const it = document.getElementById('stale').getBoundingClientRect();
        return it.width > 200 && it.height > 20 && it.bottom <= innerHeight && it.top >= 0";
    assert_eq!(driver.says(seen).await, json!(true), "it is seen");
    let marked = "return document.querySelectorAll('button[aria-describedby=stale]').length";
    assert_eq!(driver.says(marked).await, json!(4));
}

async fn is_live(driver: &Driver, headline: &str) {
    driver.until(headline, async || driver.text("#status h1").await.contains(headline)).await;
    let hidden = "return document.getElementById('stale').hidden
        && document.querySelectorAll('[aria-describedby=stale], .old').length === 0";
    assert_eq!(driver.says(hidden).await, json!(true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_that_fails_is_told_until_one_succeeds() {
    let served = Served::new().await;
    let (driver, faults) = faulty("stale", &served).await;
    let mut epoch = 0;
    for fault in [Fault::Cut, Fault::Fails] {
        faults.send_replace(fault);
        shows_that_it_is_old(&driver, "cannot be reached").await;
        bob_advances(&served).await;
        faults.send_replace(Fault::No);
        epoch += 1;
        is_live(&driver, &format!("epoch {epoch}")).await;
        // The next step must be open as well.
        driver
            .until("nothing blocks it", async || {
                driver.text("#status").await.contains("nothing blocks it")
            })
            .await;
    }
    driver.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_that_is_never_answered_is_given_up() {
    let served = Served::new().await;
    let (driver, faults) = faulty("hangs", &served).await;
    faults.send_replace(Fault::Hangs);
    shows_that_it_is_old(&driver, "cannot be reached").await;
    driver.pictures("stale").await;
    faults.send_replace(Fault::No);
    bob_advances(&served).await;
    is_live(&driver, "epoch 1").await;
    driver.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_selected_stays_to_be_copied_and_is_called_old() {
    let served = Served::new().await;
    let driver = signed_in("selected", &served).await;
    driver.says("getSelection().selectAllChildren(document.querySelector('#status h1'))").await;
    bob_advances(&served).await;
    shows_that_it_is_old(&driver, "text in it is selected").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let selected = driver.says("return getSelection().toString()").await;
    assert!(selected.as_str().unwrap().contains("epoch 0"), "{selected}");
    let epochs = "return [...document.getElementsByName('epoch')].map(it => it.value).join()";
    assert_eq!(driver.says(epochs).await, json!("0,0,0"), "a button does what is shown");
    driver.says("getSelection().removeAllRanges()").await;
    is_live(&driver, "epoch 1").await;
    assert_eq!(driver.says(epochs).await, json!("1,1,1"));
    driver.quits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_that_is_being_filled_in_means_what_stood_there_when_that_began() {
    let served = Arc::new(Served::new().await);
    let driver = signed_in("pinned", &served).await;
    driver.writes("#advance-reason", "OPS-12: both").await;
    bob_advances(&served).await;
    is_live(&driver, "epoch 1").await;
    let epochs = "return [...document.getElementsByName('epoch')].map(it => it.value).join()";
    assert_eq!(driver.says(epochs).await, json!("0,1,1"));
    driver.clicks("#advance-button").await;
    driver.waits_for("#told").await;
    let told = driver.text("#told").await;
    assert_eq!(told, "Not done: airports has moved since you looked: epoch 1, not 0, by bob");
    driver.quits().await;
}
