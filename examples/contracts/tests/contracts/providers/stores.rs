use adapters::customer::Customer;
use serde_json::{Value, from_value};
use storefront::Failed;
use storefront::users::Side;
use strangler_fig::stamp::Record;

/// Brings a store into a state, if that is one of a store.
pub(crate) async fn set(store: &impl Side, state: &str, mut params: Value) -> Result<(), Failed> {
    match state {
        "a record is stored" => {
            let record: Record<Customer> = from_value(params["record"].take())?;
            let id = record.value.as_ref().ok_or("it has no value")?.id.clone();
            store.apply(&id, &record).await?;
            Ok(())
        }
        "a key was never written" => {
            let id: String = from_value(params["id"].take())?;
            let found = store.read(&id.into_bytes()).await?;
            if found == Record::absent() { Ok(()) } else { Err("it was".into()) }
        }
        other => Err(format!("{other:?} is no state that is known").into()),
    }
}
