//! The stored form of the records, as JSON values: which fields there are, and how they are written and read.
//!
//! Written out by hand instead of derived: a derived reader is compiled once for every type and every way it is called,
//! which made up a tenth of a component. A field that is absent takes its default, so that what an older writer stored
//! stays readable; a field that nobody knows is left alone. No rule and no I/O lives here.

mod plain;
mod records;

use serde_json::{Map, Value};

/// The form of what is stored, by the ledger and by the application. It goes up by one with each version whose values an
/// older one must not write: because what it does not know would be dropped, and missed.
pub(crate) const FORMAT: u64 = 1;

/// A value that could not be read back. Names the field, never what stood in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stored field `{0}` is missing or not understood")]
pub struct Unreadable(pub &'static str);

/// What has a stored form.
pub trait Stored: Sized {
    /// Writes it; null for what need not be written.
    fn store(&self) -> Value;

    /// Reads it back.
    ///
    /// # Errors
    /// When the value has another form.
    fn restore(value: &Value) -> Result<Self, Unreadable>;

    /// What an absent field means; none where a field must be there.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }
}

/// What is stored field by field.
pub trait Fields {
    /// The type's name.
    const NAME: &'static str;
    /// Its fields, in the order in which they are written.
    const FIELDS: &'static [&'static str];
}

/// Every type of which something about a person is stored, with its fields: what the register of `docs/privacy.md` is made
/// from, so that no field can be left out there.
#[must_use]
pub fn register() -> Vec<(&'static str, &'static [&'static str])> {
    use crate::dossier::{Dossier, Message, Report};
    use ringback_core::alert::Delivery;
    use ringback_core::case::{Allotment, Case, HistoryEntry, Later, Task, Waiting};
    use ringback_core::consent::Statement;
    use ringback_core::feedback::{Account, Customer, Feedback};
    fn of<T: Fields>() -> (&'static str, &'static [&'static str]) {
        (T::NAME, T::FIELDS)
    }
    vec![
        of::<Dossier>(),
        of::<Feedback>(),
        of::<Customer>(),
        of::<Account>(),
        of::<Statement>(),
        of::<Case>(),
        of::<HistoryEntry>(),
        of::<Waiting>(),
        of::<Task>(),
        of::<Later>(),
        of::<Allotment>(),
        of::<Delivery>(),
        of::<Message>(),
        of::<Report>(),
    ]
}

/// Puts a field into an object, unless there is nothing to say.
pub(crate) fn put(object: &mut Map<String, Value>, name: &'static str, value: Value) {
    if !value.is_null() {
        object.insert(name.to_owned(), value);
    }
}

/// Takes a field out of an object.
pub(crate) fn take<T: Stored>(object: &Value, name: &'static str) -> Result<T, Unreadable> {
    match object.get(name) {
        None | Some(Value::Null) => T::absent().ok_or(Unreadable(name)),
        Some(value) => T::restore(value).map_err(|inner| if inner.0.is_empty() { Unreadable(name) } else { inner }),
    }
}

/// An object; null when nothing was to be said.
pub(crate) fn object(fields: Map<String, Value>) -> Value {
    if fields.is_empty() { Value::Null } else { Value::Object(fields) }
}

/// Gives a struct its stored form: an object with the fields named. With `or default` it may be absent as a whole.
macro_rules! stored {
    ($kind:ty { $($field:ident),+ $(,)? } $(or $absent:ident)?) => {
        impl $crate::stored::Stored for $kind {
            fn store(&self) -> serde_json::Value {
                let mut fields = serde_json::Map::new();
                $($crate::stored::put(&mut fields, stringify!($field), self.$field.store());)+
                $crate::stored::object(fields)
            }

            fn restore(value: &serde_json::Value) -> Result<Self, $crate::stored::Unreadable> {
                Ok(Self { $($field: $crate::stored::take(value, stringify!($field))?),+ })
            }

            $(fn absent() -> Option<Self> {
                Some(<$kind>::$absent())
            })?
        }

        impl $crate::stored::Fields for $kind {
            const NAME: &'static str = stringify!($kind);
            const FIELDS: &'static [&'static str] = &[$(stringify!($field)),+];
        }
    };
}

pub(crate) use stored;
