//! Between the ledger's Unix seconds and the calendar's instants.

use chrono::{DateTime, Datelike, Utc};

/// Unix seconds of an instant; instants before 1970 count as 0.
#[must_use]
pub fn unix(at: DateTime<Utc>) -> u64 {
    u64::try_from(at.timestamp()).unwrap_or(0)
}

/// The instant of Unix seconds; seconds beyond the calendar count as its end.
#[must_use]
pub fn from_unix(seconds: u64) -> DateTime<Utc> {
    i64::try_from(seconds).ok().and_then(|s| DateTime::from_timestamp(s, 0)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The day of an instant in UTC, as the number yyyymmdd.
#[must_use]
pub fn day_of(at: DateTime<Utc>) -> u32 {
    let year = u32::try_from(at.year()).unwrap_or(0);
    year * 10_000 + at.month() * 100 + at.day()
}
