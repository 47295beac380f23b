//! Faults on purpose: makes the n-th store operation or outbound request fail or wait, for tests.
//!
//! A [`FaultPlan`] is shared: rules can be added while the host runs. Without rules it costs one atomic load.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::store::StoreOperation;

/// A request a guest is about to make, as a rule sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundRequest {
    /// The component that makes it.
    pub component: String,
    /// The method, in capitals.
    pub method: String,
    /// The whole URI. For service chaining the host is `<component>.spin.internal`.
    pub uri: String,
}

/// What a rule does to an operation it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Fails and is not applied. A store answers with this text, an outbound request is refused.
    FailBefore(String),
    /// Is applied (sent and answered), and then reported as failed: the ambiguous error.
    FailAfter(String),
    /// Waits, then goes on as usual.
    Delay(Duration),
}

type Matches<T> = Box<dyn Fn(&T) -> bool + Send + Sync>;

enum Site {
    Store(Matches<StoreOperation>),
    Outbound(Matches<OutboundRequest>),
}

/// One rule: where, which of the matching ones, and what then.
pub struct Fault {
    site: Site,
    skip: u64,
    times: u64,
    effect: Effect,
}

impl Fault {
    /// A rule about store operations that `matches` accepts: every one of them, until [`Fault::nth`] or
    /// [`Fault::times`] says otherwise.
    pub fn store(effect: Effect, matches: impl Fn(&StoreOperation) -> bool + Send + Sync + 'static) -> Self {
        Self { site: Site::Store(Box::new(matches)), skip: 0, times: u64::MAX, effect }
    }

    /// A rule about requests guests make, service chaining included.
    pub fn outbound(effect: Effect, matches: impl Fn(&OutboundRequest) -> bool + Send + Sync + 'static) -> Self {
        Self { site: Site::Outbound(Box::new(matches)), skip: 0, times: u64::MAX, effect }
    }

    /// Only from the `n`-th match on, counted from 1, and if nothing else is said only that one.
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        self.skip = n.saturating_sub(1);
        if self.times == u64::MAX {
            self.times = 1;
        }
        self
    }

    /// At most this many times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    /// Counts a match; true when the effect is due.
    fn due(&mut self) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        let due = self.times > 0;
        self.times = self.times.saturating_sub(1);
        due
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let site = match self.site {
            Site::Store(_) => "store",
            Site::Outbound(_) => "outbound",
        };
        write!(f, "Fault({site}, skip {}, times {}, {:?})", self.skip, self.times, self.effect)
    }
}

/// The rules in force, in the order they were added; the first that is due decides. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan(Arc<Plan>);

#[derive(Debug, Default)]
struct Plan {
    active: AtomicBool,
    rules: Mutex<Vec<Fault>>,
}

impl FaultPlan {
    /// A plan without rules.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule.
    pub fn add(&self, fault: Fault) {
        let mut rules = self.0.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.push(fault);
        self.0.active.store(true, Ordering::Release);
    }

    /// Removes all rules.
    pub fn clear(&self) {
        let mut rules = self.0.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.clear();
        self.0.active.store(false, Ordering::Release);
    }

    pub(crate) fn for_store(&self, operation: impl FnOnce() -> StoreOperation) -> Option<Effect> {
        self.decide(operation, |site, operation| matches!(site, Site::Store(matches) if matches(operation)))
    }

    pub(crate) fn for_outbound(&self, request: impl FnOnce() -> OutboundRequest) -> Option<Effect> {
        self.decide(request, |site, request| matches!(site, Site::Outbound(matches) if matches(request)))
    }

    fn decide<T>(&self, subject: impl FnOnce() -> T, matches: impl Fn(&Site, &T) -> bool) -> Option<Effect> {
        if !self.0.active.load(Ordering::Acquire) {
            return None;
        }
        let subject = subject();
        let mut rules = self.0.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let mut decided = None;
        for rule in rules.iter_mut().filter(|rule| matches(&rule.site, &subject)) {
            if rule.due() && decided.is_none() {
                decided = Some(rule.effect.clone());
            }
        }
        decided
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreOperationKind;

    fn operation() -> StoreOperation {
        StoreOperation {
            component: "intake".to_owned(),
            store: "default".to_owned(),
            kind: StoreOperationKind::Set,
            keys: vec!["a".to_owned()],
        }
    }

    fn hits(plan: &FaultPlan, count: usize) -> Vec<bool> {
        (0..count).map(|_| plan.for_store(operation).is_some()).collect()
    }

    #[test]
    fn nth_hits_once() {
        let plan = FaultPlan::new();
        plan.add(Fault::store(Effect::FailBefore("no".to_owned()), |op| op.kind == StoreOperationKind::Set).nth(2));
        assert_eq!(hits(&plan, 4), [false, true, false, false]);
    }

    #[test]
    fn nth_and_times_hit_a_row() {
        let plan = FaultPlan::new();
        plan.add(Fault::store(Effect::FailBefore("no".to_owned()), |_| true).nth(2).times(2));
        assert_eq!(hits(&plan, 4), [false, true, true, false]);
    }

    #[test]
    fn every_match_until_cleared() {
        let plan = FaultPlan::new();
        plan.add(Fault::store(Effect::FailAfter("no".to_owned()), |op| op.keys == ["a"]));
        assert_eq!(hits(&plan, 2), [true, true]);
        plan.clear();
        assert_eq!(hits(&plan, 1), [false]);
    }
}
