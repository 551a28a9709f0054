//! How many calls are under way, who waits, and who is served first.

use std::num::NonZeroU32;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::{join_all, poll_immediate};
use futures::{FutureExt, poll};
use strangler_fig::resilience::{Bulkhead, CallError, Refused};
use tokio::time::{advance, timeout};

use crate::support::{Fault, Script, Step, fails, is_refused, lasts, ms, takes};

pub(crate) fn bulkhead(concurrency: u32) -> Bulkhead {
    Bulkhead::new("reports", NonZeroU32::new(concurrency).unwrap())
}

const FULL: Refused = Refused::Full { bulkhead: "reports" };

#[tokio::test(start_paused = true)]
async fn no_more_calls_are_under_way_than_may() {
    let bulkhead = bulkhead(3).with_queue(100, Duration::MAX);
    let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let call = async || {
        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::time::sleep(ms(10)).await;
        now.fetch_sub(1, Ordering::SeqCst);
        Ok::<_, Fault>(())
    };
    let answers = join_all((0..50).map(|_| bulkhead.call(call))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!((most.into_inner(), bulkhead.under_way()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn without_a_queue_who_finds_no_place_is_refused_at_once() {
    let (bulkhead, script) = (bulkhead(1), Script::new([takes(10)]));
    let _place = bulkhead.acquire().await.unwrap();
    let refused = bulkhead.call(|| script.play()).await.unwrap_err();
    assert_eq!(refused, CallError::Refused(FULL));
    assert_eq!((script.count(), script.elapsed()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn who_finds_the_queue_full_is_refused_at_once() {
    let bulkhead = bulkhead(1).with_queue(2, ms(1_000));
    let script = Script::new([takes(10)]);
    let answers = join_all([(); 5].map(|()| bulkhead.call(|| script.play()))).await;
    let refused: Vec<_> = answers.iter().map(is_refused).collect();
    assert_eq!(refused, [false, false, false, true, true]);
    assert_eq!(script.calls(), [0, 10, 20]);
}

#[tokio::test(start_paused = true)]
async fn who_waited_in_vain_is_refused_when_his_time_is_over() {
    let (bulkhead, script) = (bulkhead(1).with_queue(9, ms(30)), Script::new([takes(10)]));
    let _place = bulkhead.acquire().await.unwrap();
    assert_eq!(bulkhead.acquire().await.unwrap_err(), FULL);
    assert_eq!((script.elapsed(), bulkhead.waiting()), (30, 0));
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_served_in_order() {
    let bulkhead = bulkhead(1).with_queue(50, Duration::MAX);
    let served = Mutex::new(Vec::new());
    let call = async |number: u32| {
        served.lock().unwrap().push(number);
        lasts(1).await
    };
    let call = &call;
    join_all((0..20).map(|number| bulkhead.call(move || call(number)))).await;
    assert_eq!(served.into_inner().unwrap(), (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_does_not_overtake_who_waits() {
    let bulkhead = bulkhead(1).with_queue(9, ms(1_000));
    let place = bulkhead.acquire().await.unwrap();
    let mut first = Box::pin(bulkhead.acquire());
    assert!(poll!(&mut first).is_pending());
    drop(place);
    let mut newcomer = Box::pin(bulkhead.acquire());
    assert!(poll!(&mut newcomer).is_pending(), "the place is spoken for");
    let place = first.await.unwrap();
    drop(place);
    drop(newcomer.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn who_leaves_the_queue_makes_room_in_it() {
    let bulkhead = bulkhead(1).with_queue(1, ms(1_000));
    let place = bulkhead.acquire().await.unwrap();
    for _ in 0..10 {
        assert_eq!(bulkhead.waiting(), 0);
        let mut waits = Box::pin(bulkhead.acquire());
        assert!(poll!(&mut waits).is_pending());
        assert_eq!(bulkhead.waiting(), 1);
        assert_eq!(poll_immediate(bulkhead.acquire()).await.unwrap().unwrap_err(), FULL);
    }
    drop(place);
    assert!(bulkhead.acquire().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn who_leaves_the_queue_leaves_the_order_of_the_others() {
    let bulkhead = bulkhead(1).with_queue(9, ms(1_000));
    let place = bulkhead.acquire().await.unwrap();
    let mut waits = [(); 3].map(|()| Some(Box::pin(bulkhead.acquire())));
    for waits in waits.iter_mut().flatten() {
        assert!(poll!(waits).is_pending());
    }
    waits[0] = None;
    drop(place);
    let [_, second, third] = waits;
    let mut third = third.unwrap();
    assert!(poll!(&mut third).is_pending());
    drop(second.unwrap().await.unwrap());
    drop(third.await.unwrap());
}

/// It had its place already, and had not been told.
#[tokio::test(start_paused = true)]
async fn who_leaves_just_as_he_is_served_loses_no_place() {
    let bulkhead = bulkhead(1).with_queue(9, ms(1_000));
    for _ in 0..10 {
        let place = bulkhead.acquire().await.unwrap();
        let [mut first, mut second] = [(); 2].map(|()| Box::pin(bulkhead.acquire()));
        assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
        drop(place);
        drop(first);
        let place = second.now_or_never().expect("it goes to the next").unwrap();
        assert_eq!((bulkhead.under_way(), bulkhead.waiting()), (1, 0));
        drop(place);
    }
    assert_eq!(bulkhead.under_way(), 0);
}

/// The same by many threads, which come, leave and are served at every moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_place_is_lost_among_threads_that_come_and_go() {
    let bulkhead = bulkhead(2).with_queue(64, Duration::MAX);
    let tasks = (0..32).map(|_| bulkhead.clone()).map(|bulkhead| {
        tokio::spawn(async move {
            for _ in 0..500 {
                let mut acquire = Box::pin(bulkhead.acquire());
                let place = poll_immediate(&mut acquire).await;
                tokio::task::yield_now().await;
                drop(acquire);
                drop(place);
            }
        })
    });
    join_all(tasks).await.into_iter().for_each(|task| task.unwrap());
    assert_eq!((bulkhead.under_way(), bulkhead.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_place_is_given_back_however_the_call_ends() {
    let bulkhead = bulkhead(1);
    let script = Script::new([fails(Fault::Lost), Step::Panic, Step::Hang, takes(1)]);
    bulkhead.call(|| script.play()).await.unwrap_err();
    assert_eq!(bulkhead.under_way(), 0);
    AssertUnwindSafe(bulkhead.call(|| script.play())).catch_unwind().await.unwrap_err();
    assert_eq!(bulkhead.under_way(), 0);
    timeout(ms(10), bulkhead.call(|| script.play())).await.unwrap_err();
    assert_eq!(bulkhead.under_way(), 0);
    bulkhead.call(|| script.play()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn it_shows_how_many_have_a_place_and_how_many_wait() {
    let bulkhead = bulkhead(2).with_queue(5, ms(1_000));
    let mut calls: Vec<_> = (0..5).map(|_| Box::pin(bulkhead.call(|| lasts(10)))).collect();
    for call in &mut calls {
        assert!(poll!(call).is_pending());
    }
    assert_eq!((bulkhead.under_way(), bulkhead.waiting()), (2, 3));
    join_all(calls).await;
    assert_eq!((bulkhead.under_way(), bulkhead.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn clones_are_one_bulkhead() {
    let bulkhead = bulkhead(1);
    let clone = bulkhead.clone();
    let place = bulkhead.acquire().await.unwrap();
    assert_eq!(clone.acquire().await.unwrap_err(), FULL);
    assert_eq!(clone.under_way(), 1);
    drop(place);
    assert!(clone.acquire().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_wait_follows_the_clock_of_the_test() {
    let bulkhead = bulkhead(1).with_queue(1, ms(86_400_000));
    let _place = bulkhead.acquire().await.unwrap();
    let mut waits = Box::pin(bulkhead.acquire());
    assert!(poll!(&mut waits).is_pending());
    advance(ms(86_400_000)).await;
    assert_eq!(waits.await.unwrap_err(), FULL);
}
