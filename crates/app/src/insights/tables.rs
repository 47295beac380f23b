//! The tables of figures, each made from what the projections say of the selected period.

use super::figures::Figures;
use super::query::Selection;
use super::table::{Table, Value};
use super::tally::{Answers, Cell, Work};
use crate::config::Config;
use ringback_core::figures::{Estimate, Histogram, Share};
use ringback_core::id::QueueId;

/// The tables by their names in addresses.
pub(super) const TABLES: [&str; 9] =
    ["metrics", "touchpoints", "segments", "trend", "distribution", "loop", "teams", "causes", "load"];

/// What shows that the countries of a row are blended.
pub(super) const BLENDED: &str = "all";

/// A table by its name. `load` names people; who may not see that must not ask for it.
pub(super) fn table(name: &str, figures: &Figures, config: &Config) -> Option<Table> {
    Some(match name {
        "metrics" => metrics(figures),
        "touchpoints" => by(figures, TOUCHPOINTS, |cell| cell.touchpoint.clone()),
        "segments" => by(figures, SEGMENTS, |cell| cell.segment.clone()),
        "trend" => trend(figures),
        "distribution" => distribution(figures),
        "loop" => closing(figures),
        "teams" => teams(figures, config),
        "causes" => causes(figures),
        "load" => load(figures),
        _ => return None,
    })
}

const TOUCHPOINTS: &[&str] = &["metric", "country", "touchpoint", "value", "low", "high", "answers", "small_sample"];
const SEGMENTS: &[&str] = &["metric", "country", "segment", "value", "low", "high", "answers", "small_sample"];

/// An estimate in four columns: value, lower and upper limit, of how many.
fn estimated(estimate: Option<Estimate>) -> [Value; 4] {
    let part = |of: fn(&Estimate) -> f64| Value::number(estimate.as_ref().map(of));
    [part(|e| e.value), part(|e| e.low), part(|e| e.high), Value::Count(estimate.map_or(0, |e| e.n))]
}

fn small(estimate: Option<Estimate>) -> Value {
    Value::Yes(estimate.is_none_or(|e| e.is_small()))
}

fn metrics(figures: &Figures) -> Table {
    let key = |cell: &Cell| (cell.metric, figures.country(cell));
    let before = figures.before.answers_by(key);
    let row = |((metric, country), answers): ((&'static str, String), Answers)| {
        let now = answers.estimate(metric);
        let earlier = before.get(&(metric, country.clone())).and_then(|earlier| earlier.estimate(metric));
        let change = now.zip(earlier).map(|(now, earlier)| now.since(&earlier));
        let mut row = vec![Value::text(metric), Value::text(country)];
        row.extend(estimated(now));
        row.extend([small(now), Value::number(answers.mean())]);
        row.extend(estimated(change).into_iter().take(3));
        row
    };
    let columns = &[
        "metric",
        "country",
        "value",
        "low",
        "high",
        "answers",
        "small_sample",
        "mean",
        "change",
        "change_low",
        "change_high",
    ];
    Table { columns, rows: figures.total.answers_by(key).into_iter().map(row).collect() }
}

fn by(figures: &Figures, columns: &'static [&'static str], dimension: fn(&Cell) -> String) -> Table {
    let cells = figures.total.answers_by(|cell| (cell.metric, figures.country(cell), dimension(cell)));
    let row = |((metric, country, name), answers): ((&'static str, String, String), Answers)| {
        let estimate = answers.estimate(metric);
        let mut row = vec![Value::text(metric), Value::text(country), Value::text(name)];
        row.extend(estimated(estimate));
        row.push(small(estimate));
        row
    };
    Table { columns, rows: cells.into_iter().map(row).collect() }
}

fn trend(figures: &Figures) -> Table {
    let mut rows = Vec::new();
    for (metric, country) in figures.total.answers_by(|cell| (cell.metric, figures.country(cell))).into_keys() {
        for (point, tally) in &figures.points {
            let mut answers = tally.answers_by(|cell| (cell.metric, figures.country(cell)));
            let answers = answers.remove(&(metric, country.clone())).unwrap_or_default();
            let estimate = answers.estimate(metric);
            let mut row = vec![Value::text(metric), Value::text(country.as_str())];
            row.extend([Value::text(point.from.to_string()), Value::text(point.to.to_string())]);
            row.extend(estimated(estimate));
            row.push(small(estimate));
            rows.push(row);
        }
    }
    Table { columns: &["metric", "country", "from", "to", "value", "low", "high", "answers", "small_sample"], rows }
}

fn distribution(figures: &Figures) -> Table {
    let mut rows = Vec::new();
    for ((metric, country), answers) in figures.total.answers_by(|cell| (cell.metric, figures.country(cell))) {
        for (score, count) in figures.scores_of(metric, &answers) {
            let share = Share { part: count, of: answers.n() }.percent();
            rows.push(vec![
                Value::text(metric),
                Value::text(country.as_str()),
                Value::Count(u64::from(score)),
                Value::Count(count),
                Value::number(share.map(|share| share.value)),
            ]);
        }
    }
    Table { columns: &["metric", "country", "score", "answers", "share"], rows }
}

const LOOP: &[&str] = &[
    "country",
    "answers",
    "cases",
    "worked",
    "coverage",
    "coverage_low",
    "coverage_high",
    "closed_within_48h",
    "closed_within_48h_share",
    "closed_within_48h_low",
    "closed_within_48h_high",
    "closed_within_72h",
    "closed_over_72h",
    "closed_over_72h_share",
    "closed_over_72h_low",
    "closed_over_72h_high",
    "open",
    "automated",
    "merged",
    "first_contact_median_h",
    "first_contact_p90_h",
    "closure_median_h",
    "closure_p90_h",
    "unhappy",
    "answered_again",
    "won_back",
];

/// How the loop was closed, in each country and (the work, not the scores) in all.
fn closing(figures: &Figures) -> Table {
    let each = |cell: &Cell| cell.country.clone();
    let answers = figures.total.answers_by(each);
    let mut rows: Vec<Vec<Value>> = Vec::new();
    let mut work = figures.total.work_by(|cell, _| each(cell));
    for (country, answers) in &answers {
        rows.push(loop_row(country, answers.n(), &work.remove(country).unwrap_or_default()));
    }
    // A case is counted where its answer is, but an answer's country may have come later.
    rows.extend(work.iter().map(|(country, work)| loop_row(country, 0, work)));
    if rows.len() != 1 {
        rows.insert(0, loop_row(BLENDED, figures.answers(), &figures.work()));
    }
    Table { columns: LOOP, rows }
}

fn loop_row(country: &str, answers: u64, work: &Work) -> Vec<Value> {
    let coverage = Share { part: work.worked, of: answers }.percent();
    let of_cases = |part| Share { part, of: work.cases }.percent();
    let three = |estimate| estimated(estimate).into_iter().take(3);
    let mut row =
        vec![Value::text(country), Value::Count(answers), Value::Count(work.cases), Value::Count(work.worked)];
    row.extend(three(coverage));
    row.push(Value::Count(work.quick));
    row.extend(three(of_cases(work.quick)));
    row.extend([Value::Count(work.later), Value::Count(work.slow)]);
    row.extend(three(of_cases(work.slow)));
    row.extend([work.open, work.automated, work.merged].map(Value::Count));
    row.extend([hours(&work.to_contact, 0.5), hours(&work.to_contact, 0.9)]);
    row.extend([hours(&work.to_closure, 0.5), hours(&work.to_closure, 0.9)]);
    row.extend([work.low, work.again, work.won].map(Value::Count));
    row
}

fn hours(times: &Histogram, share: f64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "seconds of some years")]
    Value::number(times.quantile(share).map(|seconds| seconds as f64 / 3_600.0))
}

fn teams(figures: &Figures, config: &Config) -> Table {
    let mut rows = Vec::new();
    for (queue, work) in figures.total.work_by(|_, queue| queue.to_owned()) {
        let targets = QueueId::new(&queue).ok().and_then(|id| config.targets.get(&id)).copied().unwrap_or_default();
        let clocks =
            [("first_contact", work.first_contact, targets.first_contact), ("closure", work.closure, targets.closure)];
        for (clock, share, target) in clocks {
            let attained = share.percent();
            let mut row = vec![Value::text(queue.as_str()), Value::text(clock)];
            row.extend([Value::Count(share.part), Value::Count(share.of - share.part)]);
            row.extend(estimated(attained).into_iter().take(3));
            row.push(Value::number(target.map(|target| target * 100.0)));
            row.push(match attained.zip(target) {
                Some((attained, target)) => Value::Yes(attained.value >= target * 100.0),
                None => Value::Nothing,
            });
            rows.push(row);
        }
    }
    Table { columns: &["team", "clock", "kept", "missed", "attainment", "low", "high", "target", "attained"], rows }
}

fn causes(figures: &Figures) -> Table {
    let causes = figures.work().causes;
    let of: u64 = causes.values().sum();
    let mut causes: Vec<(String, u64)> = causes.into_iter().filter(|(_, n)| *n > 0).collect();
    causes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let row = |(cause, n): (String, u64)| {
        let mut row = vec![Value::Text(cause), Value::Count(n)];
        row.extend(estimated(Share { part: n, of }.percent()).into_iter().take(3));
        row
    };
    Table { columns: &["root_cause", "cases", "share", "low", "high"], rows: causes.into_iter().map(row).collect() }
}

fn load(figures: &Figures) -> Table {
    let mut rows = Vec::new();
    for (place, fields) in &figures.standing {
        let field = |name: &str| fields.get(name).and_then(|n| u64::try_from(*n).ok()).unwrap_or(0);
        // Those beyond what the document has room for are counted together.
        let (queue, owner) = place.split_once('|').unwrap_or((place, place));
        if field("open") > 0 {
            let counts = ["open", "new", "late"].map(|name| Value::Count(field(name)));
            rows.push([vec![Value::text(queue), Value::text(owner)], counts.to_vec()].concat());
        }
    }
    Table { columns: &["team", "owner", "open", "not_begun", "late"], rows }
}

/// The address at which a table can be had as CSV, from a folder of tables.
pub(super) fn csv_address(selection: &Selection, folder: &str, name: &str) -> String {
    selection.address(&format!("{folder}/{name}.csv"), &[("metric", "")])
}
