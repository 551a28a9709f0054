//! What services ask of each other, and what they tell.

/// The order-service looks at an order.
pub const ACCEPT_ORDER: &str = "AcceptOrder";
/// It will be delivered.
pub const CONFIRM_ORDER: &str = "ConfirmOrder";
/// It will not.
pub const CANCEL_ORDER: &str = "CancelOrder";
/// The inventory-service puts pieces aside.
pub const RESERVE_INVENTORY: &str = "ReserveInventory";
/// And back.
pub const RELEASE_INVENTORY: &str = "ReleaseInventory";
/// The payment-service takes money.
pub const PROCESS_PAYMENT: &str = "ProcessPayment";
/// And gives it back.
pub const REFUND_PAYMENT: &str = "RefundPayment";

/// Somebody has ordered something.
pub const ORDER_CREATED: &str = "OrderCreated";
/// It is paid and reserved.
pub const ORDER_CONFIRMED: &str = "OrderConfirmed";
/// Nothing is.
pub const ORDER_CANCELLED: &str = "OrderCancelled";
