//! Silences: alerts that nobody is to be sent for some time, because their cause is known or worked on.
//!
//! A silence says who wanted it, why, and until when; it matches alerts by their labels. Kept in a journal of the ledger
//! for each month, so that reading them costs what two months hold.

use crate::App;
use crate::access::{Action, Caller};
use crate::dossier::Dossier;
use crate::fields::{Fields, Mistakes};
use crate::intake;
use crate::problem::{Problem, Reply, empty, json as reply};
use crate::stored::Stored;
use crate::time::{from_unix, unix};
use chrono::{DateTime, Datelike as _, Months, TimeDelta, Utc};
use http::{HeaderMap, Request, StatusCode};
use ringback_core::alert::{Delivery, Occasion};
use ringback_ledger::{Clock, Entropy, LedgerError, PersonEntry, Store};
use serde_json::{Map, Value, json};

/// The longest silence, in days: within what two months' journals hold.
const LONGEST_DAYS: i64 = 28;
/// Most values of one label.
const MAX_VALUES: usize = 20;
/// By what alerts can be told apart.
pub(crate) const LABELS: [&str; 9] =
    ["queue", "track", "priority", "survey", "touchpoint", "country", "tier", "account", "channel"];

/// One silence.
pub(crate) struct Silence {
    pub id: String,
    pub author: String,
    pub reason: String,
    pub incident: Option<String>,
    pub matches: Vec<(String, Vec<String>)>,
    pub begins_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
}

/// The labels of an alert.
pub(super) fn labels(dossier: &Dossier, delivery: &Delivery) -> Vec<(&'static str, String)> {
    let f = &dossier.feedback;
    let mut labels = vec![
        ("survey", f.survey.to_string()),
        ("touchpoint", f.touchpoint.to_string()),
        ("channel", delivery.channel.to_string()),
    ];
    if let Some(case) = &dossier.case {
        labels.push(("queue", case.queue.to_string()));
        labels.push(("track", case.track.as_str().to_owned()));
        labels.push(("priority", case.priority.as_str().to_owned()));
    }
    let account = f.account.as_ref().and_then(|account| account.id.clone());
    let more = [("country", f.country.clone()), ("tier", f.customer.tier.clone()), ("account", account)];
    labels.extend(more.into_iter().filter_map(|(name, value)| Some((name, value?))));
    labels
}

/// Whether a delivery can be silenced: alerts can, messages to customers and news of channels cannot.
pub(super) fn can_be_silenced(occasion: &Occasion) -> bool {
    matches!(occasion, Occasion::Opened | Occasion::Untaken(_) | Occasion::Warning(_) | Occasion::Breached(..))
}

impl Silence {
    fn from_note(note: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| note.get(name).and_then(Value::as_str).map(str::to_owned);
        let at = |name: &str| DateTime::from_timestamp(note.get(name)?.as_i64()?, 0);
        let values = |value: &Value| {
            value.as_array().map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        };
        let matches = note.get("match")?.as_object()?;
        Some(Self {
            id: text("id")?,
            author: text("author")?,
            reason: text("reason")?,
            incident: text("incident"),
            matches: matches.iter().filter_map(|(name, value)| Some((name.clone(), values(value)?))).collect(),
            begins_at: at("begins_at")?,
            ends_at: at("ends_at")?,
        })
    }

    fn note(&self) -> Value {
        let matches: Map<String, Value> =
            self.matches.iter().map(|(name, values)| (name.clone(), json!(values))).collect();
        json!({
            "id": self.id, "author": self.author, "reason": self.reason, "incident": self.incident, "match": matches,
            "begins_at": unix(self.begins_at), "ends_at": unix(self.ends_at),
        })
    }

    fn shown(&self) -> Value {
        let mut shown = self.note();
        shown["begins_at"] = self.begins_at.store();
        shown["ends_at"] = self.ends_at.store();
        shown
    }

    fn covers(&self, labels: &[(&'static str, String)], now: DateTime<Utc>) -> bool {
        let has = |(name, values): &(String, Vec<String>)| {
            labels.iter().any(|(label, value)| label == name && values.contains(value))
        };
        self.begins_at <= now && now < self.ends_at && self.matches.iter().all(has)
    }

    /// Why an alert is not sent, without what somebody wrote or is called: the silence of that id says it.
    fn why(&self) -> String {
        let until = super::text::instant(self.ends_at);
        match &self.incident {
            Some(incident) => {
                format!("known incident {incident}: silenced until {until} ({})", self.id)
            }
            None => format!("silenced until {until} ({})", self.id),
        }
    }
}

/// Why an alert is silenced; none when it is not.
pub(super) fn silenced(
    silences: &[Silence],
    dossier: &Dossier,
    delivery: &Delivery,
    now: DateTime<Utc>,
) -> Option<String> {
    if !can_be_silenced(&delivery.occasion) {
        return None;
    }
    let labels = labels(dossier, delivery);
    silences.iter().find(|silence| silence.covers(&labels, now)).map(Silence::why)
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Every silence that has not ended, oldest first: two reads.
    pub(crate) async fn silences(&self) -> Result<Vec<Silence>, LedgerError> {
        let names = self.silence_journals();
        Ok(self.in_force(self.ledger.journals(&names.each_ref().map(String::as_str)).await?))
    }

    /// The journals that silences stand in, oldest first: none lasts longer than these reach back.
    pub(super) fn silence_journals(&self) -> [String; 2] {
        let now = from_unix(self.clock.now());
        let before = now.checked_sub_months(Months::new(1)).unwrap_or(now);
        [before, now].map(|month| self.namer.silences(month.year(), month.month()))
    }

    /// The silences of these journals that have not ended.
    pub(super) fn in_force(&self, journals: impl IntoIterator<Item = Vec<PersonEntry>>) -> Vec<Silence> {
        let now = from_unix(self.clock.now());
        let mut silences: Vec<Silence> = Vec::new();
        for note in journals.into_iter().flatten().filter_map(|entry| entry.note) {
            let Some(note) = note.as_object() else { continue };
            if let Some(id) = note.get("ended").and_then(Value::as_str) {
                silences.retain(|silence| silence.id != id);
            } else {
                silences.extend(Silence::from_note(note));
            }
        }
        silences.retain(|silence| now < silence.ends_at);
        silences
    }

    async fn note_silence(&self, note: Value) -> Result<(), Problem> {
        let now = from_unix(self.clock.now());
        let journal = self.namer.silences(now.year(), now.month());
        self.ledger.note_person(&journal, note).await.map_err(|error| self.store_failed(&error))
    }

    /// `POST /v1/silences`: effective at once.
    ///
    /// # Errors
    /// 400, 401, 403, 413, 415, 422, 503.
    pub async fn post_silence(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let caller = self.admit(request.headers(), Action::Silence).await?;
        let silence = self.silence(&intake::json_body(request)?, &caller).await?;
        Ok(reply(StatusCode::CREATED, &silence.shown()))
    }

    /// Begins a silence for whoever is known already, and may: the API's caller, or a form of the desk.
    pub(crate) async fn silence(&self, value: &Value, caller: &Caller) -> Result<Silence, Problem> {
        let now = from_unix(self.clock.now());
        let mistakes = Mistakes::default();
        let parsed = Fields::of(value, "", &mistakes).and_then(|fields| {
            let reason = fields.required_text("reason", 500);
            let incident = fields.parsed("incident", 64, |text| {
                let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'#'));
                if plain { Ok(text.to_owned()) } else { Err("must be made of letters, digits, `-`, `_`, `.` and `#`") }
            });
            let ends_at = fields.instant("ends_at");
            match ends_at {
                None if fields.value("ends_at").is_none() => fields.wrong("ends_at", "is required"),
                Some(at) if at <= now => fields.wrong("ends_at", "must be in the future"),
                Some(at) if at > now + TimeDelta::days(LONGEST_DAYS) => {
                    fields.wrong("ends_at", format!("must be within {LONGEST_DAYS} days"));
                }
                _ => {}
            }
            let matches = matches(&fields);
            fields.refuse_unknown();
            Some(Silence {
                id: self.unique()[..12].to_owned(),
                author: caller.id.clone(),
                reason: reason?,
                incident,
                matches: matches?,
                begins_at: now,
                ends_at: ends_at?,
            })
        });
        let silence = mistakes.or(parsed)?;
        self.note_silence(silence.note()).await?;
        let by = self.known_as(&silence.author);
        self.log(&format!("silence {} until {} by {by}", silence.id, silence.ends_at));
        Ok(silence)
    }

    /// `GET /v1/silences`: those that have not ended.
    ///
    /// # Errors
    /// 401, 403, 503.
    pub async fn get_silences(&self, headers: &HeaderMap) -> Result<Reply, Problem> {
        self.admit(headers, Action::ReadCase).await?;
        let silences = self.silences().await.map_err(|error| self.store_failed(&error))?;
        let shown: Vec<Value> = silences.iter().map(Silence::shown).collect();
        Ok(reply(StatusCode::OK, &json!({ "silences": shown })))
    }

    /// `DELETE /v1/silences/{id}`: ends one at once.
    ///
    /// # Errors
    /// 401, 403, 404, 503.
    pub async fn delete_silence(&self, id: &str, headers: &HeaderMap) -> Result<Reply, Problem> {
        let caller = self.admit(headers, Action::Silence).await?;
        self.end_silence(id, &caller).await?;
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// Ends a silence for whoever is known already, and may.
    pub(crate) async fn end_silence(&self, id: &str, caller: &Caller) -> Result<(), Problem> {
        let silences = self.silences().await.map_err(|error| self.store_failed(&error))?;
        let silence = silences.iter().find(|silence| silence.id == id).ok_or_else(|| Problem::not_found("silence"))?;
        self.note_silence(json!({ "ended": silence.id, "by": caller.id, "at": self.clock.now() })).await?;
        self.log(&format!("silence {} was ended by {}", silence.id, self.known_as(&caller.id)));
        Ok(())
    }
}

/// What a silence matches: at least one label, each with one value or several.
fn matches(fields: &Fields<'_>) -> Option<Vec<(String, Vec<String>)>> {
    let Some(Value::Object(given)) = fields.value("match") else {
        fields.wrong("match", "is required: an object of labels, as in { \"queue\": [\"care\"] }");
        return None;
    };
    let mut matches = Vec::new();
    for (name, value) in given {
        let values: Option<Vec<String>> = match value {
            Value::String(one) => Some(vec![one.clone()]),
            Value::Array(several) => several.iter().map(|v| v.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        let shown: String = name.chars().take(64).collect();
        match values {
            _ if !LABELS.contains(&name.as_str()) => {
                fields.wrong_within("match", &shown, format!("is no label; labels are {}", LABELS.join(", ")));
            }
            Some(values)
                if (1..=MAX_VALUES).contains(&values.len()) && values.iter().all(|v| v.chars().count() <= 200) =>
            {
                matches.push((name.clone(), values));
            }
            _ => fields.wrong_within("match", &shown, format!("must be a text, or a list of 1 to {MAX_VALUES}")),
        }
    }
    if given.is_empty() {
        fields.wrong("match", "must name a label: a silence of everything would silence what nobody thought of");
    }
    Some(matches)
}
