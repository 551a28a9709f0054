use contracts::PAYMENTS_OF_GATEWAY;

use super::site::of_orders;

#[tokio::test]
async fn keeps_what_the_gateway_expects() {
    let said = of_orders(PAYMENTS_OF_GATEWAY, |site| site.payments.address).await;
    assert!(said.is_empty(), "{}", said.join("\n"));
}
