//! Reads the whole manifest: version, application, variables, triggers, components, ticker.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::DeTable;

use super::document::{Source, Table};
use super::{HttpTrigger, Manifest, ManifestError, Route, Tick, Variable, component};

type Result<T> = std::result::Result<T, ManifestError>;

pub(super) fn manifest(path: &Path, root: PathBuf, text: &str) -> Result<Manifest> {
    let source = Source { path, text };
    let parsed = DeTable::parse(text).map_err(|error| source.error(&error.span().unwrap_or(0..0), error.message()))?;
    let document = Table::root(&source, parsed.get_ref());
    version(&document)?;
    document.only(&["spin_manifest_version", "application", "variables", "trigger", "component"], &[])?;

    let application = document.table("application")?.ok_or_else(|| source.error_at(1, "`[application]` is missing"))?;
    let name = application_name(&application)?;
    let mut components = BTreeMap::new();
    if let Some(tables) = document.table("component")? {
        for (id, table) in tables.children()? {
            components.insert(id.to_owned(), component::component(id, &table, &root)?);
        }
    }
    let triggers = triggers(&document, &components)?;
    let ticks = ticks(&application, &components)?;
    Ok(Manifest {
        path: path.to_owned(),
        root,
        name,
        variables: variables(&document)?,
        triggers,
        components,
        tools: tools(text),
        ticks,
    })
}

fn version(document: &Table<'_>) -> Result<()> {
    match document.integer("spin_manifest_version")? {
        Some(2) => Ok(()),
        Some(other) => Err(document.error(
            "spin_manifest_version",
            format!("manifest version {other} is not supported by this host: it must be 2"),
        )),
        None => Err(document.error("", "`spin_manifest_version = 2` is missing")),
    }
}

fn application_name(application: &Table<'_>) -> Result<String> {
    application.only(
        &["name", "version", "description", "authors", "targets", "tool"],
        &[("trigger", "it has no settings for all triggers of a kind")],
    )?;
    Ok(application.required_string("name")?.value)
}

fn variables(document: &Table<'_>) -> Result<BTreeMap<String, Variable>> {
    let mut variables = BTreeMap::new();
    let Some(tables) = document.table("variables")? else { return Ok(variables) };
    for (name, table) in tables.children()? {
        table.only(&["description", "default", "required", "secret"], &[])?;
        if let Err(reason) = crate::variables::check_name(name) {
            return Err(table.source.error_at(table.line, format!("variable `{name}`: {reason}")));
        }
        let default = table.string("default")?.map(|default| default.value);
        let required = table.boolean("required")?.unwrap_or(false);
        if required == default.is_some() {
            let message = format!("variable `{name}` must have either `required = true` or a `default`");
            return Err(table.source.error_at(table.line, message));
        }
        let secret = table.boolean("secret")?.unwrap_or(false);
        variables.insert(name.to_owned(), Variable { default, secret, line: table.line });
    }
    Ok(variables)
}

fn triggers(document: &Table<'_>, components: &BTreeMap<String, component::Component>) -> Result<Vec<HttpTrigger>> {
    let Some(kinds) = document.table("trigger")? else {
        return Err(document.error("", "`[[trigger.http]]` is missing: nothing would ever run"));
    };
    if let Some(kind) = kinds.keys().find(|kind| *kind != "http") {
        return Err(
            kinds.error(kind, format!("`trigger.{kind}` is not supported by this host: it serves HTTP triggers only"))
        );
    }
    kinds.tables("http")?.iter().map(|table| trigger(table, components)).collect()
}

fn trigger(table: &Table<'_>, components: &BTreeMap<String, component::Component>) -> Result<HttpTrigger> {
    table.only(
        &["id", "component", "route", "executor"],
        &[
            ("static_response", "write a component that answers"),
            ("components", "it has no further components for a trigger"),
            ("dependencies", "it has no middleware"),
        ],
    )?;
    if table.is_table("component") {
        return Err(table.error(
            "component",
            "a component written into its trigger is not supported by this host: name a `[component.<id>]`",
        ));
    }
    let component = table.required_string("component")?;
    if !components.contains_key(&component.value) {
        return Err(table.error("component", format!("there is no `[component.{component}]`")));
    }
    if let Some(executor) = table.table("executor")? {
        let kind = executor.required_string("type")?.value;
        if kind != "http" && kind != "spin" {
            return Err(
                table.error("executor", format!("executor `{kind}` is not supported by this host: only `http` is"))
            );
        }
    }
    Ok(HttpTrigger { route: route(table)?, component: component.value, line: table.line_of("component") })
}

fn route(table: &Table<'_>) -> Result<Route> {
    if !table.is_table("route") {
        return Ok(Route::Public(table.required_string("route")?.value));
    }
    let private = match table.table("route")? {
        Some(route) => {
            route.only(&["private"], &[])?;
            route.boolean("private")?
        }
        None => None,
    };
    if private == Some(true) {
        return Ok(Route::Private);
    }
    Err(table.error("route", "a route is a path or `{ private = true }`"))
}

fn ticks(application: &Table<'_>, components: &BTreeMap<String, component::Component>) -> Result<Vec<Tick>> {
    let Some(tools) = application.table("tool")? else { return Ok(Vec::new()) };
    let Some(host) = tools.table("local-host")? else { return Ok(Vec::new()) };
    host.only(&["ticker"], &[])?;
    host.tables("ticker")?
        .iter()
        .map(|entry| {
            entry.only(&["component", "path", "interval"], &[])?;
            let component = entry.required_string("component")?.value;
            if !components.contains_key(&component) {
                return Err(entry.error("component", format!("there is no `[component.{component}]`")));
            }
            let path = entry.required_string("path")?.value;
            if !path.starts_with('/') {
                return Err(entry.error("path", format!("path `{path}` must start with `/`")));
            }
            let written = entry.required_string("interval")?.value;
            let interval =
                duration(&written).filter(|interval| *interval >= Duration::from_millis(10)).ok_or_else(|| {
                    entry.error(
                        "interval",
                        format!("interval `{written}` is not a time of at least 10 ms, such as \"5s\" or \"250ms\""),
                    )
                })?;
            Ok(Tick { component, path, interval })
        })
        .collect()
}

/// `"250ms"`, `"5s"`, `"2m"`.
fn duration(written: &str) -> Option<Duration> {
    let digits = written.find(|each: char| !each.is_ascii_digit())?;
    let (number, unit) = written.split_at(digits);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        _ => None,
    }
}

/// The tool tables as plain values. The text was parsed before, so a failure here cannot happen; an empty
/// table stands for it.
fn tools(text: &str) -> toml::Table {
    let Ok(mut document) = text.parse::<toml::Table>() else { return toml::Table::new() };
    match document.remove("application") {
        Some(toml::Value::Table(mut application)) => match application.remove("tool") {
            Some(toml::Value::Table(tools)) => tools,
            _ => toml::Table::new(),
        },
        _ => toml::Table::new(),
    }
}
