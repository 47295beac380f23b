//! Reads a programme whole: every name leads somewhere, every alert reaches somebody.

use super::table::{Checked, Table, error_at};
use super::{
    AccessToken, Beside, CaseWork, Config, Messages, Retention, Role, calendars, cases, channels, deadlines, keeping,
    messages, provider, queues, routes, rules, sites, sources, surveys, targets,
};
use crate::digest::sha256_hex;
use std::collections::BTreeMap;
use std::fmt::Display;
use toml::de::DeTable;

/// The roles by their names, as the programme and access tokens write them.
pub const ROLES: [(&str, Role); 6] = [
    ("intake", Role::Intake),
    ("agent", Role::Agent),
    ("lead", Role::Lead),
    ("executive", Role::Executive),
    ("operator", Role::Operator),
    ("admin", Role::Admin),
];

pub(super) fn programme(text: &str, beside: Beside<'_>) -> Checked<Config> {
    let document = DeTable::parse(text)
        .map_err(|e| error_at(text, e.span().map_or(0, |span| span.start), e.message().to_owned()))?;
    let root = Table::new(text, document.get_ref(), 0);
    let mut config = head(&root.required_table("programme")?)?;
    config.hash = sha256_hex(text.as_bytes())[..16].to_owned();
    // In the order in which they refer to each other.
    config.access = by_id(&root, "access", access)?.into_values().collect();
    if let Some(provider) = root.table("identity_provider")? {
        config.provider = Some(provider::read(&provider)?);
    }
    config.surveys = by_id(&root, "surveys", surveys::read)?;
    config.channels = by_id(&root, "channels", channels::read)?;
    config.calendars = by_id(&root, "calendars", |calendar| calendars::read(calendar, beside))?;
    config.queues = by_id(&root, "queues", |queue| queues::read(queue, &config))?;
    if let Some(tiers) = root.table("tiers")? {
        config.tiers = queues::tiers(&tiers)?;
    }
    routes::read(&root, &mut config)?;
    if let Some(alerts) = root.table("alerts")? {
        config.trouble = channels::read_trouble(&alerts, &config)?;
    }
    config.policies = by_id(&root, "deadlines", |policy| deadlines::read(policy, &config))?;
    config.sources = by_id(&root, "sources", |source| sources::read(source, &config))?;
    if let Some(messages) = root.table("messages")? {
        config.messages = messages::read(&messages, &config)?;
    }
    config.messages.sequences = messages::sequences(&root, &config)?;
    for rule in root.tables("rules")? {
        config.rules.push(rules::read(&rule, &config)?);
    }
    for table in root.tables("targets")? {
        let (queue, target) = targets::read(&table, &config)?;
        if config.targets.insert(queue.clone(), target).is_some() {
            return root.fail(table.at, format!("`{queue}` has targets already"));
        }
    }
    if let Some(terms) = root.table("cases")? {
        config.cases = cases::read(&terms, &config)?;
    }
    if let Some(store) = root.table("store")? {
        config.shards = keeping::read_shards(&store)?;
    }
    if let Some(retention) = root.table("retention")? {
        config.retention = keeping::read_retention(&retention)?;
    }
    if let Some(widget) = root.table("widget")? {
        config.proxy = widget.table("client_address")?.map(|table| sites::proxy(&table)).transpose()?;
    }
    // What concerns browsers is read where they are answered, what messages say where they are written: see `sites` and
    // `letters`.
    let _ = (root.value("sites"), root.value("templates"));
    root.done()?;
    Ok(config)
}

/// Indexes a list of tables by id; the same id twice is an error.
fn by_id<K: Ord + Display, V>(
    root: &Table<'_>,
    key: &'static str,
    read: impl Fn(&Table<'_>) -> Checked<(K, V)>,
) -> Checked<BTreeMap<K, V>> {
    let mut all = BTreeMap::new();
    for table in root.tables(key)? {
        let (id, value) = read(&table)?;
        if all.contains_key(&id) {
            return root.fail(table.at, format!("`{id}` is defined twice in `{key}`"));
        }
        all.insert(id, value);
    }
    Ok(all)
}

fn head(table: &Table<'_>) -> Checked<Config> {
    let public_url = table.required_parsed("public_url", |text| {
        let text = text.trim_end_matches('/');
        match text.parse::<http::Uri>() {
            Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some() => {
                Ok(text.to_owned())
            }
            _ => Err(format!("`{text}` is no http or https address")),
        }
    })?;
    let default_country = table.text("default_country")?.map(|code| surveys::country(table, code)).transpose()?;
    let config = Config {
        name: table.required("name")?.value,
        public_url: public_url.value,
        default_country,
        default_locale: table.text("default_locale")?.map_or_else(|| "en".to_owned(), |locale| locale.value),
        link_after_answer: table.yes("link_after_answer")?.unwrap_or(false),
        surveys: BTreeMap::new(),
        sources: BTreeMap::new(),
        rules: Vec::new(),
        calendars: BTreeMap::new(),
        policies: BTreeMap::new(),
        queues: BTreeMap::new(),
        tiers: BTreeMap::new(),
        targets: BTreeMap::new(),
        routes: BTreeMap::new(),
        channels: BTreeMap::new(),
        trouble: None,
        messages: Messages::default(),
        cases: CaseWork::default(),
        shards: 1,
        retention: Retention::default(),
        access: Vec::new(),
        token_faults: Vec::new(),
        provider: None,
        proxy: None,
        hash: String::new(),
    };
    table.done()?;
    Ok(config)
}

fn access(table: &Table<'_>) -> Checked<(String, AccessToken)> {
    let Some(id) = table.person("id")? else { return table.fail(table.at, "`id` is missing") };
    let id = id.value;
    let role = table.required_choice("role", &ROLES)?;
    let token_sha256_variable = table.variable("token_sha256_variable")?;
    table.done()?;
    Ok((id.clone(), AccessToken { id, role, token_sha256_variable }))
}
