//! Puts the application together, once per instance: reads the programme and the variables it names, opens the ledger.

use crate::clock::{SystemClock, SystemEntropy};
use crate::store::SpinStore;
use ringback_app::config::Config;
use ringback_app::follow_up::FollowUp;
use ringback_app::problem::Problem;
use ringback_app::secrets::Secrets;
use ringback_app::{App, Namer, Parts};
use ringback_ledger::{Ledger, Options};
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
}

/// The instance's application, made at the first request.
///
/// # Errors
/// 503 when the programme is refused, a variable is missing or the store does not answer; the log says which, and the
/// next request tries again.
pub async fn app() -> Result<Rc<EdgeApp>, Problem> {
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

async fn make() -> Result<EdgeApp, String> {
    let text = std::fs::read_to_string(PROGRAMME).map_err(|e| format!("{PROGRAMME}: {e}"))?;
    let beside = |name: &str| std::fs::read_to_string(format!("/{name}")).map_err(|e| e.to_string());
    let config = Rc::new(Config::parse(&text, &beside).map_err(|e| e.to_string())?);
    let mut values = BTreeMap::new();
    for name in config.variables() {
        // A component is given only the variables it needs; what is not given counts as empty.
        match variables::get(name).await {
            Ok(value) => drop(values.insert(name.to_owned(), value)),
            Err(variables::Error::Undefined(_)) => {}
            Err(_) => return Err(format!("the variable `{name}` could not be read")),
        }
    }
    let secrets = Secrets::new(values);
    let namer = Namer::new(&secrets).map_err(|e| e.to_string())?;
    let follow_up = FollowUp::new(Rc::clone(&config), namer);
    let store = SpinStore::open(STORE).map_err(|e| e.to_string())?;
    let ledger = Ledger::open(store, SystemClock, SystemEntropy, follow_up.clone(), Options::default());
    let ledger = ledger.await.map_err(|e| e.to_string())?;
    let parts = Parts { config, secrets, clock: SystemClock, entropy: SystemEntropy, log: |line| eprintln!("{line}") };
    App::new(parts, follow_up, ledger).map_err(|e| e.to_string())
}
