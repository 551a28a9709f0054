use async_trait::async_trait;
use mockall::mock;

use crate::error::StoreError;
use crate::saga::{
    BarrierCall, Effect, Payload, Probe, SagaBarrier, SagaStep, StepContext, StepError, StepOutput,
    Verdict,
};

mock! {
    /// A mock of [`SagaStep`](crate::saga::SagaStep) that takes `I`s and hands on `O`s.
    ///
    /// ```
    /// use strangler_fig::mock::MockSagaStep;
    /// use strangler_fig::saga::{SagaStep, StepContext, StepError};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut charge = MockSagaStep::<u32, String>::new();
    /// charge.expect_execute().returning(|_, _| Err(StepError::unknown("timeout")));
    /// let context = StepContext::new("order:4711".parse()?, "charge".parse()?);
    /// assert!(charge.execute(&700, &context).await.unwrap_err().is_in_doubt());
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub SagaStep<I: Send + Sync + 'static, O: StepOutput> {}

    #[async_trait]
    impl<I: Send + Sync + 'static, O: StepOutput> SagaStep for SagaStep<I, O> {
        type Input = I;
        type Output = O;

        async fn execute(&self, input: &I, context: &StepContext) -> Result<O, StepError>;
        async fn compensate(
            &self,
            input: &I,
            effect: Effect<O>,
            context: &StepContext,
        ) -> Result<(), StepError>;
        async fn probe(&self, input: &I, context: &StepContext) -> Result<Probe<O>, StepError>;
    }
}

mock! {
    /// A mock of [`SagaBarrier`](crate::saga::SagaBarrier) whose transactions are `T`s.
    ///
    /// ```
    /// use strangler_fig::mock::MockSagaBarrier;
    /// use strangler_fig::saga::{BarrierCall, Direction, SagaBarrier, Verdict};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut barrier = MockSagaBarrier::<()>::new();
    /// barrier.expect_enter().returning(|_, _| Ok(Verdict::Hanging));
    /// let (saga, step) = ("order:4711".parse()?, "charge".parse()?);
    /// let charge = BarrierCall { saga, step, direction: Direction::Execute, epoch: 1 };
    /// assert_eq!(barrier.enter(&mut (), &charge).await?, Verdict::Hanging);
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub SagaBarrier<T: Send + Sync + 'static> {}

    #[async_trait]
    impl<T: Send + Sync + 'static> SagaBarrier for SagaBarrier<T> {
        type Transaction = T;

        async fn enter(
            &self,
            transaction: &mut T,
            call: &BarrierCall,
        ) -> Result<Verdict, StoreError>;
        async fn record(
            &self,
            transaction: &mut T,
            call: &BarrierCall,
            output: &Payload,
        ) -> Result<(), StoreError>;
    }
}
