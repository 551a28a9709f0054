use contracts::STORE_OF_MONOLITH;

use super::mock::Mock;
use super::stores::{asks_the_store, reads, writes};

#[tokio::test]
async fn of_the_monolith() {
    let mock = Mock::new(STORE_OF_MONOLITH, |pact| {
        reads(pact);
        writes(pact);
    });
    asks_the_store(&mock.url()).await;
    mock.agreed();
}
