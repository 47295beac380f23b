//! The register of what is stored about people: `docs/privacy.md`, made from the types that are stored. A field that is new
//! has no line here, and the test fails until somebody says what it is for and whether it is personal;
//! `UPDATE=1 cargo test -p ringback-app --test privacy` writes the file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What happens to a field when the person is erased.
#[derive(Clone, Copy, PartialEq)]
enum At {
    /// Personal, or may hold what is: taken out.
    Erased,
    /// Says nothing of anybody: stays for the figures.
    Kept,
    /// Made of others, which are listed.
    Parts,
}
use At::{Erased, Kept, Parts};

/// Fields, what happens to them, and what they are for.
type Lines = &'static [(&'static str, At, &'static str)];

/// By type: what it is, and its fields with what they are for. Of several fields with one purpose the names stand together.
#[rustfmt::skip]
const PURPOSES: [(&str, &str, Lines); 14] = [
    ("Dossier", "an answer and everything that came of it", &[
        ("v", Kept, "version of the format"),
        ("feedback case alerts messages", Parts, "below"),
        ("looked_back_at earlier carried_over_at", Kept, "links to the same customer's other cases, by pseudonymous ids"),
    ]),
    ("Feedback", "the answer", &[
        ("source survey metric score band country locale assumed channel touchpoint segment occurred_at received_at updated_at", Kept, "figures by survey, day, country, touchpoint and segment"),
        ("comment answers", Erased, "understanding the answer, following it up"),
        ("customer account consent", Parts, "below"),
    ]),
    ("Customer", "who answered", &[
        ("id name email phone", Erased, "following up, with consent; the keys of journals are keyed hashes of them"),
        ("tier", Kept, "figures, order of work"),
    ]),
    ("Account", "the company of a business customer", &[
        ("id name role level", Erased, "following up with the company's contacts"),
    ]),
    ("Statement", "what a person said about being contacted", &[
        ("channel purpose granted wording language source at expires_at vouched", Erased, "proof of consent, refusal and withdrawal"),
    ]),
    ("Case", "the follow-up", &[
        ("version state track priority queue owner advocacy rule configuration opened_at policy_id policy first_contact closure goodwill unreached ended_at merged_into merged recovered_at survey_due_at account_key root_cause", Kept, "work and deadlines, figures; `account_key` is a keyed hash"),
        ("closure_missed_at", Kept, "that a deadline was missed before the case was reopened"),
        ("remedy closed_without_informing", Erased, "what people wrote about it"),
        ("waiting tasks later allotment history", Parts, "below"),
    ]),
    ("HistoryEntry", "what happened to a case", &[
        ("at who event detail", Kept, "accountability; `who` is an employee's access token, `detail` is free of customers' data"),
        ("note", Erased, "what people wrote"),
    ]),
    ("Waiting", "what a case waits for", &[
        ("since until from", Kept, "clocks"),
        ("reason", Erased, "what people wrote"),
    ]),
    ("Task", "a part that a department does", &[
        ("number department opened_at done_at", Kept, "work"),
        ("what", Erased, "what people wrote"),
    ]),
    ("Later", "a later answer of the same customer", &[
        ("id score band at", Kept, "whether they were won back, by a pseudonymous id"),
    ]),
    ("Allotment", "who was to work a case, and why", &[
        ("worth track decided_at to why", Kept, "explaining the decision"),
    ]),
    ("Delivery", "one alert or message on its way", &[
        ("id occasion channel state attempts not_before last_error delivered_at provider_id group", Kept, "delivery; free of personal data"),
    ]),
    ("Message", "a message to the customer", &[
        ("delivery reports", Parts, "below"),
        ("channel purpose kind survey since asked_at", Kept, "what was sent for what"),
        ("subject text html words", Erased, "what was said"),
    ]),
    ("Report", "what a mail provider told of a message", &[
        ("event at id", Kept, "bounces, complaints, and which reply was written down; the provider's own id"),
    ]),
];

fn document() -> String {
    let stored: BTreeMap<&str, &[&str]> = ringback_app::register().into_iter().collect();
    let mut text = String::from(
        "# What is stored about people\n\n\
         Made from the types that are stored, by `crates/app/tests/privacy.rs`: a field that is not accounted for fails the tests.\n\n\
         Everything is in the key-value store of the application and nowhere else. Keys are keyed hashes (`pepper`), so they say nothing of anybody. \
         An answer is kept with its case and messages as long as `[retention]` says for its survey and track, and for ever where it says nothing; a case that people work is never deleted while it is open, one left to automation is. \
         Values are encrypted once the variable `storage_keys` holds a key (docs/encryption.md). \
         Erasure (`POST /v1/erasures`, `DELETE /v1/feedback/{id}`, the preference page) takes out at once what is marked *erased*, and again what was still on its way; by criteria, the ticks do.\n",
    );
    for (name, what, purposes) in PURPOSES {
        let _ = write!(text, "\n## {name}: {what}\n\n| field | at erasure | for |\n|---|---|---|\n");
        let known: Vec<(&str, At, &str)> =
            purposes.iter().flat_map(|(names, at, why)| names.split(' ').map(|name| (name, *at, *why))).collect();
        let fields = stored.get(name).unwrap_or_else(|| panic!("{name} is not stored"));
        for field in *fields {
            let (_, at, why) = known
                .iter()
                .find(|(known, ..)| known == field)
                .unwrap_or_else(|| panic!("{name}.{field} is not accounted for"));
            let at = match at {
                Erased => "**erased**",
                Kept => "kept",
                Parts => "see there",
            };
            let _ = writeln!(text, "| `{field}` | {at} | {why} |");
        }
        assert_eq!(known.len(), fields.len(), "{name} has a line for what is not stored");
    }
    assert_eq!(stored.len(), PURPOSES.len());
    text + "\n## Journals\n\n\
        Under a keyed hash of each identity of a person: which answers are theirs, their statements (above), which messages were sent to them and when (`sent`, for the fatigue guard), and whether the \
        address has bounced (`suppressed`). Erasure of a person takes the notes out; erasure of an answer leaves a bare no. Under a keyed hash of a referral code: the case it came from and when it was used.\n\n\
        ## Elsewhere\n\n\
        An erasure by criteria is kept as proof: survey, country, date, who ordered it and how many answers went. Figures of a day are counts. Improvements are what employees write about causes, under the names by which they are let in (of an access token, or what the identity provider calls them); whoever writes is asked to name no customer, and no erasure looks there. Logs, metrics, errors and addresses of pages carry no personal data; a link to the preference page carries a pseudonymous id, its end and a signature. \
        Alerts and messages leave for the channels that the programme names; what those keep is theirs.\n"
}

#[test]
fn the_register_is_the_present_one() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/privacy.md");
    let present = document();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, &present).expect("can be written");
    }
    let written = std::fs::read_to_string(file).unwrap_or_default();
    assert!(written == present, "docs/privacy.md is not current: UPDATE=1 cargo test -p ringback-app --test privacy");
}

/// What the register calls erased is erased, and what it calls kept is kept.
#[test]
fn erasure_takes_out_what_the_register_says() {
    let whole = serde_json::json!({
        "v": 1,
        "feedback": {
            "source": "kept-1", "survey": "kept-2", "metric": "nps", "score": 3, "band": "detractor", "comment": "gone-1",
            "locale": "kept-3", "country": "kept-4", "channel": "kept-5", "touchpoint": "kept-6", "segment": "kept-7",
            "customer": { "id": "gone-2", "name": "gone-3", "email": "gone-4", "phone": "gone-5", "tier": "kept-8" },
            "account": { "id": "gone-6", "name": "gone-7", "role": "gone-8", "level": "gone-9" },
            "consent": [{ "channel": "email", "purpose": "survey", "granted": true, "wording": "gone-10", "source": "gone-11",
                "at": "2026-11-22T09:30:00Z" }],
            "answers": { "gone-12": "gone-13" },
            "received_at": "2026-11-22T09:30:00Z",
        },
        "messages": [{
            "delivery": { "id": "kept-9", "occasion": "message", "channel": "kept-10", "state": "delivered", "attempts": 1, "provider_id": "kept-11" },
            "channel": "email", "purpose": "survey", "subject": "gone-14", "text": "gone-15", "html": "gone-16", "words": "gone-17",
            "kind": "invitation", "survey": "kept-12",
        }],
    });
    let mut dossier: ringback_app::dossier::Dossier = serde_json::from_value(whole).expect("a dossier");
    dossier.redact();
    let left = serde_json::to_string(&dossier).expect("JSON");
    assert!(!left.contains("gone-"), "{left}");
    for number in 1..=12 {
        assert!(left.contains(&format!("\"kept-{number}\"")), "kept-{number}: {left}");
    }
}
