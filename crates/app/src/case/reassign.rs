//! `POST /v1/cases/reassign`: many cases change hands at once, for example when somebody falls ill.

use super::Worked;
use super::event::{self, MAX_NAME, MAX_TEXT};
use super::mark::Kind;
use crate::App;
use crate::access::{Action, Caller};
use crate::fields::{Fields, Mistakes};
use crate::intake;
use crate::problem::{Problem, json};
use crate::time::from_unix;
use http::{Request, StatusCode};
use ringback_core::case::CaseEvent;
use ringback_ledger::{Changed, Clock, Due, Entropy, Store, is_name};
use serde_json::{Value, json as value};

/// Cases that change hands in one request, at most.
const MOST: usize = 100;

/// What is to be done.
struct Order {
    cases: Vec<String>,
    from_owner: Option<String>,
    event: CaseEvent,
    note: String,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `POST /v1/cases/reassign`: by their ids, or up to 100 open ones of an owner. Each case changes by itself; the answer
    /// says what became of each.
    ///
    /// # Errors
    /// 400, 401, 403, 422, 503.
    pub async fn post_reassign(&self, request: &Request<Vec<u8>>) -> Result<Worked, Problem> {
        let caller = self.admit(request.headers(), Action::Reassign).await?;
        let (answer, now) = self.reassign(&intake::json_body(request)?, &caller).await?;
        Ok(Worked { reply: json(StatusCode::OK, &answer), now })
    }

    /// The same for whoever is known already, and may: the API's caller, or a form of the desk.
    pub(crate) async fn reassign(&self, order: &Value, caller: &Caller) -> Result<(Value, Vec<Due>), Problem> {
        let order = parse(order)?;
        if let CaseEvent::Assign { owner: Some(owner), .. } = &order.event {
            self.check_owner(owner)?;
        }
        let terms = self.config.cases.terms(caller.role);
        let (ids, more) = self.chosen(&order).await?;
        let (mut done, mut refused, mut jobs) = (Vec::new(), Vec::<Value>::new(), Vec::new());
        for id in ids {
            let now = from_unix(self.clock.now());
            let changed = self.ledger.change(&id, |record| {
                let case = record.body.case.as_ref().ok_or_else(|| "no such case".to_owned())?;
                // The list that named it may be older than what others have done.
                if let Some(owner) = order.from_owner.as_deref().filter(|owner| case.owner.as_deref() != Some(owner)) {
                    return Err(format!("is not {owner}'s any more"));
                }
                let changed =
                    case.apply(&order.event, &caller.id, &order.note, now, &terms).map_err(|e| e.to_string())?;
                Ok::<_, String>(self.follow_up.step(&record.body, changed, now))
            });
            let why = match changed.await.map_err(|error| self.store_failed(&error))? {
                Changed::Done { now, .. } => {
                    jobs.extend(now);
                    done.push(Value::from(id));
                    continue;
                }
                Changed::Refused(why) => why,
                Changed::Absent => "no such case".to_owned(),
                Changed::NotSealed => "the case is not open yet: try again in a moment".to_owned(),
            };
            refused.push(value!({ "id": id, "detail": why }));
        }
        Ok((value!({ "reassigned": done, "refused": refused, "more": more }), jobs))
    }

    async fn chosen(&self, order: &Order) -> Result<(Vec<String>, bool), Problem> {
        let Some(owner) = &order.from_owner else { return Ok((order.cases.clone(), false)) };
        let prefix = Kind::Owner.prefix(owner);
        let (from, to) = (format!("{prefix}0"), format!("{prefix}1"));
        let names = self.ledger.scan(&from, &to, MOST + 1).await.map_err(|error| self.store_failed(&error))?;
        let more = names.len() > MOST;
        let id = |name: String| name.rsplit('|').next().map(str::to_owned);
        Ok((names.into_iter().take(MOST).filter_map(id).collect(), more))
    }
}

fn parse(body: &Value) -> Result<Order, Problem> {
    let mistakes = Mistakes::default();
    let order = Fields::of(body, "", &mistakes).and_then(|f| {
        let cases = cases(&f);
        let from_owner = f.text("from_owner", MAX_NAME);
        if f.value("cases").is_some() == f.value("from_owner").is_some() {
            f.wrong("cases", "give either `cases` or `from_owner`");
        }
        let assign = event::assign(&f);
        let note = f.required_text("note", MAX_TEXT);
        f.refuse_unknown();
        let (owner, queue) = assign?;
        Some(Order { cases, from_owner, event: CaseEvent::Assign { owner, queue }, note: note? })
    });
    mistakes.or(order)
}

fn cases(f: &Fields<'_>) -> Vec<String> {
    let Some(given) = f.value("cases") else { return Vec::new() };
    let Some(items) = given.as_array().filter(|items| (1..=MOST).contains(&items.len())) else {
        f.wrong("cases", "must be a list of 1 to 100 ids");
        return Vec::new();
    };
    let mut ids: Vec<String> = Vec::new();
    for (i, item) in items.iter().enumerate() {
        match item.as_str().filter(|id| is_name(id)) {
            Some(id) if ids.iter().any(|known| known == id) => {}
            Some(id) => ids.push(id.to_owned()),
            None => f.wrong_within("cases", &i.to_string(), "is no case's id"),
        }
    }
    ids
}
