//! Counting store operations and making them fail on purpose.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::faults::{Effect, FaultPlan};

use super::StoreError;

/// The kinds of store operation, by what the store is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StoreOperationKind {
    /// One value is read.
    Get,
    /// Whether a key exists is read.
    Exists,
    /// Several values are read in one operation.
    GetMany,
    /// All keys are listed.
    ListKeys,
    /// The value of a compare-and-swap is read.
    CasCurrent,
    /// One value is written.
    Set,
    /// Several values are written in one transaction.
    SetMany,
    /// One key is removed.
    Delete,
    /// Several keys are removed in one transaction.
    DeleteMany,
    /// A counter is moved.
    Increment,
    /// A compare-and-swap is attempted.
    Swap,
}

impl StoreOperationKind {
    /// All kinds, reads first.
    pub const ALL: [Self; 11] = [
        Self::Get,
        Self::Exists,
        Self::GetMany,
        Self::ListKeys,
        Self::CasCurrent,
        Self::Set,
        Self::SetMany,
        Self::Delete,
        Self::DeleteMany,
        Self::Increment,
        Self::Swap,
    ];

    /// Whether it writes: then it is one transaction.
    #[must_use]
    pub fn writes(self) -> bool {
        !matches!(self, Self::Get | Self::Exists | Self::GetMany | Self::ListKeys | Self::CasCurrent)
    }
}

/// One store operation, as a fault rule sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOperation {
    /// The component that asks.
    pub component: String,
    /// The store's label.
    pub store: String,
    /// What is asked.
    pub kind: StoreOperationKind,
    /// The keys it is about; none for a listing.
    pub keys: Vec<String>,
}

/// How many operations guests asked for since the host started, failed ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreCounts([u64; StoreOperationKind::ALL.len()]);

impl StoreCounts {
    /// Operations of one kind.
    #[must_use]
    pub fn of(&self, kind: StoreOperationKind) -> u64 {
        self.0[kind as usize]
    }

    /// Operations that only read.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.sum(|kind| !kind.writes())
    }

    /// Operations that write, each one transaction.
    #[must_use]
    pub fn write_transactions(&self) -> u64 {
        self.sum(StoreOperationKind::writes)
    }

    /// What happened since an earlier count.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut difference = *self;
        for (count, earlier) in difference.0.iter_mut().zip(earlier.0) {
            *count = count.saturating_sub(earlier);
        }
        difference
    }

    fn sum(&self, include: impl Fn(StoreOperationKind) -> bool) -> u64 {
        StoreOperationKind::ALL.into_iter().filter(|kind| include(*kind)).map(|kind| self.of(kind)).sum()
    }
}

/// Counts and faults around every operation.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    counts: [AtomicU64; StoreOperationKind::ALL.len()],
    faults: FaultPlan,
}

impl Watch {
    pub fn new(faults: FaultPlan) -> Self {
        Self { counts: Default::default(), faults }
    }

    pub fn counts(&self) -> StoreCounts {
        let mut counts = StoreCounts::default();
        for (count, counter) in counts.0.iter_mut().zip(&self.counts) {
            *count = counter.load(Ordering::Relaxed);
        }
        counts
    }

    /// Does the work, unless the plan says otherwise.
    pub async fn around<T>(
        &self,
        operation: impl FnOnce() -> super::StoreOperation,
        kind: StoreOperationKind,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.counts[kind as usize].fetch_add(1, Ordering::Relaxed);
        match self.faults.for_store(operation) {
            None => work.await,
            Some(Effect::FailBefore(reason)) => Err(StoreError::Other(reason)),
            Some(Effect::FailAfter(reason)) => {
                work.await?;
                Err(StoreError::Other(reason))
            }
            Some(Effect::Delay(time)) => {
                wait(time).await;
                work.await
            }
        }
    }
}

async fn wait(time: Duration) {
    tokio::time::sleep(time).await;
}
