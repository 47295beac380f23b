//! The Redis store, on a server started here. Where there is no `redis-server` on the path (or named by
//! `REDIS_SERVER`), this test says so and ends.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ringback_host::Running;
use tempfile::TempDir;

use crate::support::{App, kv};

struct Server {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Server {
    fn start() -> Option<Self> {
        let program = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
        let folder = TempDir::new().expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let spawned = Command::new(program)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .spawn();
        let Ok(child) = spawned else {
            eprintln!("skipped: no redis-server here");
            return None;
        };
        Some(Self { child, port, _folder: folder })
    }

    async fn host(&self, app: &App) -> Running {
        let config = app.path().join("runtime-config.toml");
        let text = format!("[key_value_store.default]\ntype = \"redis\"\nurl = \"redis://127.0.0.1:{}\"\n", self.port);
        std::fs::write(&config, text).expect("written");
        while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        app.host().runtime_config(config).start().await.expect("starts")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing to do about one that ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn does_what_the_redis_store_of_spin_does() {
    let Some(server) = Server::start() else { return };
    let app = App::probe("");
    let host = server.host(&app).await;
    for (command, expected) in [
        ("get a", r#"Ok("none")"#),
        ("set a 1", "Ok(())"),
        ("get a", r#"Ok("1")"#),
        ("exists a", "Ok(true)"),
        ("put b=2 c=3", "Ok(())"),
        ("get c", r#"Ok("3")"#),
        ("drop b c", "Ok(())"),
        ("exists b", "Ok(false)"),
        ("add n 5", "Ok(5)"),
        ("get n", r#"Ok("5")"#),
        // Reading several is broken: only what is absent can be asked for, and one at a time.
        ("many x", ""),
        ("many a", r#"Error::Other("get-many does not work on Redis: Spin 4.1 panics here")"#),
        // A swap is reported as lost also when it was applied …
        ("swap a 9", r#"lost to Ok("9")"#),
        ("get a", r#"Ok("9")"#),
        // … and when it truly was.
        ("swap a 10 stolen", r#"lost to Ok("stolen")"#),
        ("get a", r#"Ok("stolen")"#),
    ] {
        assert_eq!(kv(&host, command).await, lines(expected), "{command}");
    }
    let several = kv(&host, "many a n").await.concat();
    assert!(several.contains("wrong number of arguments"), "{several}");
    let text = kv(&host, "add a 1").await.concat();
    assert!(text.contains("not an integer"), "{text}");
}

fn lines(expected: &str) -> Vec<String> {
    vec![expected.to_owned()]
}
