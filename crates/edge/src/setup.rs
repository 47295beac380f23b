//! Puts the application together, once per instance: reads the programme and the variables it names, opens the ledger.

use crate::chain::identify;
use crate::clock::{SystemClock, SystemEntropy};
use crate::outbound::SpinOutbound;
use crate::store::SpinStore;
use ringback_app::config::{Config, PEPPER_VARIABLE};
use ringback_app::follow_up::FollowUp;
use ringback_app::letters::Letters;
use ringback_app::problem::Problem;
use ringback_app::secrets::Secrets;
use ringback_app::widget::Front;
use ringback_app::{App, Namer, Parts, storage_keys};
use ringback_ledger::{Ledger, OpenError, Options};
use spin_sdk::variables;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The application on Spin.
pub type EdgeApp = App<SpinStore, SystemClock, SystemEntropy>;

/// Where the programme is mounted.
const PROGRAMME: &str = "/ringback.toml";
/// The store's name in `spin.toml`.
const STORE: &str = "default";

thread_local! {
    static APP: RefCell<Option<Rc<EdgeApp>>> = const { RefCell::new(None) };
    static FRONT: RefCell<Option<Rc<Front>>> = const { RefCell::new(None) };
}

/// The instance's application, made at the first request.
///
/// # Errors
/// 503 when the programme is refused, a variable is missing, the store does not answer, is encrypted under another key or was
/// begun with another pepper or by a newer version; the log says which, and the next request tries again.
pub async fn app() -> Result<Rc<EdgeApp>, Problem> {
    let app = instance().await?;
    app.ask_provider_by(|token| Box::pin(identify(token)));
    Ok(app)
}

/// The same, for the component that finds out itself whose a token of the identity provider is: only that one carries what
/// it takes.
///
/// # Errors
/// 503, as for [`app`].
pub async fn identifying_app() -> Result<Rc<EdgeApp>, Problem> {
    let app = instance().await?;
    let me = Rc::downgrade(&app);
    app.ask_provider_by(move |token| {
        let me = me.upgrade();
        Box::pin(async move {
            let app = me.ok_or_else(Problem::unavailable)?;
            app.identify(&token, &SpinOutbound).await
        })
    });
    Ok(app)
}

async fn instance() -> Result<Rc<EdgeApp>, Problem> {
    if let Some(app) = APP.with_borrow(Clone::clone) {
        return Ok(app);
    }
    // Two first requests may both come here; either application is as good as the other.
    let app = Rc::new(make().await.map_err(|why| {
        eprintln!("cannot start: {why}");
        Problem::unavailable()
    })?);
    APP.with_borrow_mut(|slot| *slot = Some(Rc::clone(&app)));
    Ok(app)
}

/// What browsers are answered by, made when the first browser comes.
///
/// # Errors
/// 503, as for [`app`].
pub async fn front(app: &EdgeApp) -> Result<Rc<Front>, Problem> {
    if let Some(front) = FRONT.with_borrow(Clone::clone) {
        return Ok(front);
    }
    let front = Rc::new(make_front(app).await.map_err(|why| {
        eprintln!("cannot answer browsers: {why}");
        Problem::unavailable()
    })?);
    FRONT.with_borrow_mut(|slot| *slot = Some(Rc::clone(&front)));
    Ok(front)
}

/// Makes the application able to write to customers: only a component that does so carries what fills in templates.
#[must_use]
pub fn writing(app: Rc<EdgeApp>) -> Rc<EdgeApp> {
    app.write_letters_by(|config| Letters::parse(&programme()?, config, &beside).map_err(|error| error.to_string()));
    app
}

/// A file that is mounted beside the programme.
fn beside(name: &str) -> Result<String, String> {
    std::fs::read_to_string(format!("/{name}")).map_err(|e| e.to_string())
}

async fn make_front(app: &EdgeApp) -> Result<Front, String> {
    let front = Front::parse(&programme()?, &app.config).map_err(|e| e.to_string())?;
    let secrets = values(front.variables().iter().map(String::as_str)).await?;
    Ok(front.with_secrets(secrets))
}

fn programme() -> Result<String, String> {
    std::fs::read_to_string(PROGRAMME).map_err(|e| format!("{PROGRAMME}: {e}"))
}

async fn values(names: impl IntoIterator<Item = &str>) -> Result<Secrets, String> {
    let mut values = BTreeMap::new();
    for name in names {
        // A component is given only the variables it needs; what is not given counts as empty.
        match variables::get(name).await {
            Ok(value) => drop(values.insert(name.to_owned(), value)),
            Err(variables::Error::Undefined(_)) => {}
            Err(_) => return Err(format!("the variable `{name}` could not be read")),
        }
    }
    Ok(Secrets::new(values))
}

async fn make() -> Result<EdgeApp, String> {
    let mut config = Config::parse(&programme()?, &beside).map_err(|e| e.to_string())?;
    let mut secrets = values(config.variables()).await?;
    config.add_tokens(&mut secrets);
    config.token_faults.iter().for_each(|wrong| eprintln!("{wrong}; passed over"));
    let config = Rc::new(config);
    let namer = Namer::new(&secrets).map_err(|e| e.to_string())?;
    let storage_keys = storage_keys(&secrets).map_err(|e| e.to_string())?;
    let options = Options { storage_keys, ..config.ledger_options(&namer) };
    let follow_up = FollowUp::new(Rc::clone(&config), namer);
    let store = SpinStore::open(STORE).map_err(|e| e.to_string())?;
    let ledger = Ledger::open(store, SystemClock, SystemEntropy, follow_up.clone(), options);
    let ledger = ledger.await.map_err(|e| not_opened(&e))?;
    let parts = Parts { config, secrets, clock: SystemClock, entropy: SystemEntropy, log: |line| eprintln!("{line}") };
    App::new(parts, follow_up, ledger).map_err(|e| e.to_string())
}

/// Why the ledger did not open, said in what the operator can change.
fn not_opened(error: &OpenError) -> String {
    match error {
        OpenError::Names => {
            format!("the store was begun with another `{PEPPER_VARIABLE}`: give that one, or start with an empty store")
        }
        other => other.to_string(),
    }
}
