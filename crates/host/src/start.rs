//! From a manifest to a running application: everything that can be wrong is found here, before the first
//! request.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::Linker;
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::clock::Clock;
use crate::engine::CompileError;
use crate::error::HostError;
use crate::faults::FaultPlan;
use crate::guest::{self, Guest, GuestState};
use crate::http::{App, Component, Life, Router};
use crate::logs::Logs;
use crate::manifest::{self, Manifest, Route};
use crate::outbound::{AllowList, Allowed, Client, Here, Outbound};
use crate::store::Stores;
use crate::variables::{ComponentVariables, Variables, is_template};
use crate::{compose, engine, files};

type Result<T> = std::result::Result<T, HostError>;

/// What an application is made with, besides its manifest.
pub(crate) struct Means {
    pub variables: BTreeMap<String, String>,
    pub stores: Arc<Stores>,
    pub cache: PathBuf,
    pub state: PathBuf,
    pub clock: Arc<dyn Clock>,
    pub faults: FaultPlan,
    pub logs: Logs,
    pub life: Life,
}

/// Builds the application.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn application(manifest: &Manifest, means: &Means) -> Result<(Arc<App>, Arc<Here>)> {
    let router = Router::new(manifest)?;
    let variables = Variables::settle(manifest, &means.variables, |name| std::env::var(name).ok())?;
    let engine = engine::engine()?;
    let linker = guest::linker(engine).map_err(|error| HostError::machine("cannot link", format!("{error:#}")))?;
    let here = Arc::new(Here::default());
    let builder = Builder { manifest, means, variables, engine, linker, client: Client::new(), here: here.clone() };
    let mut components = Vec::new();
    for (id, component) in &manifest.components {
        // Everything is checked, reachable or not.
        let built = builder.component(component)?;
        if manifest.triggers.iter().any(|trigger| trigger.component == *id) {
            components.push(built);
        } else {
            means.logs.say(id, "no trigger names this component: it cannot be reached");
        }
    }
    let app = Arc::new(App::new(router, components, means.life.clone(), means.logs.clone()));
    // Set once, here; nobody else has `here` yet.
    let _ = here.app.set(Arc::downgrade(&app));
    Ok((app, here))
}

struct Builder<'a> {
    manifest: &'a Manifest,
    means: &'a Means,
    variables: Variables,
    engine: &'static Engine,
    linker: Linker<GuestState>,
    client: Client,
    here: Arc<Here>,
}

impl Builder<'_> {
    fn component(&self, component: &manifest::Component) -> Result<Component> {
        if let Some(dependency) = component.dependencies.iter().find(|dependency| !dependency.inherits) {
            let message = format!(
                "dependency `{}` that does not inherit its component's configuration is not supported by this host: \
                 set `dependencies_inherit_configuration = true`",
                dependency.name
            );
            return Err(self.manifest.error(dependency.line, message).into());
        }
        let guest = Arc::new(self.guest(component)?);
        let pre = self.prepare(component)?;
        Ok(Component::new(guest, pre, self.engine, self.means.life.clone()))
    }

    fn guest(&self, component: &manifest::Component) -> Result<Guest> {
        let id: Arc<str> = component.id.as_str().into();
        let outbound = Outbound::new(
            id.clone(),
            self.allowed(component)?,
            self.client.clone(),
            self.means.faults.clone(),
            self.means.logs.clone(),
            self.here.clone(),
        );
        Ok(Guest {
            id,
            stores: self.means.stores.clone(),
            granted: self.granted(component)?,
            variables: self.variables_of(component)?,
            environment: component.environment.clone().into_iter().collect(),
            files: self.files(component)?,
            logs: self.means.logs.clone(),
            clock: self.means.clock.clone(),
            outbound,
        })
    }

    fn granted(&self, component: &manifest::Component) -> Result<HashSet<String>> {
        for label in &component.key_value_stores {
            if !self.means.stores.has(&label.value) {
                let message = format!("unknown key-value store `{label}`: name it in the runtime configuration");
                return Err(self.manifest.error(label.line, message).into());
            }
        }
        Ok(component.key_value_stores.iter().map(|label| label.value.clone()).collect())
    }

    fn variables_of(&self, component: &manifest::Component) -> Result<ComponentVariables> {
        let mut values = BTreeMap::new();
        for (name, template) in &component.variables {
            let wrong = |reason: &str| {
                self.manifest
                    .error(template.line, format!("variable `{name}` of component `{}`: {reason}", component.id))
            };
            crate::variables::check_name(name).map_err(wrong)?;
            values.insert(name.clone(), self.variables.fill(&template.value).map_err(|reason| wrong(&reason))?);
        }
        Ok(ComponentVariables::new(values))
    }

    fn allowed(&self, component: &manifest::Component) -> Result<AllowList> {
        let mut entries = Vec::new();
        for written in &component.allowed_outbound_hosts {
            let wrong = |reason: String| {
                self.manifest
                    .error(written.line, format!("allowed_outbound_hosts of component `{}`: {reason}", component.id))
            };
            let entry = self.variables.fill(&written.value).map_err(wrong)?;
            match Allowed::parse(&entry).map_err(wrong)? {
                Some(entry) => entries.push(entry),
                None if is_template(&written.value) => {}
                None => return Err(wrong(format!("`{written}` names no host")).into()),
            }
        }
        Ok(AllowList::new(entries, self.manifest.components.keys().cloned().collect()))
    }

    fn files(&self, component: &manifest::Component) -> Result<Option<tempfile::TempDir>> {
        if component.files.is_empty() {
            return Ok(None);
        }
        let folder = files::folder(&self.means.state)
            .map_err(|error| HostError::machine("cannot create a folder for files of components", error))?;
        files::snapshot(self.manifest, component, folder.path())?;
        Ok(Some(folder))
    }

    fn prepare(&self, component: &manifest::Component) -> Result<ServicePre<GuestState>> {
        let wrong = |reason: String| -> HostError {
            self.manifest.error(component.source.line, format!("component `{}`: {reason}", component.id)).into()
        };
        let wasm = compose::compose(component).map_err(|error| wrong(error.to_string()))?;
        let announce = || self.means.logs.say(&component.id, "compiling; later starts take this from the cache");
        let compiled =
            engine::compile(self.engine, &wasm, &self.means.cache, announce).map_err(|error| match error {
                CompileError::Wasm(reason) => wrong(reason),
                CompileError::Machine(error) => error,
            })?;
        let missing = guest::missing(self.engine, &compiled);
        if !missing.is_empty() {
            return Err(wrong(format!("imports what this host does not offer: {}", missing.join(", "))));
        }
        let pre = self.linker.instantiate_pre(&compiled).map_err(|error| wrong(format!("{error:#}")))?;
        ServicePre::new(pre).map_err(|error| {
            wrong(format!("is no `wasi:http/service` of WASI 0.3, which is what this host serves: {error:#}"))
        })
    }
}

/// Components that answer only by chaining, for display.
pub(crate) fn private(manifest: &Manifest) -> Vec<String> {
    let private = manifest.triggers.iter().filter(|trigger| trigger.route == Route::Private);
    private.map(|trigger| trigger.component.clone()).collect()
}
