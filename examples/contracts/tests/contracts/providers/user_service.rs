use contracts::{USERS_OF_GATEWAY, USERS_OF_MONOLITH};

use super::users::of_users;

#[tokio::test]
async fn keeps_what_the_gateway_expects() {
    let said = of_users(USERS_OF_GATEWAY, |routes| routes).await;
    assert!(said.is_empty(), "{}", said.join("\n"));
}

#[tokio::test]
async fn keeps_what_the_monolith_expects() {
    let said = of_users(USERS_OF_MONOLITH, |routes| routes).await;
    assert!(said.is_empty(), "{}", said.join("\n"));
}
