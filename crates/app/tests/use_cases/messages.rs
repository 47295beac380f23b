//! Messages to customers over the use cases alone: what they say, who gets them and when nobody does. Fast, and without
//! Wasm.

use crate::stage::{self, Application, START, Setting, Stage, beside};
use futures::executor::block_on;
use http::{HeaderMap, Request, Response, header};
use ringback_app::deliver::HandedOver;
use ringback_app::letters::Letters;
use ringback_app::problem::{Problem, Reply};
use ringback_app::{ConsentGate, GateError, Outbound, OutboundError};
use ringback_core::consent::{ContactChannel, Decision, Purpose};
use ringback_core::feedback::Customer;
use ringback_ledger::{Due, HandOver};
use ringback_test_support::{ManualClock, MemoryStore};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

const DAY: u64 = 86_400;

/// The default provider, asked directly.
struct Gate<'a>(&'a Application);

impl ConsentGate for Gate<'_> {
    async fn may_contact(
        &self,
        who: &Customer,
        channel: ContactChannel,
        purpose: Purpose,
    ) -> Result<Decision, GateError> {
        self.0.may_contact(who, channel, purpose).await
    }
}

/// Takes every mail, after so many of the customer's that it does not.
#[derive(Default)]
struct Post {
    taken: RefCell<Vec<Value>>,
    refuses: Cell<u32>,
    refused: RefCell<Vec<Value>>,
    /// Every mail to a customer is refused, because the key is wrong.
    unauthorized: Cell<bool>,
    /// What went to others than the customer.
    others: RefCell<Vec<Value>>,
}

impl Outbound for Post {
    async fn send(&self, request: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, OutboundError> {
        let mail: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        if !mail["to"][0].as_str().is_some_and(|to| to.contains("ada@")) {
            self.others.borrow_mut().push(mail);
        } else if self.unauthorized.get() {
            return Ok(Response::builder().status(401).body(Vec::new()).expect("an answer"));
        } else {
            if self.refuses.get() > 0 {
                self.refuses.set(self.refuses.get() - 1);
                self.refused.borrow_mut().push(mail);
                return Ok(Response::builder().status(503).body(Vec::new()).expect("an answer"));
            }
            self.taken.borrow_mut().push(mail);
        }
        Ok(Response::new(format!("{{\"id\":\"mail-{}\"}}", self.taken.borrow().len()).into_bytes()))
    }
}

struct World {
    app: Rc<Application>,
    clock: ManualClock,
    store: MemoryStore,
    post: Post,
}

impl HandOver for World {
    async fn hand_over(&self, jobs: Vec<Due>) {
        let jobs: Vec<HandedOver> = jobs.into_iter().map(HandedOver::from).collect();
        let done = self.app.deliver(&HandedOver::body(&jobs), &self.post, &Gate(&self.app)).await;
        assert!(done.is_ok());
    }
}

fn world(change: impl Fn(String) -> String) -> World {
    let setting = Setting::default();
    let programme = change(setting.programme.to_owned());
    let variables = [
        ("resend_api_key", "key"),
        ("resend_webhook_secret", WEBHOOK_SECRET),
        ("resend_origin", "https://api.resend.com"),
    ];
    let Stage { app, clock, store } = stage::open(&Setting { programme: &programme, variables: &variables, ..setting });
    app.write_letters_by(move |config| Letters::parse(&programme, config, &beside).map_err(|error| error.to_string()));
    World { app: Rc::new(app), clock, store, post: Post::default() }
}

fn shipped() -> World {
    world(|programme| programme)
}

fn request(token: &str, body: Option<&Value>) -> Request<Vec<u8>> {
    let request = Request::builder().uri("/").header(header::AUTHORIZATION, format!("Bearer {token}"));
    let request = request.header(header::CONTENT_TYPE, "application/json");
    request.body(body.map(|b| b.to_string().into_bytes()).unwrap_or_default()).expect("a request")
}

fn read(reply: Result<Reply, Problem>) -> (u16, Value) {
    let (head, body) = reply.unwrap_or_else(Problem::into_reply).into_parts();
    (head.status.as_u16(), serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// Consent to everything that is mailed.
fn all() -> Value {
    let one = |purpose| json!({ "channel": "email", "purpose": purpose, "granted": true });
    json!([one("follow_up"), one("survey"), one("marketing")])
}

impl World {
    fn tick(&self) {
        block_on(self.app.tick_logged(self));
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(seconds);
        self.tick();
        // What the tick has set for now fires in the next minute.
        self.clock.advance(60);
        self.tick();
    }

    fn take(&self, survey: &str, score: u8, more: &Value) -> String {
        let mut body = json!({
            "survey": survey, "score": score, "comment": "Late <b>again</b>", "locale": "de-AT", "consent": all(),
            "customer": { "id": "C-7", "name": "Ada <Lovelace>", "email": "ada@example.com" },
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let taken = block_on(self.app.post_feedback(request("intake", Some(&body)))).expect("taken");
        let location = taken.reply.headers()[header::LOCATION].to_str().expect("text").to_owned();
        self.tick();
        location.rsplit('/').next().expect("an id").to_owned()
    }

    fn case(&self, id: &str) -> Value {
        let headers = request("agent", None).into_parts().0.headers;
        let (status, case) = read(block_on(self.app.get_case(id, &headers, &Gate(&self.app))));
        assert_eq!(status, 200, "{case}");
        case
    }

    fn work(&self, id: &str, kind: &str, more: &Value) -> (u16, Value) {
        let mut event = json!({ "type": kind, "note": "because" });
        for (name, value) in more.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
        let mut request = request("lead", Some(&event));
        let tag = format!("\"{}\"", self.case(id)["version"]);
        request.headers_mut().insert(header::IF_MATCH, tag.parse().expect("a tag"));
        match block_on(self.app.post_case_event(id, request, &Gate(&self.app))) {
            Ok(worked) => {
                block_on(self.app.follow_through(worked.now, self));
                read(Ok(worked.reply))
            }
            Err(problem) => read(Err(problem)),
        }
    }

    fn close(&self, id: &str) {
        for (kind, more) in [
            ("acknowledge", json!({})),
            ("resolve", json!({ "root_cause": "carrier", "remedy": "A new one & a voucher" })),
            ("inform", json!({ "channel": "email", "message": { "template": "result", "text": "Sorry\n<again>" } })),
            ("close", json!({})),
        ] {
            let (status, answer) = self.work(id, kind, &more);
            assert_eq!(status, 200, "{kind}: {answer}");
        }
    }

    fn mails(&self) -> Vec<Value> {
        self.post.taken.borrow().clone()
    }

    fn subjects(&self) -> Vec<String> {
        self.mails().iter().map(|mail| mail["subject"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Every message of a case, as kind, state and why.
    fn messages(&self, id: &str) -> Vec<(String, String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let messages = self.case(id)["messages"].as_array().cloned().unwrap_or_default();
        messages.iter().map(|m| (text(&m["kind"]), text(&m["state"]), text(&m["last_error"]))).collect()
    }

    fn preview(&self, wish: &Value) -> (u16, Value) {
        read(block_on(self.app.post_preview(request("agent", Some(wish)))))
    }
}

#[test]
fn after_resolving_the_customer_is_told_in_their_language_and_then_the_case_closes() {
    let w = shipped();
    let id = w.take("checkout-nps", 3, &json!({}));
    let _ = w.work(&id, "acknowledge", &json!({}));
    let (status, _) = w.work(&id, "resolve", &json!({ "root_cause": "carrier", "remedy": "A new one & a voucher" }));
    assert_eq!(status, 200);
    let (status, refused) = w.work(&id, "close", &json!({}));
    assert_eq!(status, 409, "told first: {refused}");
    let message = json!({ "channel": "email", "message": { "template": "result", "text": "Das war <unser> Fehler." } });
    assert_eq!(w.work(&id, "inform", &message).0, 200);
    let mail = w.mails().pop().expect("a mail");
    assert_eq!(mail["subject"], "Was aus Ihrer Rückmeldung geworden ist");
    assert_eq!(mail["reply_to"], "Example Shop <care@example.com>");
    let (text, html) = (mail["text"].as_str().unwrap(), mail["html"].as_str().unwrap());
    assert!(text.contains("A new one & a voucher") && text.contains("Das war <unser> Fehler."), "{text}");
    assert!(html.contains("A new one &#38; a voucher") || html.contains("A new one &amp; a voucher"), "{html}");
    assert!(!html.contains("<unser>") && html.contains("#0a6b50") && html.contains("Musterstraße"), "{html}");
    let shown = &w.case(&id)["messages"][0];
    assert_eq!((&shown["provider_id"], &shown["state"]), (&json!("mail-1"), &json!("delivered")));
    assert!(
        shown["text"].as_str().is_some_and(|text| text.contains("voucher")),
        "what was said is in the case: {shown}"
    );
    assert_eq!(w.work(&id, "close", &json!({})).0, 200);
}

#[test]
fn what_a_customer_wrote_is_escaped_in_a_template_of_html() {
    let w = shipped();
    let id = w.take("checkout-nps", 3, &json!({ "locale": "en" }));
    w.close(&id);
    let html = w.mails()[0]["html"].as_str().unwrap().to_owned();
    assert!(html.contains("<strong>What we have done:</strong>"), "{html}");
    assert!(!html.contains("Ada <Lovelace>") && html.contains("Ada &lt;Lovelace&gt;"), "{html}");
    assert!(!html.contains("<again>"), "{html}");
}

#[test]
fn a_preview_shows_the_message_and_sends_nothing() {
    let w = shipped();
    let id = w.take("checkout-nps", 3, &json!({}));
    let (status, sample) = w.preview(&json!({ "kind": "apology", "language": "fr-CH" }));
    assert_eq!((status, &sample["language"], &sample["sample"]), (200, &json!("fr"), &json!(true)), "{sample}");
    let (_, other) = w.preview(&json!({ "kind": "apology", "language": "pt" }));
    assert_eq!((&other["language"], &other["exact_language"]), (&json!("en"), &json!(false)));
    let (_, real) = w.preview(&json!({ "kind": "apology", "case": id }));
    assert!(real["text"].as_str().is_some_and(|text| text.starts_with("Guten Tag Ada <Lovelace>,")), "{real}");
    assert_eq!((&real["sample"], &real["purpose"]), (&json!(false), &json!("follow_up")));
    assert_eq!(w.preview(&json!({ "kind": "offer" })).0, 404, "no template says it");
    assert_eq!(w.preview(&json!({ "kind": "apology", "case": "nothing" })).0, 404);
    assert_eq!(w.preview(&json!({ "kind": "joke", "more": 1 })).1["errors"].as_array().map(Vec::len), Some(2));
    assert_eq!(read(block_on(w.app.post_preview(request("intake", Some(&json!({ "kind": "apology" })))))).0, 403);
    assert!(w.mails().is_empty());
}

/// Cases of the automation track are for nobody: the customer is helped at once, and can ask for a person.
#[test]
fn automation_helps_at_once_and_leaves_a_way_to_a_person() {
    let rule = "[[rules]]\nid = \"free\"\nwhen = { tier = [\"free\"] }\n\
                then = { track = \"automation\", queue = \"care\", deadlines = \"relaxed\", alert = \"care\", message = \"help\" }\n\n\
                [[rules]]\nid = \"key-account-detractor\"";
    let w = world(|programme| programme.replacen("[[rules]]\nid = \"key-account-detractor\"", rule, 1));
    let customer = json!({ "customer": { "id": "C-7", "email": "ada@example.com", "tier": "free" } });
    let id = w.take("checkout-nps", 3, &customer);
    let mail = w.mails().pop().expect("help at once");
    let text = mail["text"].as_str().unwrap();
    let link = text.lines().find(|line| line.ends_with("/person")).expect("a way to a person").to_owned();
    let token = link.rsplit('/').nth(1).unwrap().to_owned();
    assert_eq!(w.case(&id)["track"], "automation");

    let ask = || {
        let request = Request::post("/").body(b"lang=de".to_vec()).unwrap();
        block_on(w.app.post_preferences_person(&token, &request)).expect("an answer")
    };
    assert!(String::from_utf8_lossy(ask().body()).contains("Jemand meldet sich"));
    assert_eq!(ask().status(), 200, "once more changes nothing");
    w.pass(60);
    let case = w.case(&id);
    assert_eq!(case["track"], "recovery");
    let asked: Vec<&Value> =
        case["history"].as_array().unwrap().iter().filter(|h| h["event"] == "person.asked").collect();
    assert_eq!(asked.len(), 1, "{case}");
    assert!(case["alerts"].as_array().unwrap().iter().any(|a| a["event"] == "person.asked"), "{}", case["alerts"]);
}

#[test]
fn nobody_is_written_to_again_within_the_quarantine_and_the_case_says_why() {
    let w = world(|programme| {
        programme.replace("then = { track = \"none\" }", "then = { track = \"advocacy\", kind = \"thank-you\", queue = \"care\", deadlines = \"relaxed\", message = \"thank_you\" }")
    });
    let first = w.take("delivery-csat", 5, &json!({}));
    assert_eq!(w.messages(&first), [("thank_you".into(), "delivered".into(), String::new())]);
    w.clock.advance(DAY);
    let second = w.take("delivery-csat", 5, &json!({}));
    let (kind, state, why) = w.messages(&second).remove(0);
    assert_eq!((kind.as_str(), state.as_str()), ("thank_you", "blocked"));
    assert!(why.contains("fatigue guard: thank_you was sent on 22 Nov 2026") && why.contains("22 Dec 2026"), "{why}");
    let history = w.case(&second)["history"].to_string();
    assert!(history.contains("message.undelivered") && history.contains("fatigue guard"), "{history}");
    // Under another of the identities it is the same person; what answers a complaint is sent nevertheless.
    let unhappy = w.take("checkout-nps", 2, &json!({ "customer": { "email": "ada@example.com", "id": "C-8" } }));
    w.close(&unhappy);
    assert_eq!(w.mails().len(), 2);
    // It was counted: 29 days after the first, not yet 30 after the second.
    w.clock.advance(29 * DAY + 60);
    let third = w.take("delivery-csat", 5, &json!({}));
    assert_eq!(w.messages(&third)[0].1, "blocked");
    w.clock.advance(2 * DAY);
    let fourth = w.take("delivery-csat", 5, &json!({}));
    assert_eq!(w.messages(&fourth)[0].1, "delivered");
}

#[test]
fn what_was_held_back_or_refused_is_not_counted() {
    let w = world(|programme| {
        programme.replace("then = { track = \"none\" }", "then = { track = \"advocacy\", kind = \"thank-you\", queue = \"care\", deadlines = \"relaxed\", message = \"thank_you\" }")
    });
    let blocked = w.take("delivery-csat", 5, &json!({ "consent": [] }));
    assert_eq!(w.messages(&blocked)[0].2, "no consent on record");
    let sent = w.take("delivery-csat", 5, &json!({}));
    assert_eq!(w.messages(&sent)[0].1, "delivered");
}

#[test]
fn surveys_follow_each_other_and_only_who_has_not_answered_is_reminded() {
    let w = shipped();
    let id = w.take("checkout-nps", 7, &json!({}));
    w.pass(59 * DAY);
    assert!(w.mails().is_empty());
    w.pass(DAY);
    assert_eq!(w.subjects(), ["Dürfen wir Sie etwas fragen?"]);
    let text = w.mails()[0]["text"].as_str().unwrap().to_owned();
    assert!(text.contains("/s/support-ces?i=") && text.contains("(support)") && !text.contains("Late"), "{text}");
    w.pass(7 * DAY);
    assert_eq!(w.subjects().last().map(String::as_str), Some("Unsere Frage an Sie"), "the guard lets a reminder pass");
    w.pass(30 * DAY);
    assert_eq!(w.mails().len(), 2, "once: {:?}", w.messages(&id));
}

#[test]
fn an_invitation_holds_from_when_it_is_made_and_its_reminder_is_the_same_question() {
    let w = world(|programme| programme.replacen("after = \"60d\"", "after = \"200d\"", 1));
    let _ = w.take("checkout-nps", 7, &json!({}));
    w.pass(200 * DAY);
    w.pass(7 * DAY);
    let link = |mail: &Value| {
        let text = mail["text"].as_str().expect("a text");
        let link = text.split_whitespace().find(|word| word.contains("/s/support-ces?i=")).expect("a link");
        link.split("?i=").nth(1).expect("an invitation").to_owned()
    };
    let links: Vec<String> = w.mails().iter().map(link).collect();
    assert_eq!((links.len(), &links[0]), (2, &links[1]), "{links:?}");
    let until: u64 = links[0].split('.').nth(1).expect("its end").parse().expect("an instant");
    assert!(until > w.clock_now() + 170 * DAY, "180 days after the invitation, not after the answer before");
}

#[test]
fn whoever_has_answered_is_neither_invited_nor_reminded() {
    let w = shipped();
    let first = w.take("checkout-nps", 7, &json!({}));
    w.clock.advance(50 * DAY);
    let _ = w.take("support-ces", 6, &json!({}));
    w.pass(10 * DAY + 60);
    assert_eq!(
        w.messages(&first),
        [("invitation".into(), "blocked".into(), "the customer has answered meanwhile".into())]
    );
    assert!(w.mails().is_empty());
}

#[test]
fn a_closed_case_is_followed_by_an_invitation_when_the_quarantine_is_over() {
    let w = shipped();
    let id = w.take("checkout-nps", 3, &json!({}));
    w.close(&id);
    w.pass(30 * DAY + 60);
    let messages: Vec<String> = w.messages(&id).into_iter().map(|(kind, state, _)| format!("{kind} {state}")).collect();
    assert_eq!(messages, ["result delivered", "invitation delivered"]);
    let mail = w.mails().pop().unwrap();
    assert!(mail["text"].as_str().unwrap().contains("/s/checkout-nps?i="), "{mail}");
}

#[test]
fn a_referral_carries_a_code_that_leads_back_to_the_case() {
    let w = shipped();
    let gold = json!({ "customer": { "id": "C-7", "email": "ada@example.com", "tier": "gold" } });
    let id = w.take("checkout-nps", 10, &gold);
    let text = w.mails()[0]["text"].as_str().unwrap().to_owned();
    let code = text.split("code=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    assert!(!text.contains("Late"), "what sells sees no comment: {text}");
    let headers: HeaderMap = request("agent", None).into_parts().0.headers;
    let (status, shown) = read(block_on(w.app.get_referral(&code, &headers)));
    assert_eq!((status, &shown["case"]), (200, &json!(id)), "{shown}");
    let used = |id: &str| read(block_on(w.app.post_referral(&code, request("intake", Some(&json!({ "id": id })))))).0;
    assert_eq!((used("order-1"), used("order-1"), used("order-2"), used("a b")), (204, 204, 204, 422));
    let (_, shown) = read(block_on(w.app.get_referral(&code.to_uppercase(), &headers)));
    assert_eq!(shown["uses"].as_array().map(Vec::len), Some(2));
    let history = w.case(&id)["history"].to_string();
    assert!(history.contains("referral.used") && history.contains("2 in all"), "{history}");
    assert_eq!(read(block_on(w.app.get_referral("aaaaaaaaaa", &headers))).0, 404);
}

#[test]
fn an_attempt_that_failed_is_repeated_word_by_word_and_counted_once() {
    let w = shipped();
    w.post.refuses.set(1);
    let id = w.take("checkout-nps", 3, &json!({}));
    w.close(&id);
    assert_eq!(w.messages(&id)[0].1, "pending");
    // What the template would say now differs; the message does not.
    let update = json!({ "response_id": "x", "customer": { "email": "ada@example.com", "name": "Somebody else" } });
    let _ = w.take("checkout-nps", 3, &update);
    w.pass(120);
    assert_eq!(w.messages(&id)[0].1, "delivered");
    assert!(w.mails() == *w.post.refused.borrow(), "the same message, to the letter");
}

/// Two messages that are due in the same moment: one is sent, the other is held back by the first.
#[test]
fn of_two_messages_at_the_same_moment_one_is_sent() {
    let w = world(|programme| {
        programme.replace(
            "then = { track = \"none\" }",
            "then = { track = \"advocacy\", kind = \"thank-you\", queue = \"care\", deadlines = \"relaxed\", message = \"thank_you\" }",
        )
    });
    let body = |response: &str| {
        json!({ "survey": "delivery-csat", "score": 5, "response_id": response, "consent": all(),
            "customer": { "email": "ada@example.com" } })
    };
    let ids: Vec<String> = ["a", "b"]
        .map(|response| {
            let taken = block_on(w.app.post_feedback(request("intake", Some(&body(response))))).expect("taken");
            let location = taken.reply.headers()[header::LOCATION].to_str().expect("text").to_owned();
            location.rsplit('/').next().expect("an id").to_owned()
        })
        .into();
    w.tick();
    w.pass(120);
    assert_eq!(w.mails().len(), 1, "{:?} {:?}", w.messages(&ids[0]), w.messages(&ids[1]));
    let mut states: Vec<String> = ids.iter().map(|id| w.messages(id)[0].1.clone()).collect();
    states.sort();
    assert_eq!(states, ["blocked", "delivered"]);
}

const WEBHOOK_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

impl World {
    /// A report of the mail provider, signed.
    fn report(&self, event: &Value) -> u16 {
        let body = event.to_string();
        let at = self.clock_now();
        let signature = ringback_app::signature::sign(WEBHOOK_SECRET, "msg_1", at, body.as_bytes()).expect("a secret");
        self.report_signed(&body, at, &signature)
    }

    fn report_signed(&self, body: &str, at: u64, signature: &str) -> u16 {
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, "application/json")
            .header("svix-id", "msg_1")
            .header("svix-timestamp", at.to_string())
            .header("svix-signature", signature)
            .body(body.as_bytes().to_vec())
            .expect("a request");
        let status = read(block_on(self.app.post_reports("customer-mail", request, &Post::default()))).0;
        self.tick();
        status
    }

    fn clock_now(&self) -> u64 {
        use ringback_ledger::Clock as _;
        self.clock.now()
    }

    fn gate(&self, purpose: Purpose) -> Decision {
        let who = Customer { email: Some("ada@example.com".into()), ..Customer::default() };
        block_on(self.app.may_contact(&who, ContactChannel::Email, purpose)).expect("decides")
    }

    /// What the mail that was sent last says to whom it belongs.
    fn reference(&self) -> String {
        let mail = self.mails().pop().expect("a mail");
        let tags = mail["tags"].as_array().cloned().unwrap_or_default();
        let tag = tags.iter().find(|tag| tag["name"] == "ringback").expect("a reference");
        tag["value"].as_str().unwrap_or_default().to_owned()
    }
}

fn bounced(reference: &str) -> Value {
    json!({ "type": "email.bounced", "data": {
        "to": ["ada@example.com"], "tags": { "ringback": reference }, "bounce": { "type": "Permanent" },
    } })
}

#[test]
fn a_hard_bounce_comes_back_into_the_case_and_nothing_more_is_sent_there_until_the_address_is_given_anew() {
    let w = shipped();
    let id = w.take("checkout-nps", 3, &json!({}));
    for (kind, more) in [
        ("acknowledge", json!({})),
        ("resolve", json!({ "root_cause": "carrier" })),
        ("inform", json!({ "channel": "email", "message": { "subject": "Sorry", "text": "We found it." } })),
    ] {
        assert_eq!(w.work(&id, kind, &more).0, 200);
    }
    assert_eq!(w.case(&id)["state"], "informed");
    let event = bounced(&w.reference());
    assert_eq!(w.report(&event), 200);
    let case = w.case(&id);
    assert_eq!(case["state"], "resolved", "who has only been told by that message has not been told");
    assert_eq!(case["messages"][0]["reports"][0]["event"], "bounced");
    assert_eq!(
        (&case["messages"][0]["state"], &case["contact"][0]["reason"]),
        (&json!("failed"), &json!("undeliverable"))
    );
    let version = case["version"].clone();
    assert_eq!(w.report(&event), 200);
    assert_eq!(w.case(&id)["version"], version, "told twice, written down once");
    w.clock.advance(DAY);
    let _ = w.take("checkout-nps", 3, &json!({}));
    assert!(matches!(w.gate(Purpose::FollowUp), Decision::Allowed(_)), "given anew");
    w.clock.advance(DAY);
    assert_eq!(w.report(&event), 200);
    assert!(
        matches!(w.gate(Purpose::FollowUp), Decision::Allowed(_)),
        "an old report that comes late says nothing new"
    );
    assert_eq!(w.report(&bounced("another_1")), 200);
    assert!(matches!(w.gate(Purpose::FollowUp), Decision::Blocked(_)), "another message bounces");
}

#[test]
fn a_complaint_is_a_no_to_all_mail_under_every_identity() {
    let w = shipped();
    let id = w.take("checkout-nps", 3, &json!({}));
    w.close(&id);
    let event = json!({ "type": "email.complained", "data": { "to": ["ada@example.com"], "tags": { "ringback": w.reference() } } });
    assert_eq!(w.report(&event), 200);
    for purpose in [Purpose::FollowUp, Purpose::Survey, Purpose::Marketing] {
        assert_eq!(w.gate(purpose), Decision::Blocked(ringback_core::consent::Blocked::Withdrawn), "{purpose}");
    }
    let by_number = Customer { id: Some("C-7".into()), ..Customer::default() };
    let decision = block_on(w.app.may_contact(&by_number, ContactChannel::Email, Purpose::Survey)).expect("decides");
    assert!(matches!(decision, Decision::Blocked(_)), "{decision:?}");
    assert!(w.case(&id)["history"].to_string().contains("message.complained"));
}

#[test]
fn a_report_that_is_not_the_providers_changes_nothing() {
    let w = shipped();
    let id = w.take("checkout-nps", 3, &json!({}));
    w.close(&id);
    let (body, now) = (bounced(&w.reference()).to_string(), w.clock_now());
    let genuine = ringback_app::signature::sign(WEBHOOK_SECRET, "msg_1", now, body.as_bytes()).expect("a secret");
    assert_eq!(w.report_signed(&body, now, "v1,AAAA"), 401);
    assert_eq!(w.report_signed(&body.replace("ada@", "eve@"), now, &genuine), 401);
    assert_eq!(w.report_signed(&body, now - 400, &genuine), 401);
    assert!(matches!(w.gate(Purpose::FollowUp), Decision::Allowed(_)));
    let request = Request::post("/").body(body.into_bytes()).expect("a request");
    assert_eq!(
        read(block_on(w.app.post_reports("care-chat", request, &Post::default()))).0,
        404,
        "a chat reports nothing"
    );
}

/// Whoever types somebody's address opens nothing: they are asked once, and a click on their own page is what counts.
#[test]
fn a_consent_that_waits_for_confirmation_counts_when_it_is_confirmed() {
    let w = shipped();
    let unconfirmed =
        json!([{ "channel": "email", "purpose": "follow_up", "granted": true, "confirmed": false, "wording": "w1" }]);
    let _ = w.take("checkout-nps", 3, &json!({ "consent": unconfirmed }));
    assert_eq!(w.gate(Purpose::FollowUp), Decision::Blocked(ringback_core::consent::Blocked::Pending));
    let mail = w.mails().pop().expect("a question");
    assert_eq!(mail["subject"], "Waren Sie das?");
    let text = mail["text"].as_str().expect("a text");
    assert!(!text.contains("Ada") && !text.contains("Late"), "nothing that somebody typed: {text}");
    let link = text.lines().find(|line| line.ends_with("/confirm")).expect("a link").to_owned();
    let token = link.rsplit('/').nth(1).expect("a token");
    let page = block_on(w.app.get_preferences(token, "lang=en", &HeaderMap::new())).expect("a page");
    let page = String::from_utf8_lossy(page.body()).into_owned();
    assert!(page.contains("Yes, it was me") && page.contains("waits for your confirmation"), "{page}");
    assert_eq!(
        w.gate(Purpose::FollowUp),
        Decision::Blocked(ringback_core::consent::Blocked::Pending),
        "a GET changes nothing"
    );
    // Typed again and again, the same address is asked once.
    let _ = w.take("checkout-nps", 2, &json!({ "consent": unconfirmed }));
    assert_eq!(w.mails().len(), 1);
    let request = Request::post("/").body(b"lang=en".to_vec()).expect("a request");
    assert_eq!(block_on(w.app.post_preferences_confirm(token, &request)).expect("an answer").status(), 200);
    let Decision::Allowed(proof) = w.gate(Purpose::FollowUp) else { panic!("confirmed") };
    assert_eq!((proof.source.as_str(), proof.wording.as_deref()), ("double-opt-in", Some("w1")));
}

/// Whatever a consent is for, whoever typed it is asked whether it is theirs.
#[test]
fn a_consent_for_another_purpose_is_asked_about_too() {
    for purpose in [Purpose::Survey, Purpose::Marketing] {
        let w = shipped();
        let unconfirmed =
            json!([{ "channel": "email", "purpose": purpose.as_str(), "granted": true, "confirmed": false }]);
        let id = w.take("checkout-nps", 3, &json!({ "consent": unconfirmed }));
        let mail = w.mails().pop().unwrap_or_else(|| panic!("a question: {:?}", w.messages(&id)));
        assert_eq!(mail["subject"], "Waren Sie das?");
    }
}

/// The channel of customers' mail is refused for good, by a letter of an answer that has no case: people are told, a sample
/// switches it on again.
#[test]
fn customers_mail_that_was_switched_off_is_heard_of_and_goes_on() {
    let w = shipped();
    let id = w.take("checkout-nps", 7, &json!({ "comment": null }));
    w.post.unauthorized.set(true);
    w.pass(60 * DAY);
    w.post.unauthorized.set(false);
    assert!(w.mails().is_empty());
    let told: Vec<String> =
        w.post.others.borrow().iter().filter_map(|mail| mail["subject"].as_str().map(str::to_owned)).collect();
    assert_eq!(told, ["Nothing reaches customer-mail any more"], "{id}");
    let text = w.post.others.borrow()[0]["text"].as_str().expect("a text").to_owned();
    assert!(text.contains("a message to a customer") && text.contains("channel test customer-mail"), "{text}");
    let headers = request("admin", None).into_parts().0.headers;
    let tested = read(block_on(w.app.test_channel("customer-mail", None, &headers, &w.post)));
    assert_eq!(tested.0, 200, "{}", tested.1);
    assert_eq!(w.post.others.borrow().last().expect("the sample")["to"], json!(["Example Shop <hello@example.com>"]));
    let unconfirmed = json!([{ "channel": "email", "purpose": "follow_up", "granted": true, "confirmed": false }]);
    let bea = json!({ "customer": { "id": "C-8", "email": "bea.ada@example.com" }, "consent": unconfirmed });
    let _ = w.take("checkout-nps", 3, &bea);
    assert_eq!(w.subjects(), ["Waren Sie das?"]);
}

/// A no that comes by the link of the question is a no, though there was no yes to take back.
#[test]
fn whoever_is_asked_and_says_no_is_not_asked_again() {
    let w = shipped();
    let unconfirmed = json!([{ "channel": "email", "purpose": "follow_up", "granted": true, "confirmed": false }]);
    let _ = w.take("checkout-nps", 3, &json!({ "consent": unconfirmed }));
    let mail = w.mails().pop().expect("a question");
    let link = mail["text"].as_str().expect("a text").lines().find(|line| line.ends_with("/confirm")).expect("a link");
    let token = link.rsplit('/').nth(1).expect("a token").to_owned();
    let no = Request::post("/").body(b"none=yes&lang=en".to_vec()).expect("a request");
    assert_eq!(block_on(w.app.post_preferences(&token, &no)).expect("an answer").status(), 303);
    assert_eq!(w.gate(Purpose::FollowUp), Decision::Blocked(ringback_core::consent::Blocked::Refused));
    w.clock.advance(40 * DAY);
    let _ = w.take("checkout-nps", 2, &json!({ "consent": unconfirmed }));
    assert_eq!(w.mails().len(), 1, "nobody who has said no is asked whether they have said yes");
}

/// A platform sends the same content again under another name; the customer has said no meanwhile.
#[test]
fn a_repeat_takes_back_no_withdrawal_whatever_it_is_called() {
    let w = shipped();
    let post = |key: &str| {
        let body = json!({ "survey": "checkout-nps", "score": 3, "response_id": "r", "consent": all(),
            "customer": { "email": "ada@example.com" } });
        let mut request = request("intake", Some(&body));
        request.headers_mut().insert("idempotency-key", key.parse().expect("a value"));
        assert_eq!(block_on(w.app.post_feedback(request)).expect("taken").reply.status(), 202);
        w.tick();
    };
    post("1");
    assert!(matches!(w.gate(Purpose::FollowUp), Decision::Allowed(_)));
    w.clock.advance(60);
    let no = json!({ "customer": { "email": "ada@example.com" },
        "consent": [{ "channel": "email", "purpose": "follow_up", "granted": false }] });
    let said = block_on(w.app.post_consent(request("agent", Some(&no))));
    assert_eq!(read(said).0, 204);
    w.clock.advance(60);
    post("2");
    assert_eq!(w.gate(Purpose::FollowUp), Decision::Blocked(ringback_core::consent::Blocked::Withdrawn));
}

/// What a record says of somebody whose journal does not name it could be neither found nor erased by them.
#[test]
fn whom_no_journal_has_room_for_the_record_does_not_name_either() {
    let w = shipped();
    let post = |number: usize| {
        let who = json!({ "email": format!("p{number}@example.com") });
        w.take("checkout-nps", 3, &json!({ "response_id": "many", "customer": who, "comment": format!("{number}") }))
    };
    let id = (0..30).map(post).last().expect("an id");
    let record = block_on(w.app.ledger.read(&id)).expect("reads").expect("is there");
    assert_eq!(record.people.len(), ringback_ledger::MOST_PEOPLE);
    assert_eq!(record.body.feedback.customer.email.as_deref(), Some("p23@example.com"));
    assert_eq!(record.body.feedback.comment.as_deref(), Some("29"), "the rest of the update counts");
}

/// The score is posted at once and opens the case; comment, consent and address follow.
#[test]
fn an_address_that_comes_after_the_case_is_asked_about_too() {
    let w = shipped();
    let anonymous = json!({ "response_id": "later", "consent": [], "customer": {} });
    let id = w.take("checkout-nps", 3, &anonymous);
    assert_eq!((w.mails().len(), w.case(&id)["state"].clone()), (0, json!("new")));
    let unconfirmed = json!([{ "channel": "email", "purpose": "follow_up", "granted": true, "confirmed": false }]);
    let named = json!({ "response_id": "later", "consent": unconfirmed, "customer": { "email": "ada@example.com" } });
    assert_eq!(w.take("checkout-nps", 3, &named), id);
    assert_eq!(w.subjects(), ["Waren Sie das?"]);
    let further = json!({ "response_id": "later", "comment": "And again", "consent": unconfirmed, "customer": {} });
    let _ = w.take("checkout-nps", 3, &further);
    assert_eq!(w.mails().len(), 1, "once");
}

/// Nothing is stored or read for tokens that somebody made up, however many come.
#[test]
fn a_flood_of_forged_tokens_gains_nothing() {
    let w = shipped();
    let id = w.take("checkout-nps", 3, &json!({}));
    let before = w.store.operations();
    for number in 0..2_000_u64 {
        let token = format!("{id}.{}.{number:052}", START + number);
        let request = Request::post("/").body(b"none=yes&confirm=yes".to_vec()).expect("a request");
        for reply in [
            block_on(w.app.post_preferences(&token, &request)),
            block_on(w.app.post_preferences_confirm(&token, &request)),
            block_on(w.app.post_preferences_erase(&token, &request)),
            block_on(w.app.post_unsubscribe(&token, &HeaderMap::new())),
            block_on(w.app.get_preferences_data(&token, &HeaderMap::new())),
        ] {
            assert_eq!(reply.expect("an answer").status(), 404);
        }
    }
    let after = w.store.operations();
    assert_eq!((after.reads, after.writes), (before.reads, before.writes));
    assert!(matches!(w.gate(Purpose::FollowUp), Decision::Allowed(_)));
}
