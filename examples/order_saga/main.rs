//! The order saga over messages: three services that never call each other, a bus between them, and a hand that ends any
//! of their processes, each 50 ms.
//!
//! ```console
//! $ cargo run --release --example order_saga
//! ```
//!
//! An order is written down together with the event `OrderCreated`, which starts a saga: `AcceptOrder`,
//! `ReserveInventory`, `ProcessPayment`, `ConfirmOrder`, each a command to a service, and a reply from it. Where one is
//! refused, `RefundPayment`, `ReleaseInventory` and `CancelOrder` undo what was done.
//!
//! With `--naive` the services have neither barrier nor outbox: what is asked for twice is done twice, and this ends with
//! an error.

#![expect(clippy::print_stdout, reason = "it tells a story")]

mod books;
mod process;
mod relay;
mod saga;
mod service;

use std::time::{Duration, Instant};

use tokio::time::sleep;

use self::books::{Books, Order, Status};
use self::process::{Process, Role};
use self::service::Site;

pub(crate) type Failed = Box<dyn std::error::Error + Send + Sync>;

const ORDERS: u32 = 200;
/// One is placed this often.
const PACE: Duration = Duration::from_millis(10);
const STOCK: u32 = 300;

/// A process ends this often, and another begins at once in its place.
const HAND: Duration = Duration::from_millis(50);
/// So often in all: then they are left alone.
const DEATHS: usize = 60;
const PATIENCE: Duration = Duration::from_secs(90);

fn order(number: u32) -> Order {
    let pieces = 1 + number % 3;
    Order {
        number,
        pieces,
        cents: pieces * 1_000,
        card: if number % 7 == 0 { "stolen" } else { "good" }.to_owned(),
    }
}

/// What is wrong with an order, as it ended.
fn wrong(books: &Books, order: &Order) -> Option<String> {
    let (status, reserved, paid) = books.of(order.number);
    let expected = match status {
        Status::Confirmed => (order.pieces, order.cents),
        Status::Cancelled => (0, 0),
        Status::Open | Status::Accepted => {
            return Some(format!("order {} is still open", order.number));
        }
    };
    let is_right = (reserved, paid) == expected;
    let number = order.number;
    (!is_right).then(|| {
        format!("order {number} is {status:?}: {reserved} pieces, {paid} cents, not {expected:?}")
    })
}

/// What is wrong with all of them together.
fn wrong_in_all(books: &Books) -> Option<String> {
    let ((stock, reserved, _), (confirmed, cancelled)) = (books.totals(), books.counts());
    if stock < 0 || stock + i64::from(reserved) != i64::from(STOCK) {
        return Some(format!("{stock} pieces are left and {reserved} reserved, of {STOCK}"));
    }
    let is_tried = confirmed > 0 && cancelled > 0;
    (!is_tried).then(|| "all of them ended alike: it shows nothing".to_owned())
}

async fn customers(site: &Site) -> Result<(), Failed> {
    for number in 0..ORDERS {
        site.place(&order(number)).await?;
        sleep(PACE).await;
    }
    Ok(())
}

/// Until every order has ended. How many processes have died.
async fn hand(site: &Site) -> Result<usize, Failed> {
    let roles = [Role::Orders, Role::Stock, Role::Bank, Role::Sagas, Role::Sagas];
    let started = roles.iter().map(|role| Process::start(*role, site));
    let mut processes = started.collect::<Result<Vec<_>, _>>()?;
    let (begin, mut random, mut deaths) = (Instant::now(), fastrand::Rng::with_seed(7), 0);
    while site.books.ended() < ORDERS as usize && begin.elapsed() < PATIENCE {
        sleep(HAND).await;
        if deaths < DEATHS {
            let at = random.usize(..processes.len());
            processes[at].end();
            processes[at] = Process::start(roles[at], site)?;
            deaths += 1;
        }
    }
    // What is under way may still do harm.
    sleep(Duration::from_millis(500)).await;
    processes.iter_mut().for_each(Process::end);
    Ok(deaths)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let is_naive = std::env::args().any(|argument| argument == "--naive");
    let site = Site::new(STOCK, is_naive).await?;
    let ((), deaths) = tokio::try_join!(customers(&site), hand(&site))?;

    let of_orders = (0..ORDERS).filter_map(|number| wrong(&site.books, &order(number)));
    let wrong: Vec<_> = of_orders.chain(wrong_in_all(&site.books)).collect();
    for line in wrong.iter().take(5) {
        println!("{line}");
    }
    let (confirmed, cancelled) = site.books.counts();
    let (stock, _, money) = site.books.totals();
    println!(
        "{ORDERS} orders: {confirmed} confirmed, {cancelled} cancelled, {} wrong",
        wrong.len()
    );
    println!("{stock} of {STOCK} pieces left, {money} cents taken; {deaths} processes died");
    if wrong.is_empty() { Ok(()) } else { Err("the books do not add up".into()) }
}
