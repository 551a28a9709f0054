use crate::phase::name;

name! {
    /// Which kind of saga.
    ///
    /// ```
    /// use strangler_fig::saga::SagaName;
    ///
    /// let checkout: SagaName = "checkout".parse()?;
    /// assert_eq!(checkout.as_str(), "checkout");
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    SagaName
}

name! {
    /// Which step of a saga.
    ///
    /// ```
    /// use strangler_fig::saga::StepName;
    ///
    /// let charge: StepName = "charge-card".parse()?;
    /// assert_eq!(charge.as_str(), "charge-card");
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    StepName
}
