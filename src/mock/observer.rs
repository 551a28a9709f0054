use mockall::mock;

use crate::observe::{Event, Observer};

mock! {
    /// A mock of [`Observer`](crate::observe::Observer).
    ///
    /// ```
    /// use strangler_fig::mock::MockObserver;
    /// use strangler_fig::observe::{Event, Observer};
    ///
    /// let mut observer = MockObserver::new();
    /// observer
    ///     .expect_on_event()
    ///     .withf(|event| *event == Event::StampDrifted)
    ///     .times(1)
    ///     .return_const(());
    /// observer.on_event(&Event::StampDrifted);
    /// ```
    #[derive(Debug)]
    pub Observer {}

    impl Observer for Observer {
        fn on_event(&self, event: &Event);
    }
}
