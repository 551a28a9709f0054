use contracts::ORDERS_OF_GATEWAY;

use super::site::of_orders;

#[tokio::test]
async fn keeps_what_the_gateway_expects() {
    let said = of_orders(ORDERS_OF_GATEWAY, |site| site.orders.address).await;
    assert!(said.is_empty(), "{}", said.join("\n"));
}
