//! What is drawn on the page of figures, and the numbers that stand for themselves.

use super::figures::Figures;
use super::page::{Legend, Tile};
use super::table::{Table, Value};
use super::tally::{Answers, Cell, Work};
use super::words;
use crate::charts::{Bar, Bars, Column, Columns, Part, Split, Spot, Trend, drawn};
use crate::desk::Lang;
use ringback_core::figures::{Estimate, Share};
use ringback_ledger::REST;

/// A metric in a country: the figure at large, its trend and how often each score was given.
pub(super) struct Card {
    pub country: String,
    pub value: String,
    pub interval: String,
    pub answers: String,
    pub href: String,
    pub small: bool,
    pub change: String,
    /// `good`, `bad`, or nothing where chance alone would do.
    pub mark: &'static str,
    pub trend: String,
    pub distribution: String,
}

/// The countries' cards, those with most answers first.
pub(super) fn cards(
    l: Lang,
    figures: &Figures,
    metric: &'static str,
    most: usize,
    cases: impl Fn(&str) -> String,
) -> Vec<Card> {
    let key = |cell: &Cell| (cell.metric, figures.country(cell));
    let of = |country: &String| (metric, country.clone());
    let mut total: Vec<(String, Answers)> = figures
        .total
        .answers_by(key)
        .into_iter()
        .filter(|((of, _), _)| *of == metric)
        .map(|((_, country), answers)| (country, answers))
        .collect();
    total.sort_by_key(|(_, answers)| std::cmp::Reverse(answers.n()));
    total.truncate(most);
    let before = figures.before.answers_by(key);
    let points: Vec<_> = figures.points.iter().map(|(point, tally)| (point, tally.answers_by(key))).collect();
    let mut cards = Vec::new();
    for (i, (country, answers)) in total.into_iter().enumerate() {
        let Some(now) = answers.estimate(metric) else { continue };
        let spots: Vec<Spot> = points
            .iter()
            .map(|(point, answers)| {
                let estimate = answers.get(&of(&country)).and_then(|answers| answers.estimate(metric));
                let when = words::short_day(l, point.from);
                Spot { says: said(l, metric, &when, estimate), when, estimate }
            })
            .collect();
        let change = before.get(&of(&country)).and_then(|earlier| earlier.estimate(metric)).map(|e| now.since(&e));
        let (change, mark) = changed(l, metric, change);
        let name = words::country(l, &country);
        let scale = if metric == "nps" { (-100.0, 100.0) } else { (0.0, 100.0) };
        let title = format!("{} · {name} · {}", words::metric(metric), l.say("trend", "Verlauf"));
        let trend = Trend::new(format!("trend-{i}"), title, words::unit(l, metric).to_owned(), scale, &spots);
        cards.push(Card {
            value: words::figure(l, metric, now.value),
            interval: words::interval(l, metric, &now),
            answers: words::count(l, now.n),
            href: cases(&country),
            small: now.is_small(),
            change,
            mark,
            trend: drawn(&trend),
            distribution: distribution(l, i, metric, &name, figures, &answers),
            country: name,
        });
    }
    cards
}

fn said(l: Lang, metric: &str, when: &str, estimate: Option<Estimate>) -> String {
    estimate.map_or_else(String::new, |e| {
        let (value, limits) = (words::figure(l, metric, e.value), words::interval(l, metric, &e));
        format!("{when}: {value} ({limits}), {} {}", words::count(l, e.n), l.say("answers", "Antworten"))
    })
}

fn changed(l: Lang, metric: &str, change: Option<Estimate>) -> (String, &'static str) {
    let Some(change) = change else {
        return (l.say("nothing before to compare with", "kein Vergleich mit vorher").to_owned(), "");
    };
    let sign = if change.value > 0.0 { "+" } else { "" };
    let points = if metric == "nps" { l.say("points", "Punkte") } else { l.say("percentage points", "Prozentpunkte") };
    let value = format!("{sign}{} {points}", words::number(l, change.value, 0));
    match change.excludes_zero() {
        true if change.value > 0.0 => (format!("▲ {value}"), "good"),
        true => (format!("▼ {value}"), "bad"),
        false => (format!("{value}, {}", l.say("within chance", "im Bereich des Zufalls")), ""),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of answers")]
fn distribution(l: Lang, i: usize, metric: &str, name: &str, figures: &Figures, answers: &Answers) -> String {
    let n = answers.n().max(1) as f64;
    let scores = figures.scores_of(metric, answers);
    let cut = ringback_core::names::Named::from_name(metric).map(ringback_core::survey::Metric::default_thresholds);
    let band = |score: u8| match cut {
        Some(cut) if score <= cut.low => "low",
        Some(cut) if score >= cut.high => "high",
        _ => "middle",
    };
    let column = |(score, count): (u8, u64)| {
        let share = 100.0 * count as f64 / n;
        let says = format!("{score}: {} {}", words::count(l, count), l.say("answers", "Antworten"));
        Column { label: score.to_string(), share, text: words::number(l, share, 0), band: band(score), says }
    };
    let title = format!("{} · {name} · {}", words::metric(metric), l.say("how often each score", "wie oft jede Note"));
    let unit = l.say("percent of answers", "Prozent der Antworten").to_owned();
    drawn(&Columns::new(format!("scores-{i}"), title, unit, scores.into_iter().map(column).collect()))
}

/// What says most about how the loop closes.
pub(super) fn tiles(l: Lang, work: &Work, answers: u64, cases: impl Fn(&str) -> String) -> Vec<Tile> {
    let share = |part: u64, of: u64, what: &str| match (Share { part, of }).percent() {
        None => ("–".to_owned(), format!("{} {what}", words::count(l, 0))),
        Some(e) => {
            let of = format!("{} {} {} {what}", words::count(l, part), l.say("of", "von"), words::count(l, of));
            let limits = words::interval(l, "", &e);
            let small = if e.is_small() { l.say(" · small sample", " · kleine Stichprobe") } else { "" };
            (words::percent(l, e.value), format!("{of} · 95 %: {limits}{small}"))
        }
    };
    let median = |times: &ringback_core::figures::Histogram| {
        let length = |share| times.quantile(share).map(|s| words::length(l, s));
        let nine =
            length(0.9).map_or_else(String::new, |nine| format!("{} {nine}", l.say("90 % within", "90 % binnen")));
        (length(0.5).unwrap_or_else(|| "–".to_owned()), nine)
    };
    let tile = |label, (value, detail): (String, String), fact: &str| Tile { label, value, detail, href: cases(fact) };
    let of_cases = l.say("cases", "Fällen");
    vec![
        tile(
            l.say("Coverage: worked by a person", "Abdeckung: von Menschen bearbeitet"),
            share(work.worked, answers, l.say("answers", "Antworten")),
            "worked",
        ),
        tile(
            l.say("Closed within 48 hours", "Binnen 48 Stunden geschlossen"),
            share(work.quick, work.cases, of_cases),
            "quick",
        ),
        tile(
            l.say("Took more than 72 hours", "Dauerte mehr als 72 Stunden"),
            share(work.slow, work.cases, of_cases),
            "slow",
        ),
        tile(l.say("Median time to first contact", "Median bis zum Erstkontakt"), median(&work.to_contact), ""),
        tile(l.say("Median time to closure", "Median bis zum Abschluss"), median(&work.to_closure), ""),
        tile(
            l.say("Unhappy customers won back", "Unzufriedene zurückgewonnen"),
            (
                words::count(l, work.won),
                format!(
                    "{} {} {} {}",
                    l.say("of", "von"),
                    words::count(l, work.again),
                    l.say("who answered again, of", "die wieder geantwortet haben, von"),
                    words::count(l, work.low),
                ),
            ),
            "won",
        ),
    ]
}

/// The bar of how cases stand, and what its parts are.
pub(super) fn split(l: Lang, work: &Work, cases: impl Fn(&str) -> String) -> (String, Vec<Legend>) {
    let parts = [
        ("one", "quick", l.say("closed within 48 h", "binnen 48 h geschlossen"), work.quick),
        ("two", "later", l.say("48 to 72 h", "48 bis 72 h"), work.later),
        ("three", "slow", l.say("over 72 h", "über 72 h"), work.slow),
        ("four", "open", l.say("still open", "noch offen"), work.open),
        ("five", "automated", l.say("for automation", "für die Automatik"), work.automated),
    ];
    let legend = parts.iter().map(|(class, fact, label, count)| Legend {
        class,
        label,
        count: match (Share { part: *count, of: work.cases }).percent() {
            Some(share) => format!("{} ({})", words::count(l, *count), words::percent(l, share.value)),
            None => words::count(l, *count),
        },
        href: if *count > 0 { cases(fact) } else { String::new() },
    });
    let drawn_parts = parts.iter().map(|(class, _, label, count)| Part {
        class,
        count: *count,
        says: format!("{label}: {}", words::count(l, *count)),
    });
    let title = l.say("How cases stand", "Wie die Fälle stehen").to_owned();
    let chart = Split::new(
        "split".to_owned(),
        title,
        l.say("percent of cases", "Prozent der Fälle").to_owned(),
        drawn_parts.collect(),
    );
    (drawn(&chart), legend.collect())
}

fn text(row: &[Value], i: usize) -> &str {
    match &row[i] {
        Value::Text(text) => text,
        _ => "",
    }
}

fn amount(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => Some(*n),
        #[expect(clippy::cast_precision_loss, reason = "counts of cases")]
        Value::Count(n) => Some(*n as f64),
        _ => None,
    }
}

/// Attainment against targets: the table `teams`.
pub(super) fn attainment(l: Lang, table: Option<&Table>) -> String {
    let bar = |row: &Vec<Value>| {
        let (value, target) = (amount(&row[4])?, amount(&row[7]));
        let aim = target.map_or_else(
            || l.say("no target", "kein Ziel").to_owned(),
            |target| format!("{} {}", l.say("target", "Ziel"), words::percent(l, target)),
        );
        Some(Bar {
            label: format!("{} · {}", text(row, 0), words::clock(l, text(row, 1))),
            value,
            of_these: 0.0,
            target,
            interval: amount(&row[5]).zip(amount(&row[6])),
            text: format!("{} ({aim})", words::percent(l, value)),
            short: target.is_some_and(|target| value < target),
        })
    };
    let bars: Vec<Bar> = table.map(|t| t.rows.iter().filter_map(bar).take(24).collect()).unwrap_or_default();
    if bars.is_empty() {
        return String::new();
    }
    let title = l.say("Deadlines kept, against targets", "Gehaltene Fristen und Ziele").to_owned();
    let unit =
        l.say("percent of cases; the line is the 95 % interval", "Prozent der Fälle; die Linie ist das 95-%-Intervall");
    drawn(&Bars::new("attainment".to_owned(), title, unit.to_owned(), 100.0, bars))
}

/// The most frequent root causes: the table `causes`.
pub(super) fn causes(l: Lang, table: Option<&Table>, most: usize) -> String {
    let named = |row: &&Vec<Value>| text(row, 0) != REST;
    let rows: Vec<&Vec<Value>> = table.map(|t| t.rows.iter().filter(named).take(most).collect()).unwrap_or_default();
    let longest = rows.iter().filter_map(|row| amount(&row[1])).fold(1.0, f64::max);
    let bar = |row: &&Vec<Value>| Bar {
        label: text(row, 0).chars().take(44).collect(),
        value: amount(&row[1]).unwrap_or(0.0),
        of_these: 0.0,
        target: None,
        interval: None,
        text: words::value(l, "", &row[1]),
        short: false,
    };
    let bars: Vec<Bar> = rows.iter().map(bar).collect();
    if bars.is_empty() {
        return String::new();
    }
    let title = l.say("Most frequent root causes", "Häufigste Ursachen").to_owned();
    drawn(&Bars::new("causes".to_owned(), title, l.say("cases", "Fälle").to_owned(), longest, bars))
}

/// Open cases by person, what is late standing out: the table `load`.
pub(super) fn load(l: Lang, table: Option<&Table>) -> String {
    let mut rows: Vec<&Vec<Value>> = table.map(|t| t.rows.iter().collect()).unwrap_or_default();
    let open = |row: &&Vec<Value>| amount(&row[2]).unwrap_or(0.0);
    rows.sort_by(|a, b| open(b).total_cmp(&open(a)));
    rows.truncate(24);
    let longest = rows.iter().map(open).fold(1.0, f64::max);
    let bar = |row: &&Vec<Value>| Bar {
        label: format!("{} · {}", words::value(l, "owner", &row[1]), text(row, 0)),
        value: open(row),
        of_these: amount(&row[4]).unwrap_or(0.0),
        target: None,
        interval: None,
        text: format!(
            "{} {}, {} {}",
            words::value(l, "", &row[2]),
            l.say("open", "offen"),
            words::value(l, "", &row[4]),
            l.say("late", "überfällig")
        ),
        short: false,
    };
    let bars: Vec<Bar> = rows.iter().map(bar).collect();
    if bars.is_empty() {
        return String::new();
    }
    let title = l.say("Open cases by person", "Offene Fälle je Person").to_owned();
    let unit = l.say("cases; hatched: late", "Fälle; schraffiert: überfällig").to_owned();
    drawn(&Bars::new("load".to_owned(), title, unit, longest, bars))
}
