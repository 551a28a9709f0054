use mockall::mock;

use crate::clock::Clock;

mock! {
    /// A mock of [`Clock`](crate::clock::Clock).
    ///
    /// ```
    /// use strangler_fig::clock::Clock;
    /// use strangler_fig::mock::MockClock;
    ///
    /// let mut clock = MockClock::new();
    /// clock.expect_unix_millis().return_const(5_u64);
    /// assert_eq!(clock.unix_millis(), 5);
    /// ```
    #[derive(Debug)]
    pub Clock {}

    impl Clock for Clock {
        fn unix_millis(&self) -> u64;
    }
}
