use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::saga::{Effect, Probe, SagaStep, StepContext, StepError};

use crate::shop::{Card, Order, Shop};

/// Opens the order.
#[derive(Debug)]
pub(crate) struct Create(pub(crate) Shop);

#[async_trait]
impl SagaStep for Create {
    type Input = Order;
    type Output = String;

    async fn execute(&self, order: &Order, context: &StepContext) -> Result<String, StepError> {
        let (number, key) = (context.saga().to_string(), context.idempotency_key().to_string());
        let mut books = self.0.open();
        if books.opened.done(&key)?.is_none() {
            books.opened.enter(&key, number.clone());
            println!("  {number} is open, for {}", order.customer);
        }
        Ok(number)
    }

    async fn compensate(
        &self,
        _: &Order,
        _: Effect<String>,
        context: &StepContext,
    ) -> Result<(), StepError> {
        if let Some(number) = self.0.open().opened.undo(&context.idempotency_key().to_string()) {
            println!("  {number} is cancelled");
        }
        Ok(())
    }
}

/// Takes pieces off the shelf.
#[derive(Debug)]
pub(crate) struct Reserve(pub(crate) Shop);

#[async_trait]
impl SagaStep for Reserve {
    type Input = Order;
    type Output = ();

    async fn execute(&self, order: &Order, context: &StepContext) -> Result<(), StepError> {
        let mut books = self.0.open();
        let key = context.idempotency_key().to_string();
        if books.reserved.done(&key)?.is_some() {
            return Ok(());
        }
        let left = books.stock.checked_sub(order.pieces);
        books.stock = left.ok_or_else(|| {
            StepError::rejected(format!("{} are left of the {} wanted", books.stock, order.pieces))
        })?;
        books.reserved.enter(&key, order.pieces);
        println!("  {} reserved", order.pieces);
        Ok(())
    }

    async fn compensate(
        &self,
        _: &Order,
        _: Effect<()>,
        context: &StepContext,
    ) -> Result<(), StepError> {
        let mut books = self.0.open();
        if let Some(pieces) = books.reserved.undo(&context.idempotency_key().to_string()) {
            books.stock += pieces;
            println!("  {pieces} back on the shelf");
        }
        Ok(())
    }
}

/// Takes the money.
#[derive(Debug)]
pub(crate) struct Charge(pub(crate) Shop);

#[async_trait]
impl SagaStep for Charge {
    type Input = Order;
    type Output = u32;

    async fn execute(&self, order: &Order, context: &StepContext) -> Result<u32, StepError> {
        let cents = order.pieces * 1_000;
        if order.card == Card::Declined {
            return Err(StepError::rejected("the card is declined"));
        }
        let key = context.idempotency_key().to_string();
        {
            let mut books = self.0.open();
            if books.charged.done(&key)?.is_some() {
                return Ok(cents);
            }
            books.charged.enter(&key, cents);
        }
        println!("  the bank books {cents} cents");
        if order.card == Card::Slow {
            // Longer than the step may take.
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        Ok(cents)
    }

    async fn compensate(
        &self,
        _: &Order,
        charged: Effect<u32>,
        context: &StepContext,
    ) -> Result<(), StepError> {
        let paid_back = self.0.open().charged.undo(&context.idempotency_key().to_string());
        println!("  paid back {paid_back:?}, told {charged:?}");
        Ok(())
    }

    /// What the bank says of a payment whose answer nobody heard.
    async fn probe(&self, _: &Order, context: &StepContext) -> Result<Probe<u32>, StepError> {
        let booked = self.0.open().charged.done(&context.idempotency_key().to_string())?;
        println!("  no answer; the bank is asked: {booked:?}");
        Ok(booked.map_or(Probe::Absent, Probe::Done))
    }
}

/// Tells the customer.
#[derive(Debug)]
pub(crate) struct Confirm(pub(crate) Shop);

#[async_trait]
impl SagaStep for Confirm {
    type Input = (String, u32);
    type Output = String;

    async fn execute(
        &self,
        (number, cents): &(String, u32),
        context: &StepContext,
    ) -> Result<String, StepError> {
        let (key, mut books) = (context.idempotency_key().to_string(), self.0.open());
        if books.confirmed.done(&key)?.is_none() {
            books.confirmed.enter(&key, number.clone());
        }
        Ok(format!("{number} is confirmed, {cents} cents paid"))
    }

    async fn compensate(
        &self,
        _: &(String, u32),
        _: Effect<String>,
        context: &StepContext,
    ) -> Result<(), StepError> {
        self.0.open().confirmed.undo(&context.idempotency_key().to_string());
        Ok(())
    }
}
