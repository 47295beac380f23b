//! Variables, files, environment, clock, logs, ticker.

use std::time::{Duration, SystemTime};

use ringback_host::{LogSource, MovableClock};

use crate::support::{App, get};

const VARIABLES: &str = r#"
    spin_manifest_version = 2
    [application]
    name = "test"
    [variables]
    word = { default = "hello" }
    secret = { required = true, secret = true }
    [[trigger.http]]
    route = "/..."
    component = "probe"
    [component.probe]
    source = "{guests}/probe.wasm"
    environment = { PLAIN = "{{ word }}" }
    variables = { greeting = "{{ word }}, {{secret}}!" }
    "#;

#[tokio::test]
async fn fills_in_variables() {
    let app = App::new(VARIABLES);
    let host = app.host().variable("secret", "Ada").start().await.expect("starts");
    assert_eq!(get(&host, "/variable/greeting").await.text, r#"Ok("hello, Ada!")"#);
    assert!(get(&host, "/variable/word").await.text.starts_with("Err(Error::Undefined"));
    assert!(get(&host, "/variable/Word").await.text.starts_with("Err(Error::InvalidName"));
    assert_eq!(get(&host, "/env/PLAIN").await.text, r#"Ok("{{ word }}")"#);
    assert_eq!(get(&host, "/env/PATH").await.text, "Err(NotPresent)");
}

#[tokio::test]
async fn refuses_to_start_without_a_required_variable() {
    let app = App::new(VARIABLES);
    let refusal = app.refusal().await.to_string();
    assert!(
        refusal.ends_with("spin.toml:7: variable `secret` is required and has no value: set SPIN_VARIABLE_SECRET"),
        "{refusal}"
    );
    let refusal = app.host().variable("secrte", "x").start().await.err().expect("refused").to_string();
    assert!(refusal.contains("`secrte`, which `[variables]` does not define"), "{refusal}");
}

#[tokio::test]
async fn mounts_a_snapshot_of_files_read_only() {
    let app = App::probe(
        r#"files = ["one.txt", "dir/**/*.txt", { source = "dir", destination = "/all" }, { source = "one.txt", destination = "/etc/renamed" }]
           exclude_files = ["dir/secret.txt"]"#,
    );
    let write = |path: &str| {
        let path = app.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(&path, path.file_name().expect("a name").to_str().expect("UTF-8")).expect("a file");
    };
    for path in ["one.txt", "dir/two.txt", "dir/deep/three.txt", "dir/four.md", "dir/secret.txt", "other.txt"] {
        write(path);
    }
    let host = app.start().await;
    std::fs::write(app.path().join("one.txt"), "changed").expect("written");
    for (path, expected) in [
        ("one.txt", r#"Ok("one.txt")"#),
        ("etc/renamed", r#"Ok("one.txt")"#),
        ("dir/two.txt", r#"Ok("two.txt")"#),
        ("dir/deep/three.txt", r#"Ok("three.txt")"#),
        ("dir/four.md", "Err(NotFound)"),
        ("all/four.md", r#"Ok("four.md")"#),
        ("all/deep/three.txt", r#"Ok("three.txt")"#),
        ("dir/secret.txt", "Err(NotFound)"),
        ("all/secret.txt", "Err(NotFound)"),
        ("other.txt", "Err(NotFound)"),
    ] {
        assert_eq!(get(&host, &format!("/file/{path}")).await.text, expected, "{path}");
    }
    for path in ["new.txt", "one.txt"] {
        let answer = get(&host, &format!("/write-file/{path}")).await.text;
        assert!(answer.starts_with("Err("), "{path}: {answer}");
    }
}

#[tokio::test]
async fn the_clock_moves_as_told() {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let clock = MovableClock::at(start);
    let host = App::probe("").host().clock(clock.clone()).start().await.expect("starts");
    assert_eq!(get(&host, "/time").await.text, "1800000000");
    clock.advance(Duration::from_secs(48 * 3600));
    assert_eq!(get(&host, "/time").await.text, "1800172800");
    clock.set(start - Duration::from_secs(1));
    assert_eq!(get(&host, "/time").await.text, "1799999999");
}

#[tokio::test]
async fn keeps_what_components_write_line_by_line() {
    let host = App::probe("").start().await;
    get(&host, "/print/word").await;
    let lines: Vec<_> = host.logs().into_iter().map(|line| (line.component, line.source, line.text)).collect();
    for (source, text) in [(LogSource::Stdout, "word on stdout"), (LogSource::Stderr, "word on stderr")] {
        assert!(lines.contains(&("probe".to_owned(), source, text.to_owned())), "{lines:?}");
    }
}

#[tokio::test]
async fn the_ticker_calls_at_its_pace() {
    let app = App::new(
        r#"
        spin_manifest_version = 2
        [application]
        name = "test"
        [application.tool.local-host]
        ticker = [{ component = "probe", path = "/print/tick", interval = "50ms" }]
        [[trigger.http]]
        route = { private = true }
        component = "probe"
        [component.probe]
        source = "{guests}/probe.wasm"
        "#,
    );
    let ticks = |host: &ringback_host::Running| host.logs().iter().filter(|line| line.text == "tick on stdout").count();
    let host = app.start().await;
    tokio::time::timeout(Duration::from_secs(10), async {
        while ticks(&host) < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("three ticks");

    let quiet = app.host().ticker(false).start().await.expect("starts");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(ticks(&quiet), 0);
}
