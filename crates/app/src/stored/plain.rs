//! The stored form of plain values: texts, numbers, instants, lists, and what may be absent.

use super::{Stored, Unreadable};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A value of another form; the field's name is added by whoever reads the object.
pub(super) const OTHER: Unreadable = Unreadable("");

impl Stored for String {
    fn store(&self) -> Value {
        Value::String(self.clone())
    }

    fn restore(value: &Value) -> Result<Self, Unreadable> {
        value.as_str().map(str::to_owned).ok_or(OTHER)
    }
}

impl Stored for bool {
    fn store(&self) -> Value {
        Value::Bool(*self)
    }

    fn restore(value: &Value) -> Result<Self, Unreadable> {
        value.as_bool().ok_or(OTHER)
    }
}

impl Stored for f64 {
    fn store(&self) -> Value {
        Value::from(*self)
    }

    fn restore(value: &Value) -> Result<Self, Unreadable> {
        value.as_f64().ok_or(OTHER)
    }
}

/// Whole numbers without a sign.
macro_rules! whole {
    ($($kind:ty),+) => {$(
        impl Stored for $kind {
            fn store(&self) -> Value {
                Value::from(*self)
            }

            fn restore(value: &Value) -> Result<Self, Unreadable> {
                value.as_u64().and_then(|n| Self::try_from(n).ok()).ok_or(OTHER)
            }
        }
    )+};
}

whole!(u8, u32, u64);

/// RFC 3339 in UTC.
impl Stored for DateTime<Utc> {
    fn store(&self) -> Value {
        Value::String(self.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }

    fn restore(value: &Value) -> Result<Self, Unreadable> {
        let text = value.as_str().ok_or(OTHER)?;
        DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc)).map_err(|_| OTHER)
    }
}

/// A day, as RFC 3339 writes it.
impl Stored for NaiveDate {
    fn store(&self) -> Value {
        Value::String(self.to_string())
    }

    fn restore(value: &Value) -> Result<Self, Unreadable> {
        value.as_str().and_then(|text| text.parse().ok()).ok_or(OTHER)
    }
}

impl<T: Stored> Stored for Option<T> {
    fn store(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::store)
    }

    fn restore(value: &Value) -> Result<Self, Unreadable> {
        T::restore(value).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// An empty list is not written.
impl<T: Stored> Stored for Vec<T> {
    fn store(&self) -> Value {
        match self.is_empty() {
            true => Value::Null,
            false => Value::Array(self.iter().map(T::store).collect()),
        }
    }

    fn restore(value: &Value) -> Result<Self, Unreadable> {
        value.as_array().ok_or(OTHER)?.iter().map(T::restore).collect()
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

/// An empty map is not written.
impl<T: Stored> Stored for BTreeMap<String, T> {
    fn store(&self) -> Value {
        if self.is_empty() {
            return Value::Null;
        }
        let mut object = Map::new();
        for (name, value) in self {
            object.insert(name.clone(), value.store());
        }
        Value::Object(object)
    }

    fn restore(value: &Value) -> Result<Self, Unreadable> {
        let mut map = Self::new();
        for (name, value) in value.as_object().ok_or(OTHER)? {
            map.insert(name.clone(), T::restore(value)?);
        }
        Ok(map)
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}
