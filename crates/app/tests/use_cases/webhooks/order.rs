//! Events of survey platforms about one response: corrections that say yes to being contacted, retries, and what comes in
//! another order than it was said.

use super::{SECRET, headers, post};
use crate::stage::yes::Yes;
use crate::stage::{self, Setting, Stage};
use futures::executor::block_on;
use ringback_core::consent::{Blocked, ContactChannel, Decision, Purpose};
use ringback_core::feedback::Customer;
use ringback_ledger::StoreKind;
use ringback_test_support::Nobody;
use serde_json::{Value, json};

struct World(Stage);

fn world(kind: StoreKind) -> World {
    let variables = [("crm_webhook_secret", SECRET)];
    World(stage::open(&Setting { kind, variables: &variables, ..Setting::default() }))
}

/// What the ticket system sends of a ticket: the effort it took, and whether the customer may be called.
fn ticket(effort: u8, may_call: bool) -> Value {
    json!({
        "ticket": { "id": "T-1" },
        "answers": { "effort": effort, "contact_ok": may_call },
        "customer": { "number": "C-7", "phone": "+49 30 1234567" },
    })
}

impl World {
    /// Sends an event under an id, a second after the one before, and lets the tick seal it.
    fn send(&self, id: &str, event: &Value) -> String {
        self.0.clock.advance(1);
        let taken = self.take(id, event);
        self.tick();
        taken
    }

    fn take(&self, id: &str, event: &Value) -> String {
        post(&self.0, id, event)
    }

    fn tick(&self) {
        let _ = block_on(self.0.app.ledger.tick(&Nobody)).expect("ticks");
    }

    fn shown(&self, id: &str) -> Value {
        let reply = block_on(self.0.app.get_feedback(id, &headers("agent"))).expect("an answer");
        serde_json::from_slice(reply.body()).expect("JSON")
    }

    fn score(&self, id: &str) -> u64 {
        self.shown(id)["score"].as_u64().expect("a score")
    }

    /// How often the answer was corrected, as its case's history says.
    fn corrections(&self, id: &str) -> usize {
        let reply = block_on(self.0.app.get_case(id, &headers("agent"), &Yes)).expect("a case");
        let case: Value = serde_json::from_slice(reply.body()).expect("JSON");
        let history = case["history"].as_array().expect("a history");
        history.iter().filter(|entry| entry["event"] == "feedback.updated").count()
    }

    fn gate(&self) -> Decision {
        let customer = Customer { id: Some("C-7".into()), ..Customer::default() };
        let gate = self.0.app.may_contact(&customer, ContactChannel::Phone, Purpose::FollowUp);
        block_on(gate).expect("an answer")
    }
}

#[test]
fn going_back_counts_and_no_retry_undoes_what_is_newer() {
    for kind in [StoreKind::Sqlite, StoreKind::Redis] {
        let w = world(kind);
        let id = w.send("msg-1", &ticket(2, false));
        w.send("msg-2", &ticket(3, false));
        assert_eq!((w.score(&id), w.corrections(&id)), (3, 1), "{kind:?}");
        w.send("msg-1", &ticket(2, false));
        assert_eq!((w.score(&id), w.corrections(&id)), (3, 1), "{kind:?}: a retry that comes after what is newer");
        w.send("msg-3", &ticket(2, false));
        assert_eq!((w.score(&id), w.corrections(&id)), (2, 2), "{kind:?}: the last word counts");
        for (retried, effort) in [("msg-2", 3), ("msg-1", 2), ("msg-3", 2)] {
            w.send(retried, &ticket(effort, false));
            assert_eq!((w.score(&id), w.corrections(&id)), (2, 2), "{kind:?}: {retried} once more");
        }
    }
}

#[test]
fn retries_that_arrive_before_anything_is_sealed_change_nothing_either() {
    for kind in [StoreKind::Sqlite, StoreKind::Redis] {
        let w = world(kind);
        let id = w.take("msg-1", &ticket(2, false));
        for (message, effort) in [("msg-2", 3), ("msg-1", 2), ("msg-3", 2), ("msg-2", 3)] {
            w.take(message, &ticket(effort, false));
        }
        w.tick();
        assert_eq!((w.score(&id), w.corrections(&id)), (2, 2), "{kind:?}");
    }
}

/// What it says besides is a repeat with it: a yes from before must take back no refusal.
#[test]
fn an_equal_event_that_says_yes_is_a_repeat_under_any_id() {
    let w = world(StoreKind::Sqlite);
    let id = w.send("msg-1", &ticket(2, true));
    w.send("msg-2", &ticket(3, false));
    assert_eq!(w.gate(), Decision::Blocked(Blocked::Withdrawn));
    w.send("msg-3", &ticket(2, true));
    assert_eq!((w.score(&id), w.gate()), (3, Decision::Blocked(Blocked::Withdrawn)));
    w.send("msg-4", &ticket(1, true));
    assert!(matches!(w.gate(), Decision::Allowed(_)), "what was never said before is said anew");
}

/// Erasing an answer must not make its customer's later no a repeat of an earlier one.
#[test]
fn the_last_word_counts_after_an_erasure_too() {
    let w = world(StoreKind::Sqlite);
    let id = w.send("msg-1", &ticket(2, true));
    assert!(block_on(w.0.app.delete_feedback(&id, &headers("admin"))).expect("erased").status().is_success());
    assert!(!matches!(w.gate(), Decision::Allowed(_)));
    w.send("msg-2", &ticket(3, false));
    w.send("msg-3", &ticket(1, true));
    assert!(matches!(w.gate(), Decision::Allowed(_)));
    w.send("msg-4", &ticket(3, false));
    assert_eq!(w.gate(), Decision::Blocked(Blocked::Withdrawn));
}
