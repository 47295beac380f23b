//! A case's page: what the customer said and has said before, by when what is due and why, whether they may be
//! contacted, what may be done now, and what happened.

use super::act::{Act, Preview, acts};
use super::draft::Draft;
use super::facts::{Fact, contact, customer, deliveries, work};
use super::frame::{Frame, Guest};
use super::lang::{Due, Lang, When};
use super::list::{band_mark, title};
use crate::App;
use crate::deliver::text::{one_line, shorten, tame};
use crate::dossier::Dossier;
use crate::ports::ConsentGate;
use crate::problem::Problem;
use crate::time::from_unix;
use askama::Template;
use chrono::{DateTime, Utc};
use ringback_core::case::{Case, HistoryEntry, State, money};
use ringback_core::deadline::ClockKind;
use ringback_core::feedback::Answer;
use ringback_ledger::{Clock, Entropy, Record, Store};

/// Entries of a person's journal that are looked at for what they said before.
const ENTRIES: u64 = 32;
/// Earlier answers that are shown.
const EARLIER: usize = 8;

/// One of a case's two clocks.
struct ClockView {
    label: &'static str,
    due: Due,
    /// How it stands when it runs no more; empty while it runs.
    ended: &'static str,
    met: Option<When>,
    mark: &'static str,
    why: String,
}

/// Another answer of the same customer.
struct Earlier {
    /// Its case's page, where it has a case.
    path: Option<String>,
    score: u8,
    mark: &'static str,
    touchpoint: String,
    at: When,
    state: &'static str,
    excerpt: String,
}

/// A line of the history.
pub(super) struct Line {
    pub at: When,
    pub who: String,
    pub what: String,
    pub detail: String,
    pub note: String,
    /// Whether it happened while somebody was writing.
    pub new: bool,
}

/// What is said about what was just tried.
#[derive(Default)]
pub(super) struct Notice {
    /// `good`, `warn` or `bad`.
    pub mark: &'static str,
    pub text: String,
    /// More about it, one a line.
    pub more: Vec<String>,
    /// What a colleague has done meanwhile.
    pub meanwhile: Vec<Line>,
}

/// Beside the case itself, what its page shows.
#[derive(Default)]
pub(super) struct Shown {
    pub notice: Option<Notice>,
    pub draft: Draft,
    pub preview: Option<Preview>,
    /// The version from which on the history is new to the reader.
    pub seen: Option<u64>,
}

/// A case.
#[derive(Template)]
#[template(path = "desk/case.html")]
pub(super) struct CasePage {
    f: Frame,
    id: String,
    version: u64,
    title: String,
    score: u8,
    top: u8,
    mark: &'static str,
    band: &'static str,
    survey: String,
    comment: String,
    answers: Vec<(String, String)>,
    state: &'static str,
    priority: &'static str,
    urgency: &'static str,
    clocks: Vec<ClockView>,
    contact: Vec<Fact>,
    work: Vec<Fact>,
    customer: Vec<Fact>,
    deliveries: Vec<Fact>,
    tasks: Vec<(u32, String)>,
    earlier: Vec<Earlier>,
    script: Vec<String>,
    /// Whether somebody is to be talked to next.
    talk: bool,
    history: Vec<Line>,
    acts: Vec<Act>,
    /// Why nothing can be done here by this person; empty when something can.
    hands_off: &'static str,
    people: Vec<String>,
    queues: Vec<String>,
    waits: Vec<(String, String)>,
    /// The last one is for who came by themselves.
    channels: [(&'static str, &'static str); 5],
    outcomes: [(&'static str, &'static str); 3],
    queue: String,
    policies: Vec<String>,
    policy: String,
    currency: String,
    /// What the case has cost in goodwill so far; empty when nothing.
    granted: String,
    d: Draft,
    preview: Option<Preview>,
    notice: Option<Notice>,
    now: When,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// The page of a case as it stands.
    pub(super) async fn case_page(
        &self,
        guest: Guest,
        record: &Record<Dossier>,
        shown: Shown,
        gate: &impl ConsentGate,
    ) -> Result<CasePage, Problem> {
        let case = record.body.case.as_ref().ok_or_else(|| Problem::not_found("case"))?;
        let l = guest.frame.l;
        let now = from_unix(self.clock.now());
        let feedback = &record.body.feedback;
        let terms = self.config.cases.terms(guest.caller.role);
        let bound = case.is_automated() && !terms.may_overrule;
        let mut history: Vec<Line> = case.history.iter().map(|entry| line(l, entry)).collect();
        let seen = shown.seen.and_then(|seen| usize::try_from(seen).ok()).unwrap_or(history.len());
        history.iter_mut().skip(seen).for_each(|line| line.new = true);
        history.reverse();
        let can_mail = self.config.messages.channel.is_some() && feedback.customer.email.is_some();
        Ok(CasePage {
            id: record.eid.clone(),
            version: case.version,
            title: title(l, feedback),
            score: feedback.score.get(),
            top: feedback.metric.scale().1,
            mark: band_mark(feedback.band),
            band: l.band(feedback.band),
            survey: format!("{} · {}", feedback.touchpoint, feedback.metric.label()),
            comment: tame(feedback.comment.as_deref().unwrap_or_default()),
            answers: feedback.answers.iter().map(|(name, answer)| (one_line(name), answer_text(l, answer))).collect(),
            state: l.state(case.state),
            priority: l.priority(case.priority),
            urgency: case.priority.as_str(),
            clocks: [ClockKind::FirstContact, ClockKind::Closure].map(|kind| clock(l, case, kind, now)).into(),
            contact: contact(l, record, gate).await,
            work: work(l, case),
            customer: customer(l, &record.body),
            deliveries: deliveries(l, &record.body),
            tasks: open_tasks(case),
            earlier: self.earlier(l, record).await?,
            talk: matches!(case.state, State::New | State::Acknowledged | State::Unreachable | State::Reopened),
            script: self.config.cases.script(case.track).iter().map(|line| tame(line)).collect(),
            history,
            acts: if bound { Vec::new() } else { acts(l, case, terms.may_overrule, can_mail, &shown.draft) },
            hands_off: match (bound, case.is_automated()) {
                (true, _) => l.say(
                    "Nobody had room for this case, so automation answers it. A lead can take it back.",
                    "Für diesen Fall hatte niemand Zeit, deshalb antwortet die Automatik. Eine Leitung kann ihn zurückholen.",
                ),
                (false, true) => l.say(
                    "Nobody had room for this case, so automation answers it. Whatever you do here takes it back.",
                    "Für diesen Fall hatte niemand Zeit, deshalb antwortet die Automatik. Was Sie hier tun, holt ihn zurück.",
                ),
                _ => "",
            },
            people: self.workers(),
            queues: self.queue_names(),
            channels: [
                ("phone", l.say("Phone", "Telefon")),
                ("email", l.say("E-mail", "E-Mail")),
                ("sms", "SMS"),
                ("post", l.say("Letter", "Brief")),
                ("other", l.say("They came to us", "Kunde kam auf uns zu")),
            ],
            outcomes: [
                ("reached", l.say("Reached", "Erreicht")),
                ("message_left", l.say("Left a message", "Nachricht hinterlassen")),
                ("not_reached", l.say("Not reached", "Nicht erreicht")),
            ],
            waits: waits(l, terms.longest_wait_s),
            currency: self.config.cases.goodwill.currency.clone().unwrap_or_default(),
            granted: case.goodwill.filter(|amount| *amount > 0).map(money).unwrap_or_default(),
            queue: case.queue.to_string(),
            policies: self.config.policies.keys().map(ToString::to_string).collect(),
            policy: case.policy_id.to_string(),
            d: shown.draft,
            preview: shown.preview,
            notice: shown.notice,
            now: When::new(l, now),
            f: guest.frame,
        })
    }

    /// What the same customer has answered otherwise, newest first: 4 reads.
    async fn earlier(&self, l: Lang, record: &Record<Dossier>) -> Result<Vec<Earlier>, Problem> {
        if record.people.is_empty() {
            return Ok(Vec::new());
        }
        let people: Vec<&str> = record.people.iter().map(String::as_str).collect();
        let known = self.ledger.latest_of_all(&people, ENTRIES).await.map_err(|error| self.store_failed(&error))?;
        let mut known: Vec<_> = known.into_iter().filter(|known| known.eid != record.eid).collect();
        known.sort_by_key(|known| std::cmp::Reverse(known.n));
        let ids: Vec<&str> = known.iter().take(EARLIER).map(|known| known.eid.as_str()).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (records, _) = self.records_of(&ids).await?;
        let earlier = |other: &Record<Dossier>| {
            let feedback = &other.body.feedback;
            Earlier {
                path: other.body.case.as_ref().map(|_| format!("/desk/cases/{}", other.eid)),
                score: feedback.score.get(),
                mark: band_mark(feedback.band),
                touchpoint: feedback.touchpoint.to_string(),
                at: When::new(l, feedback.received_at),
                state: other.body.case.as_ref().map_or("", |case| l.state(case.state)),
                excerpt: shorten(&one_line(feedback.comment.as_deref().unwrap_or_default()), 120),
            }
        };
        Ok(records.iter().map(earlier).collect())
    }
}

pub(super) fn line(l: Lang, entry: &HistoryEntry) -> Line {
    Line {
        at: When::new(l, entry.at),
        who: one_line(&entry.who),
        what: l.happened(&entry.event).to_owned(),
        detail: entry.detail.as_deref().map(one_line).unwrap_or_default(),
        note: entry.note.as_deref().map(tame).unwrap_or_default(),
        new: false,
    }
}

fn clock(l: Lang, case: &Case, kind: ClockKind, now: DateTime<Utc>) -> ClockView {
    let clock = case.clock(kind);
    let due = Due::new(l, clock.due_at, Some(clock.warn_at), now);
    let (ended, mark) = match (clock.met_at, clock.breached_at) {
        (Some(met), None) if met <= clock.due_at => (l.say("in time", "rechtzeitig"), "good"),
        (Some(_), _) => (l.say("too late", "zu spät"), "bad"),
        (None, _) if case.state.is_over() => (l.say("no longer counts", "zählt nicht mehr"), ""),
        (None, _) if case.waiting.is_some() => (l.say("stands still", "steht still"), ""),
        (None, _) if case.is_automated() => (l.say("does not run", "läuft nicht"), ""),
        (None, _) => ("", due.mark),
    };
    let met = clock.met_at.map(|at| When::new(l, at));
    ClockView { label: l.clock(kind), due, ended, met, mark, why: case.why_due(kind) }
}

fn open_tasks(case: &Case) -> Vec<(u32, String)> {
    let open = case.tasks.iter().filter(|task| task.done_at.is_none());
    open.map(|task| (task.number, format!("{}: {}", task.department, shorten(&one_line(&task.what), 80)))).collect()
}

fn answer_text(l: Lang, answer: &Answer) -> String {
    match answer {
        Answer::Bool(yes) => if *yes { l.say("yes", "ja") } else { l.say("no", "nein") }.to_owned(),
        Answer::Number(number) => number.to_string(),
        Answer::Text(text) => tame(text),
        Answer::Choices(choices) => choices.iter().map(|c| one_line(c)).collect::<Vec<_>>().join(", "),
    }
}

/// How long one may wait, as far as the programme allows it: seconds and words.
fn waits(l: Lang, longest_s: u32) -> Vec<(String, String)> {
    let all = [3_600, 4 * 3_600, 86_400, 2 * 86_400, 3 * 86_400, 7 * 86_400, 14 * 86_400];
    let fit = all.into_iter().filter(|seconds| *seconds <= longest_s);
    fit.map(|seconds| (seconds.to_string(), l.duration(chrono::TimeDelta::seconds(i64::from(seconds))))).collect()
}
