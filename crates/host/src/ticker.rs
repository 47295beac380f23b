//! The ticker: calls components at a fixed pace, as a cron job would.

use std::sync::Arc;

use http_body_util::{BodyExt, Empty};
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::Error;

use crate::http::App;
use crate::logs::Logs;
use crate::manifest::Tick;
use crate::outbound::CHAINING_SUFFIX;

/// Calls until `closing`. A call that takes longer than the interval delays the next one.
pub(crate) async fn run(tick: Tick, app: Arc<App>, logs: Logs, closing: CancellationToken) {
    let mut interval = tokio::time::interval(tick.interval);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    interval.tick().await;
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = closing.cancelled() => return,
        }
        if let Err(reason) = call(&tick, &app).await {
            logs.say(&tick.component, format!("tick {}: {reason}", tick.path));
        }
    }
}

async fn call(tick: &Tick, app: &App) -> Result<(), String> {
    let request = http::Request::post(format!("http://{}{CHAINING_SUFFIX}{}", tick.component, tick.path))
        .body(Empty::new().map_err(Error::from).boxed_unsync())
        .map_err(|error| error.to_string())?;
    let response = app.chain(&tick.component, request).await.map_err(|error| error.to_string())?;
    let status = response.status();
    // Read to the end, so that the component is not cut off while it answers.
    response.into_body().collect().await.map_err(|error| error.to_string())?;
    if status.is_success() { Ok(()) } else { Err(format!("answered {status}")) }
}
