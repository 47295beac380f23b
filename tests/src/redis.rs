//! A Redis server of one scenario's own, as `RINGBACK_STORE=redis` and the Redis scenarios ask for it: on a free port of
//! 127.0.0.1, durable before it answers (`appendfsync always`). `REDIS_SERVER` names another program than the path's.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running server. It ends with this value.
pub(crate) struct Redis {
    child: Child,
    config: PathBuf,
}

impl Redis {
    /// Starts a server that keeps its data in a folder, and writes the `runtime-config.toml` that leads to it.
    ///
    /// # Panics
    /// When there is no `redis-server`: `cargo xtask test` installs Debian's.
    pub async fn start(folder: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let program = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
        let child = Command::new(program)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction", "--dir"])
            .arg(folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        let config = folder.join("runtime-config.toml");
        let text = format!("[key_value_store.default]\ntype = \"redis\"\nurl = \"redis://127.0.0.1:{port}\"\n");
        std::fs::write(&config, text).expect("written");
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { child, config }
    }

    /// The file that tells a host to use this server.
    pub fn runtime_config(&self) -> &Path {
        &self.config
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // Nothing to do about one that ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether every scenario is to run on Redis.
pub(crate) fn everywhere() -> bool {
    std::env::var("RINGBACK_STORE").is_ok_and(|store| store == "redis")
}
