//! What is left of acknowledged alerts after a crash: both are killed while 200 of them wait in a group.

use std::time::Duration;

use anyhow::Result;

use super::alertmanager::Alertmanager;
use super::{Bench, feedback, grouped, pace};
use crate::application::Application;
use crate::bench::figures::{Figure, Target};
use crate::bench::layout;
use crate::inbox::now_ms;
use crate::{ports, terminal};

const ALERTS: u32 = 200;
/// How fast they are posted.
const RATE: u32 = 100;
/// How long a group waits: longer than posting takes, so that nothing has left when the crash comes.
const WAIT: &str = "15s";
/// How long what is left may take to arrive: the dead tick's lease, the wait, the next minute's timers, and the interval
/// between two messages of a group, of which each covers a hundred.
const LATEST: Duration = Duration::from_secs(420);

impl Bench<'_> {
    pub(super) fn crash(&self) -> Result<Vec<Figure>> {
        let folder = self.work.join("crash");
        layout::copy_application(&folder, &layout::manifest()?)?;
        super::write(&folder, "ringback.toml", &grouped(&super::programme()?, WAIT)?)?;
        let (state, variables, port, run) = (folder.join("state"), self.variables(), ports::any_free()?, now_ms());
        let launch = self.launch(&folder, &state, &variables, port);
        let app = terminal::step("starting the application", || Application::start(&launch, &self.ending))?;
        let receiver = self.arrivals.url("/alertmanager");
        let mut managed = Alertmanager::start(&self.program, &folder, &receiver, WAIT, "[touchpoint]")?;

        let theirs = pace::posts(RATE, ALERTS, &|n| managed.alert(&format!("{run}-{n}")))?;
        managed.crash()?;
        let ours = pace::posts(RATE, ALERTS, &|n| feedback(port, run, n))?;
        app.crash()?;
        let _app = terminal::step("starting it again after the crash", || Application::start(&launch, &self.ending))?;
        let lost = terminal::step("waiting for what is left", || {
            let ours = self.arrivals.latencies(&ours, LATEST).1;
            // They have had as long as ours by now.
            Ok((ours, self.arrivals.latencies(&theirs, Duration::from_secs(20)).1))
        })?;
        let arrived = |lost: usize| f64::from(ALERTS - u32::try_from(lost).unwrap_or(ALERTS));
        Ok(vec![
            Figure::new("alert.crash.arrived_of_200", arrived(lost.0), Target::AtLeast(f64::from(ALERTS))),
            Figure::new("alertmanager.crash.arrived_of_200", arrived(lost.1), Target::None),
        ])
    }
}
