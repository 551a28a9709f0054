use std::fmt;
use std::time::Duration;

use adapters::customer::Customer;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::repository::Access;
use strangler_fig::saga::{
    BarrierCall, Effect, Payload, SagaBarrier, SagaStep, StepContext, StepError, Verdict,
};
use tokio::time::sleep;

use crate::site::Customers;

/// Time for a process to die in.
const MOMENT: Duration = Duration::from_millis(5);

/// A step that counts, in a row of its own, how often it was executed and undone.
pub(crate) struct Counted<C, B> {
    pub(crate) customers: C,
    /// Without one, whatever comes is done.
    pub(crate) barrier: Option<B>,
}

impl<C, B> fmt::Debug for Counted<C, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counted")
    }
}

impl<C: Customers, B: SagaBarrier<Transaction = C::Transaction>> Counted<C, B> {
    /// Makes a call once: the effect, what the barrier has seen, and the answer are
    /// committed together.
    async fn once(
        &self,
        context: &StepContext,
        output: Option<&Payload>,
        change: impl Fn(&mut Customer) + Send,
    ) -> Result<Verdict, StoreError> {
        let call = BarrierCall::of(context);
        let id = context.idempotency_key().to_string().into_bytes();
        let mut open = self.customers.begin(Access::Write).await?;
        let verdict = match &self.barrier {
            Some(barrier) => barrier.enter(&mut open, &call).await?,
            None => Verdict::Run,
        };
        sleep(MOMENT).await;
        if verdict == Verdict::Run {
            let found = self.customers.find_in(&mut open, &id).await?;
            let mut customer = found.unwrap_or_else(|| nobody(id));
            change(&mut customer);
            self.customers.save_in(&mut open, &customer).await?;
            if let (Some(barrier), Some(output)) = (&self.barrier, output) {
                barrier.record(&mut open, &call, output).await?;
            }
        }
        self.customers.commit(open).await?;
        sleep(MOMENT).await;
        Ok(verdict)
    }
}

fn nobody(id: Vec<u8>) -> Customer {
    Customer {
        id,
        name: "an effect".to_owned(),
        email: None,
        balance: 0,
        joined: 0,
        visits: 0,
        is_active: true,
        seal: None,
    }
}

#[async_trait]
impl<C, B> SagaStep for Counted<C, B>
where
    C: Customers,
    B: SagaBarrier<Transaction = C::Transaction>,
{
    type Input = u32;
    type Output = u32;

    async fn execute(&self, order: &u32, context: &StepContext) -> Result<u32, StepError> {
        if context.step().as_str() == "ship" && order.is_multiple_of(5) {
            return Err(StepError::rejected("sold out"));
        }
        let output = Payload::of(order).map_err(StepError::rejected)?;
        let count = |customer: &mut Customer| customer.visits += 1;
        match self.once(context, Some(&output), count).await? {
            Verdict::Run => Ok(*order),
            Verdict::Duplicate(Some(output)) => output.read().map_err(StepError::rejected),
            other => Err(StepError::rejected(format!("it is too late: {other:?}"))),
        }
    }

    async fn compensate(
        &self,
        _: &u32,
        _: Effect<u32>,
        context: &StepContext,
    ) -> Result<(), StepError> {
        let count = |customer: &mut Customer| customer.balance += 1;
        self.once(context, None, count).await?;
        Ok(())
    }
}
