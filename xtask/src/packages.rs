//! Programs that tests start and that come from the system's packages.

use std::process::{Command, Stdio};

use anyhow::Result;

use crate::{terminal, workspace};

/// Makes sure of redis-server, by apt where that is possible. Without it the tests of the Redis store leave themselves out.
pub fn ensure_redis() -> Result<()> {
    if std::env::var_os("REDIS_SERVER").is_some() || starts("redis-server", "--version") {
        return Ok(());
    }
    if !starts("apt-get", "--version") || !rustix::process::geteuid().is_root() {
        terminal::remark("no redis-server here: the tests of the Redis store leave themselves out");
        return Ok(());
    }
    terminal::step("installing redis-server, for the tests of the Redis store", || {
        workspace::capture(Command::new("apt-get").args(["-qq", "update"]))?;
        let mut install = Command::new("apt-get");
        install.args(["-qq", "install", "--yes", "--no-install-recommends", "redis-server"]);
        workspace::capture(install.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1")).map(drop)
    })
}

/// Whether a program is there and runs.
fn starts(program: &str, argument: &str) -> bool {
    let mut command = Command::new(program);
    command.arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_does_not_start() {
        assert!(starts("rustc", "--version"));
        assert!(!starts("no-such-program-anywhere", "--version"));
    }
}
