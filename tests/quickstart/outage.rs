use futures::FutureExt;
use strangler_fig::error::StoreErrorKind;
use strangler_fig::repository::StampedRepository;
use strangler_fig::stamp::Record;

use crate::link::ModernLink;
use crate::support::{Sides, key, live};

#[tokio::test]
async fn nothing_gets_through_a_cut_link() {
    let sides = Sides::new();
    let link = ModernLink::good(sides.modern.clone());
    link.cut();
    let kinds = [
        link.read(&key(1)).await.unwrap_err().kind(),
        link.apply(&key(1), &live(1, 1)).await.unwrap_err().kind(),
        link.find_by_iata("TST").await.unwrap_err().kind(),
    ];
    assert_eq!(kinds, [StoreErrorKind::Unavailable; 3]);
    link.mend();
    assert_eq!(link.read(&key(1)).await.unwrap(), Record::absent());
}

#[tokio::test]
async fn a_call_that_the_cut_overtakes_is_in_doubt() {
    let sides = Sides::new();
    let link = ModernLink::good(sides.modern.clone());
    let (key, record) = (key(1), live(1, 1));
    let mut call = link.apply(&key, &record);
    assert!((&mut call).now_or_never().is_none(), "it is on its way");
    link.cut();
    assert_eq!(call.await.unwrap_err().kind(), StoreErrorKind::Unknown);
}
