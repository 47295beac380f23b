//! The life of a case, played event by event.

use super::*;
use crate::deadline::{Escalation, Policy, Step};
use crate::id::RouteId;
use crate::rule::Conditions;
use chrono::TimeDelta;

const TERMS: Terms = Terms {
    unreachable_after: 3,
    longest_wait_s: 10 * 86_400,
    may_overrule: false,
    goodwill_limit: Some(5_000),
    survey_after_s: Some(30 * 86_400),
};

fn at(hour: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + hour * 3600, 0).unwrap()
}

fn opened() -> Case {
    let rule = Rule {
        id: RuleId::new("detractor").unwrap(),
        when: Conditions::default(),
        then: Action {
            track: Track::Recovery,
            advocacy: None,
            priority: Priority::High,
            queue: Some(QueueId::new("care").unwrap()),
            deadlines: Some(PolicyId::new("standard").unwrap()),
            alert: None,
            owner: None,
            message: None,
        },
    };
    let policy = Policy {
        first_contact_s: 24 * 3600,
        closure_s: 48 * 3600,
        warn_at: 0.75,
        warn: None,
        escalations: vec![Escalation { after_s: 0, route: RouteId::new("lead").unwrap() }],
        calendar: None,
    };
    Case::open(&rule, &policy, "hash", at(0)).unwrap()
}

fn event(name: &str) -> CaseEvent {
    let queue = |name: &str| QueueId::new(name).unwrap();
    let contact = |outcome| CaseEvent::Contact { channel: Some(ContactChannel::Phone), outcome };
    match name {
        "acknowledge" => CaseEvent::Acknowledge,
        "assign" => CaseEvent::Assign { owner: Some("grace".into()), queue: None },
        "requeue" => CaseEvent::Assign { owner: None, queue: Some(queue("back-office")) },
        "reach" => contact(ContactOutcome::Reached),
        "miss" => contact(ContactOutcome::NotReached),
        "leave" => contact(ContactOutcome::MessageLeft),
        "wait" => CaseEvent::Wait { reason: "the carrier".into(), until: at(100) },
        "resume" => CaseEvent::Resume,
        "resolve" => CaseEvent::Resolve { root_cause: "late parcel".into(), remedy: None, goodwill: None },
        "inform" => CaseEvent::Inform { channel: ContactChannel::Phone },
        "close" => CaseEvent::Close { without_informing: None },
        "close-anyway" => CaseEvent::Close { without_informing: Some("moved away".into()) },
        "reopen" => CaseEvent::Reopen,
        "merge" => CaseEvent::Merge { into: "other".into() },
        "split" => CaseEvent::Split { department: queue("warehouse"), task: "count the stock".into() },
        "finish" => CaseEvent::FinishTask { task: 1 },
        other => panic!("no event {other}"),
    }
}

/// Plays events in order, one an hour; answers the case as it stands, or the refusal of the event that was refused.
fn play(events: &str) -> Result<Case, Refused> {
    let mut case = opened();
    for (hour, name) in (1..).zip(events.split_whitespace()) {
        case = case.apply(&event(name), "ada", "a note", at(hour), &TERMS)?;
    }
    Ok(case)
}

#[test]
fn each_way_leads_where_it_should() {
    for (events, expected) in [
        ("acknowledge", "acknowledged"),
        ("assign", "new"),
        ("miss", "acknowledged"),
        ("reach", "contacted"),
        ("leave", "contacted"),
        ("acknowledge reach resolve", "resolved"),
        ("acknowledge resolve inform close", "closed"),
        ("acknowledge resolve close-anyway", "closed"),
        ("acknowledge wait", "waiting"),
        ("reach wait resume", "contacted"),
        ("acknowledge wait reach", "contacted"),
        ("acknowledge wait miss", "waiting"),
        ("acknowledge wait resolve", "resolved"),
        ("miss miss miss", "unreachable"),
        ("miss miss leave miss", "unreachable"),
        ("miss miss reach miss miss", "contacted"),
        ("miss miss miss reach", "contacted"),
        ("miss miss miss close-anyway", "closed"),
        ("acknowledge resolve reopen", "reopened"),
        ("acknowledge resolve inform close reopen", "reopened"),
        ("acknowledge resolve inform close reopen reach resolve", "resolved"),
        ("acknowledge merge", "merged"),
        ("acknowledge split finish resolve", "resolved"),
    ] {
        assert_eq!(play(events).map(|case| case.state.as_str()), Ok(expected), "{events}");
    }
}

#[test]
fn what_a_state_does_not_allow_is_refused() {
    for events in [
        "resolve",
        "inform",
        "close",
        "wait",
        "resume",
        "reopen",
        "acknowledge acknowledge",
        "acknowledge close",
        "acknowledge resume",
        "acknowledge wait wait",
        "acknowledge resolve inform close reach",
        "acknowledge resolve inform close assign",
        "acknowledge merge reopen",
        "acknowledge merge acknowledge",
    ] {
        assert!(matches!(play(events), Err(Refused::NotFromHere { .. })), "{events}");
    }
    assert_eq!(play("acknowledge resolve close").map(drop), Err(Refused::NotInformed));
    assert_eq!(play("miss miss miss close").map(drop), Err(Refused::NotInformed));
    assert_eq!(play("acknowledge finish").map(drop), Err(Refused::NoSuchTask));
    assert_eq!(play("acknowledge split finish finish").map(drop), Err(Refused::NoSuchTask));
    let warehouse = QueueId::new("warehouse").unwrap();
    assert_eq!(play("acknowledge split resolve").map(drop), Err(Refused::OpenTask { task: 1, department: warehouse }));
}

/// What is said to be allowed is what is not refused for where the case stands.
#[test]
fn the_list_of_allowed_events_keeps_its_word() {
    let names = [
        "acknowledge",
        "assign",
        "reach",
        "wait",
        "resume",
        "resolve",
        "inform",
        "close-anyway",
        "reopen",
        "merge",
        "split",
        "finish",
    ];
    for events in [
        "",
        "acknowledge",
        "reach",
        "reach wait",
        "miss miss miss",
        "acknowledge resolve",
        "acknowledge resolve inform",
        "acknowledge resolve inform close",
        "acknowledge resolve reopen",
        "acknowledge merge",
        "split",
        "split finish",
        "acknowledge split",
    ] {
        let case = play(events).unwrap();
        for name in names {
            let event = event(name);
            let possible = case.apply(&event, "ada", "a note", at(50), &TERMS).is_ok();
            assert_eq!(case.allowed().contains(&event.kind()), possible, "{events}: {name}");
        }
    }
}

#[test]
fn contact_stops_the_first_clock_and_only_closing_stops_the_second() {
    let case = play("miss").unwrap();
    assert_eq!(case.first_contact.met_at, None);
    let case = play("miss reach").unwrap();
    assert_eq!((case.first_contact.met_at, case.closure.met_at), (Some(at(2)), None));
    let case = play("reach resolve inform close").unwrap();
    assert_eq!((case.first_contact.met_at, case.closure.met_at), (Some(at(1)), Some(at(4))));
    assert_eq!(case.due_next(), None);
}

#[test]
fn waiting_pauses_the_clocks_and_ends_at_its_limit() {
    let case = play("acknowledge wait").unwrap();
    assert_eq!((case.next_deadline_step(), case.due_next()), (Some(at(100)), Some(at(100))));
    let resumed = case.apply(&CaseEvent::Resume, "ada", "a note", at(12), &TERMS).unwrap();
    assert_eq!((resumed.first_contact.due_at, resumed.closure.due_at), (at(34), at(58)));
    let mut forgotten = case;
    assert_eq!(forgotten.advance_clocks(at(99)), []);
    assert_eq!(forgotten.state, State::Waiting);
    assert_eq!(forgotten.advance_clocks(at(101)), []);
    assert_eq!((forgotten.state, forgotten.first_contact.due_at), (State::Acknowledged, at(122)));
    assert_eq!(forgotten.history.last().map(|h| h.event.as_str()), Some("waiting.ended"));
}

#[test]
fn a_case_waits_neither_into_the_past_nor_for_ever() {
    let case = play("acknowledge").unwrap();
    let longest_s = TERMS.longest_wait_s;
    for until in [at(1), at(2), at(2) + TimeDelta::seconds(i64::from(longest_s) + 1)] {
        let wait = CaseEvent::Wait { reason: "the carrier".into(), until };
        assert_eq!(case.apply(&wait, "ada", "n", at(2), &TERMS), Err(Refused::WaitOutOfBounds { longest_s }));
    }
}

#[test]
fn a_reopened_case_has_all_its_time_before_it() {
    let mut late = play("reach resolve").unwrap();
    assert_eq!(late.advance_clocks(at(60)).len(), 1);
    for name in ["inform", "close", "reopen"] {
        late = late.apply(&event(name), "ada", "n", at(70), &TERMS).unwrap();
    }
    assert_eq!((late.closure.due_at, late.closure.level, late.closure.met_at), (at(118), 0, None));
    assert_eq!(late.clone().advance_clocks(at(70)), []);
    assert_eq!(late.closure_missed_at, Some(at(48)), "that it was missed stays known");
    assert_eq!(late.first_contact.met_at, Some(at(1)), "the first contact was made, whatever comes after");
    // Resolved too early and taken up again: that wins no time.
    let case = play("reach resolve reopen").unwrap();
    assert_eq!(case.closure.due_at, at(48));
}

#[test]
fn goodwill_above_the_limit_needs_somebody_without_one() {
    let case = play("acknowledge").unwrap();
    let resolve = |goodwill| CaseEvent::Resolve { root_cause: "late".into(), remedy: None, goodwill: Some(goodwill) };
    let by = |terms: &Terms, goodwill| case.apply(&resolve(goodwill), "ada", "n", at(2), terms);
    assert_eq!(by(&TERMS, 5_000).unwrap().goodwill, Some(5_000));
    let above = |limit, before| Refused::GoodwillAbove { limit, before };
    assert_eq!(by(&TERMS, 5_001), Err(above(5_000, 0)));
    assert_eq!(above(5_005, 0).to_string(), "goodwill above 50.05 needs a lead");
    assert_eq!(above(5_000, 205).to_string(), "goodwill above 50.00 (2.05 was granted before) needs a lead");
    assert!(by(&Terms { goodwill_limit: None, ..TERMS }, 100_000_000).is_ok());
}

#[test]
fn reopening_a_case_grants_nobody_more_goodwill() {
    let resolve = |goodwill| CaseEvent::Resolve { root_cause: "late".into(), remedy: None, goodwill };
    let by = |case: &Case, goodwill, terms: &Terms| case.apply(&resolve(goodwill), "ada", "n", at(9), terms);
    let again = |case: &Case| case.apply(&event("reopen"), "ada", "n", at(9), &TERMS).unwrap();
    let first = again(&by(&play("acknowledge").unwrap(), Some(3_000), &TERMS).unwrap());
    assert_eq!(by(&first, Some(2_001), &TERMS), Err(Refused::GoodwillAbove { limit: 5_000, before: 3_000 }));
    // What was granted stays granted, by whoever it was; a remedy that costs nothing needs nobody.
    let second = by(&first, Some(2_000), &TERMS).unwrap();
    assert_eq!(second.goodwill, Some(5_000));
    let lead = by(&again(&second), Some(40_000), &Terms { goodwill_limit: Some(50_000), ..TERMS }).unwrap();
    assert_eq!(lead.goodwill, Some(45_000));
    for nothing in [None, Some(0)] {
        assert_eq!(by(&again(&lead), nothing, &TERMS).unwrap().goodwill, Some(45_000));
    }
    assert_eq!(by(&play("acknowledge").unwrap(), Some(0), &TERMS).unwrap().goodwill, Some(0));
}

#[test]
fn a_case_that_changes_hands_says_so() {
    let case = play("acknowledge assign requeue").unwrap();
    assert_eq!((case.owner, case.queue.as_str()), (None, "back-office"));
    let details: Vec<_> = case.history.iter().filter_map(|h| h.detail.as_deref()).skip(1).collect();
    assert_eq!(details, ["ada → grace", "grace → nobody, queue care → back-office"]);
}

#[test]
fn a_message_that_never_arrives_has_informed_nobody() {
    let mut case = play("acknowledge resolve inform").unwrap();
    case.record_undelivered_message(at(9), "the receiver answered 422", true);
    assert_eq!(case.state, State::Resolved);
    assert_eq!(case.apply(&event("close"), "ada", "a note", at(10), &TERMS), Err(Refused::NotInformed));
    // Closed before anybody knew that it would not arrive: it is open again, with all its time before it.
    let mut closed = play("acknowledge resolve inform close").unwrap();
    closed.record_undelivered_message(at(60), "the address takes no mail", true);
    assert_eq!((closed.state, closed.ended_at, closed.survey_due_at), (State::Resolved, None, None));
    assert_eq!((closed.closure.due_at, closed.closure.met_at), (at(108), None));
    // Told on the telephone, or closed with a reason: a message of another kind takes nothing back.
    let mut told = play("acknowledge resolve inform close").unwrap();
    told.record_undelivered_message(at(60), "the address takes no mail", false);
    let unneeded = CaseEvent::Close { without_informing: Some("wants no answer".into()) };
    let mut reasoned = play("acknowledge resolve").unwrap().apply(&unneeded, "ada", "n", at(5), &TERMS).unwrap();
    reasoned.record_undelivered_message(at(60), "the address takes no mail", true);
    assert_eq!((told.state, reasoned.state), (State::Closed, State::Closed));
}

#[test]
fn a_case_whose_other_has_ended_is_worked_after_all() {
    let mut case = play("acknowledge merge").unwrap();
    assert_eq!(case.state, State::Merged);
    case.undo_merge(at(9));
    assert_eq!((case.state, case.merged_into.clone(), case.ended_at), (State::Reopened, None, None));
    assert_eq!(case.due_next(), Some(at(24)));
    let once = case.clone();
    case.undo_merge(at(10));
    assert_eq!(case, once);
}

#[test]
fn the_customer_is_asked_again_some_time_after_closing() {
    let mut case = play("acknowledge resolve inform close").unwrap();
    let due = at(4) + TimeDelta::days(30);
    assert_eq!((case.next_deadline_step(), case.due_next()), (Some(due), None));
    assert_eq!(case.advance_clocks(due), [DueStep::Survey]);
    assert_eq!((case.advance_clocks(due).len(), case.next_deadline_step()), (0, None));
    let reopened = play("acknowledge resolve inform close reopen").unwrap();
    assert_eq!(reopened.survey_due_at, None);
}

/// An answer with nothing but its score.
pub(crate) fn feedback(score: u8) -> crate::feedback::Feedback {
    use crate::survey::{Band, Metric, Score};
    crate::feedback::Feedback {
        source: crate::id::SourceId::new("api").unwrap(),
        survey: crate::id::SurveyId::new("nps").unwrap(),
        metric: Metric::Nps,
        score: Score::new(f64::from(score), Metric::Nps).unwrap(),
        band: if score > 8 { Band::Promoter } else { Band::Detractor },
        comment: None,
        locale: None,
        country: None,
        assumed: Vec::new(),
        channel: None,
        touchpoint: crate::id::TouchpointId::new("checkout").unwrap(),
        segment: None,
        customer: crate::feedback::Customer::default(),
        account: None,
        consent: Vec::new(),
        answers: std::collections::BTreeMap::new(),
        occurred_at: None,
        received_at: at(i64::from(score)),
        updated_at: None,
    }
}

#[test]
fn a_history_does_not_grow_with_every_post_of_the_same_answer() {
    let mut case = opened();
    let before = case.history.len();
    for minute in 0..500 {
        case.record_update(at(minute), format!("comment changed {minute}"));
    }
    assert_eq!(case.history.len(), before + MOST_UPDATES);
    assert_eq!(case.history.last().and_then(|last| last.detail.as_deref()), Some("comment changed 499"));
    assert_eq!(case.version, opened().version + 500, "whoever has read it before learns that it has changed");
}

#[test]
fn later_answers_are_known_once_and_not_for_ever() {
    let (mut case, first) = (opened(), feedback(2));
    assert!(case.follow_up_answer("a", &first, &feedback(3), at(5)));
    assert!(!case.follow_up_answer("a", &first, &feedback(3), at(6)), "a repeat");
    assert_eq!(case.recovered_at, None);
    assert!(case.follow_up_answer("a", &first, &feedback(9), at(6)), "a correction");
    assert_eq!((case.later.len(), case.recovered_at), (1, Some(at(9))));
    let taken = (0..50).filter(|i| case.follow_up_answer(&format!("b{i}"), &first, &feedback(4), at(7))).count();
    assert_eq!((taken, case.later.len()), (19, 20));
}

/// Anybody can type an address, and answer under it as often as they like.
#[test]
fn a_stranger_neither_wins_a_customer_back_nor_makes_a_case_grow() {
    let typed = |score| {
        let statement = crate::consent::Statement {
            channel: ContactChannel::Email,
            purpose: crate::consent::Purpose::FollowUp,
            granted: true,
            wording: None,
            language: None,
            source: "shop".into(),
            at: at(5),
            expires_at: None,
            vouched: crate::consent::Vouched::Nobody,
        };
        crate::feedback::Feedback { consent: vec![statement], ..feedback(score) }
    };
    let mut case = play("acknowledge resolve inform close").unwrap();
    assert!(case.follow_up_answer("a", &feedback(2), &typed(9), at(6)));
    assert!(case.recovered_at.is_none() && case.survey_due_at.is_some());
    let version = case.version;
    for i in 0..500 {
        case.follow_up_answer("a", &feedback(2), &typed(if i % 2 == 0 { 3 } else { 9 }), at(7));
    }
    assert!(case.version - version <= 40, "whoever works the case is not kept from it");
}

#[test]
fn a_customer_asks_for_a_person_once_until_somebody_has_come_to_it() {
    let mut case = opened();
    assert!(case.ask_for_human(at(1)));
    case.record_update(at(2), "comment".into());
    assert!(!case.ask_for_human(at(3)), "whatever they post in between");
    let mut case = case.apply(&event("acknowledge"), "ada", "n", at(4), &TERMS).unwrap();
    assert!(case.ask_for_human(at(5)));
}

#[test]
fn a_case_follows_its_answer_as_long_as_nobody_has_taken_it() {
    let other = |rule: &str| Case {
        rule: RuleId::new(rule).unwrap(),
        priority: Priority::Critical,
        track: Track::Advocacy,
        policy: Policy { first_contact_s: 4 * 3600, ..opened().policy },
        ..opened()
    };
    let mut case = opened();
    assert!(!case.follow_rule(&opened(), at(1)), "it is that rule's");
    assert!(case.follow_rule(&other("gold"), at(1)));
    assert_eq!((case.priority, case.track, case.first_contact.due_at), (Priority::Critical, Track::Advocacy, at(4)));
    assert_eq!(case.history.last().and_then(|h| h.detail.as_deref()), Some("detractor → gold"));
    let times = (0..50).filter(|i| case.follow_rule(&other(&format!("r{i}")), at(2))).count();
    assert_eq!(times, 4, "not for ever");
    // Whatever somebody has done to it stands: a lead who gave it to somebody, a customer who asked for a person.
    for name in ["acknowledge", "assign", "requeue"] {
        let mut touched = play(name).unwrap();
        assert!(!touched.follow_rule(&other("gold"), at(3)), "{name}");
    }
    let mut asked = opened();
    assert!(asked.ask_for_human(at(1)) && !asked.follow_rule(&other("gold"), at(3)));
    // A deadline that was missed stays missed.
    let mut late = opened();
    assert!(!late.advance_clocks(at(25)).is_empty());
    assert!(late.follow_rule(&other("gold"), at(26)) && late.first_contact.breached_at == Some(at(24)));
}

#[test]
fn a_merged_case_calls_for_nothing_and_the_other_knows_it_once() {
    let mut merged = play("acknowledge merge").unwrap();
    assert_eq!((merged.next_deadline_step(), merged.due_next(), merged.advance_clocks(at(999)).len()), (None, None, 0));
    let mut other = opened();
    other.absorb("one", "ada", "the same parcel", at(3));
    other.absorb("one", "ada", "the same parcel", at(4));
    assert_eq!((other.merged.len(), other.version), (1, 2));
}

#[test]
fn every_change_adds_one_line_of_history_and_one_version() {
    let events = "acknowledge assign miss wait resume split finish reach resolve inform close reopen";
    let case = play(events).unwrap();
    let names: Vec<&str> = case.history.iter().map(|h| h.event.as_str()).collect();
    let expected = [
        "opened",
        "acknowledge",
        "assign",
        "contact",
        "wait",
        "resume",
        "split",
        "finish_task",
        "contact",
        "resolve",
        "inform",
        "close",
        "reopen",
    ];
    assert_eq!(names, expected);
    assert_eq!(case.version, expected.len() as u64);
    assert!(case.history.iter().skip(1).all(|entry| entry.note.as_deref() == Some("a note") && entry.who == "ada"));
}

#[test]
fn what_people_wrote_is_removed_and_what_happened_stays() {
    let mut case = play("acknowledge split wait").unwrap();
    case.redact();
    assert!(case.history.iter().all(|entry| entry.note.is_none()));
    assert_eq!((case.tasks[0].what.as_str(), case.waiting.as_ref().unwrap().reason.as_str()), ("", ""));
    assert_eq!(case.history.len(), 4);
}

#[test]
fn clocks_of_a_case_are_independent() {
    let mut case = play("reach").unwrap();
    let due = case.advance_clocks(at(48));
    assert!(
        matches!(due.as_slice(), [DueStep::Clock { clock, step: Step::Escalate(1), .. }] if clock.as_str() == "closure")
    );
}
