use async_trait::async_trait;
use mockall::mock;

use crate::worker::Throttle;

mock! {
    /// A mock of [`Throttle`](crate::worker::Throttle).
    ///
    /// ```
    /// use strangler_fig::mock::MockThrottle;
    /// use strangler_fig::worker::Throttle;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut load = MockThrottle::new();
    /// load.expect_reason_to_wait().times(1).returning(|| Some("the load is 12".to_owned()));
    /// assert!(load.reason_to_wait().await.is_some());
    /// # }
    /// ```
    #[derive(Debug)]
    pub Throttle {}

    #[async_trait]
    impl Throttle for Throttle {
        async fn reason_to_wait(&self) -> Option<String>;
    }
}
