//! Stores as components see them, and the file as Spin would find it.

use std::collections::BTreeSet;

use ringback_host::StoreOperationKind as Kind;

use crate::support::{App, get, kv, lines, post};

#[tokio::test]
async fn does_what_the_store_of_spin_does() {
    let host = App::probe("").start().await;
    for (command, expected) in [
        ("get a", r#"Ok("none")"#),
        ("set a 1", "Ok(())"),
        ("set a 2", "Ok(())"),
        ("get a", r#"Ok("2")"#),
        ("exists a", "Ok(true)"),
        ("exists b", "Ok(false)"),
        ("put b=3 c=4", "Ok(())"),
        // Missing keys are left out, and so are repeated ones.
        ("many a b x c a", "a=2 b=3 c=4"),
        ("many", ""),
        ("drop a x", "Ok(())"),
        ("delete x", "Ok(())"),
        ("keys", r#"Ok(["b", "c"])"#),
        ("add n 5", "Ok(5)"),
        ("add n -7", "Ok(-2)"),
        // A value that is no counter is an error, and the store goes on.
        ("add b 1", r#"Err(Error::Other("cannot increment a value of 1 bytes: a counter has 8"))"#),
        ("get b", r#"Ok("3")"#),
        ("swap b 9", r#"swapped over Ok("3")"#),
        ("get b", r#"Ok("9")"#),
        ("swap b 10 stolen", r#"lost to Ok("stolen")"#),
        // An absent key is written whatever happened since: so does Spin.
        ("swap new 1 stolen", r#"swapped over Ok("none")"#),
        ("get new", r#"Ok("1")"#),
    ] {
        assert_eq!(kv(&host, command).await, [expected], "{command}");
    }
}

#[tokio::test]
async fn both_interfaces_see_one_store() {
    let host = App::probe("").start().await;
    kv(&host, "set a 1").await;
    let answers = post(&host, "/spin-kv", "get a\nset b 2\nexists b\nkeys\ndelete a\nget a").await.text;
    assert_eq!(lines(&answers), [r#"Ok("1")"#, "Ok(())", "Ok(true)", r#"["a", "b"]"#, "Ok(())", r#"Ok("none")"#]);
    assert_eq!(kv(&host, "get b").await, [r#"Ok("2")"#]);
}

#[tokio::test]
async fn opens_only_what_was_granted() {
    let host = App::probe("").start().await;
    assert_eq!(kv(&host, "open other").await, ["Err(Error::AccessDenied)"]);

    let app = App::new(
        r#"
        spin_manifest_version = 2
        [application]
        name = "test"
        [[trigger.http]]
        route = "/..."
        component = "probe"
        [component.probe]
        source = "{guests}/probe.wasm"
        key_value_stores = ["default",
            "other"]
        "#,
    );
    let refusal = app.refusal().await.to_string();
    assert!(
        refusal.ends_with("spin.toml:11: unknown key-value store `other`: name it in the runtime configuration"),
        "{refusal}"
    );

    let config = app.path().join("runtime-config.toml");
    std::fs::write(&config, "[key_value_store.other]\ntype = \"spin\"\npath = \"other.db\"\n").expect("written");
    let host = app.host().runtime_config(&config).start().await.expect("starts");
    assert_eq!(
        kv(&host, "set a 1\nopen other\nget a\nset a 2\nopen default\nget a").await.last().map(String::as_str),
        Some(r#"Ok("1")"#)
    );
    assert!(app.path().join("state/other.db").is_file());

    std::fs::write(&config, "[key_value_store.other]\ntype = \"azure_cosmos\"\n").expect("written");
    let refusal = app.host().runtime_config(&config).start().await.err().expect("refused").to_string();
    assert!(refusal.contains("key_value_store.other") && refusal.contains("azure_cosmos"), "{refusal}");
}

#[tokio::test]
async fn keeps_everything_in_the_file_of_spin() {
    let app = App::probe("");
    let host = app.start().await;
    kv(&host, "set kept 1\nadd n 258").await;
    // Like a crash.
    drop(host);
    let host = app.start().await;
    assert_eq!(kv(&host, "get kept\nadd n 0").await, [r#"Ok("1")"#, "Ok(258)"]);
    assert!(host.shutdown().await);

    let file = app.path().join("state/sqlite_key_value.db");
    let database = rusqlite::Connection::open(&file).expect("the file is there");
    let mode: String = database.query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("a mode");
    assert_eq!(mode, "wal");
    let rows: BTreeSet<(String, String, Vec<u8>)> = database
        .prepare("SELECT store, key, value FROM spin_key_value")
        .expect("the table is there")
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .expect("rows")
        .collect::<Result<_, _>>()
        .expect("rows");
    let row = |key: &str, value: &[u8]| ("default".to_owned(), key.to_owned(), value.to_vec());
    assert_eq!(rows, BTreeSet::from([row("kept", b"1"), row("n", &[2, 1, 0, 0, 0, 0, 0, 0])]));
}

#[tokio::test]
async fn counts_operations() {
    let host = App::probe("").start().await;
    let before = host.store_operations();
    kv(&host, "get a\nset a 1\nput a=1 b=2 c=3\nmany a b\nadd n 1\nswap a 2").await;
    let counts = host.store_operations().since(&before);
    // The swap reads once and writes once.
    assert_eq!((counts.reads(), counts.write_transactions()), (3, 4));
    for (kind, expected) in [
        (Kind::Get, 1),
        (Kind::Set, 1),
        (Kind::SetMany, 1),
        (Kind::GetMany, 1),
        (Kind::Increment, 1),
        (Kind::CasCurrent, 1),
        (Kind::Swap, 1),
        (Kind::Delete, 0),
    ] {
        assert_eq!(counts.of(kind), expected, "{kind:?}");
    }
    assert_eq!(get(&host, "/echo").await.status, 200);
    assert_eq!(host.store_operations().since(&before), counts, "a request without the store costs nothing");
}
