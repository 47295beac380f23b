//! Switches that take single safeguards out of the ledger, for the simulator to prove that it
//! notices. Without the feature `mutants` every question is answered `false` at compile time.

/// A safeguard that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// The tick steps over a slot whose writer has not come yet.
    SkipHoles,
    /// A writer does not look whether its slot was fenced meanwhile.
    NoWriterCheck,
    /// The sealer does not read fenced slots again before it voids them.
    NoFenceReread,
    /// Every sealed event counts as the first of its id.
    NoDedupe,
    /// Projections are written under a fixed name.
    FixedProjection,
    /// Timers are filed by their due minute, even if that minute is closed.
    NoClamp,
    /// Only the newest write id is compared when a swap was ambiguous.
    LastWriteOnly,
    /// Slots are voided by a tombstone, swapped in on the absent key.
    VoidByTombstone,
    /// A tick ignores other ticks' leases, and does not check at the end that it still owns the root.
    NoOwner,
    /// A change does not look whether its timer's minute was closed meanwhile.
    NoLateTimerCheck,
    /// A timer of a change that is still in flight is dropped when it fires too early.
    NoRearm,
    /// An update is merged whenever it is met.
    NoMergeMark,
    /// Counts of a change are appended after it, and nobody makes up for a crash in between.
    NoSettle,
    /// Erasure reaches only what is sealed at that moment.
    EraseOnce,
    /// A tick counts the timers of a minute before it has closed the minute.
    SweepBeforeClose,
    /// A job that did not reach its receiver is listed after its record says so.
    ListLate,
    /// A tick ends with its work, without a last look for what came meanwhile.
    NoLastLook,
    /// A timer that was put beside earlier ones is not moved to its own minute.
    NoMove,
    /// A tick that has let events gather ends without giving the shard back.
    NoGiveBack,
    /// A tick does not look whether it still owns the shard when it reads where journals end.
    NoRowCheck,
    /// Retention names a record as garbage without telling those who change it.
    NoRetireMark,
    /// An id that is garbage stays it when a new record takes it.
    KeepIdInGarbage,
}

#[cfg(feature = "mutants")]
impl Mutation {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::SkipHoles,
        Self::NoWriterCheck,
        Self::NoFenceReread,
        Self::NoDedupe,
        Self::FixedProjection,
        Self::NoClamp,
        Self::LastWriteOnly,
        Self::VoidByTombstone,
        Self::NoOwner,
        Self::NoLateTimerCheck,
        Self::NoRearm,
        Self::NoMergeMark,
        Self::NoSettle,
        Self::EraseOnce,
        Self::SweepBeforeClose,
        Self::ListLate,
        Self::NoLastLook,
        Self::NoMove,
        Self::NoGiveBack,
        Self::NoRowCheck,
        Self::NoRetireMark,
        Self::KeepIdInGarbage,
    ];
}

/// What is left out of a ledger: nothing, in the product.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mutations {
    #[cfg(feature = "mutants")]
    pub(crate) active: Option<Mutation>,
}

impl Mutations {
    /// Whether a safeguard is left out.
    #[cfg(feature = "mutants")]
    pub(crate) fn has(self, mutation: Mutation) -> bool {
        self.active == Some(mutation)
    }

    /// Whether a safeguard is left out: never.
    #[cfg(not(feature = "mutants"))]
    #[inline(always)]
    pub(crate) fn has(self, _: Mutation) -> bool {
        false
    }
}
