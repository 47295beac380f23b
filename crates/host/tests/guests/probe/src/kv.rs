//! Store operations told line by line; the answers come line by line.

pub mod bindings {
    #[cfg(feature = "greet")]
    wit_bindgen::generate!({ path: "../wit", world: "probe", generate_all });
    #[cfg(not(feature = "greet"))]
    wit_bindgen::generate!({ path: "../wit", world: "lone-probe", generate_all });
}

use bindings::wasi::keyvalue::atomics::{self, Cas, CasError};
use bindings::wasi::keyvalue::{batch, store};

/// Runs commands on `wasi:keyvalue`. The store is `default` until `open` names another.
pub fn run(commands: &str) -> String {
    let mut bucket = store::open("default");
    let mut answers = String::new();
    for line in commands.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match (&bucket, words.as_slice()) {
            (_, ["open", label]) => {
                bucket = store::open(label);
                format!("{:?}", bucket.as_ref().map(|_| ()))
            }
            (Err(error), _) => format!("closed: {error:?}"),
            (Ok(bucket), words) => command(bucket, words),
        };
        answers += &answer;
        answers.push('\n');
    }
    answers
}

fn command(bucket: &store::Bucket, words: &[&str]) -> String {
    match words {
        ["get", key] => format!("{:?}", bucket.get(key).map(show)),
        ["set", key, value] => format!("{:?}", bucket.set(key, value.as_bytes())),
        ["delete", key] => format!("{:?}", bucket.delete(key)),
        ["exists", key] => format!("{:?}", bucket.exists(key)),
        ["keys"] => format!("{:?}", bucket.list_keys(None).map(|answer| answer.keys)),
        ["many", keys @ ..] => {
            let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
            match batch::get_many(bucket, &keys) {
                Ok(mut pairs) => {
                    pairs.sort();
                    pairs.into_iter().map(|(key, value)| format!("{key}={} ", show(value))).collect()
                }
                Err(error) => format!("{error:?}"),
            }
        }
        ["put", pairs @ ..] => {
            let pairs: Vec<(String, Vec<u8>)> = pairs
                .iter()
                .filter_map(|pair| pair.split_once('='))
                .map(|(key, value)| (key.to_owned(), value.as_bytes().to_vec()))
                .collect();
            format!("{:?}", batch::set_many(bucket, &pairs))
        }
        ["drop", keys @ ..] => {
            let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
            format!("{:?}", batch::delete_many(bucket, &keys))
        }
        ["add", key, delta] => format!("{:?}", atomics::increment(bucket, key, delta.parse().unwrap_or(0))),
        // Reads, lets someone else write `between`, then swaps.
        ["swap", key, value, between @ ..] => swap(bucket, key, value, between.first().copied()),
        _ => format!("unknown command {words:?}"),
    }
}

fn swap(bucket: &store::Bucket, key: &str, value: &str, between: Option<&str>) -> String {
    let cas = match Cas::new(bucket, key) {
        Ok(cas) => cas,
        Err(error) => return format!("{error:?}"),
    };
    let seen = cas.current().map(show);
    if let Some(between) = between {
        let _ = bucket.set(key, between.as_bytes());
    }
    match atomics::swap(cas, value.as_bytes()) {
        Ok(()) => format!("swapped over {seen:?}"),
        Err(CasError::StoreError(error)) => format!("{error:?}"),
        Err(CasError::CasFailed(next)) => format!("lost to {:?}", next.current().map(show)),
    }
}

fn show(value: Option<Vec<u8>>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| String::from_utf8_lossy(&value).into_owned())
}

/// Runs commands on Spin's own interface.
pub async fn spin(commands: &str) -> String {
    let store = match spin_sdk::key_value::Store::open_default().await {
        Ok(store) => store,
        Err(error) => return format!("{error:?}"),
    };
    let mut answers = String::new();
    for line in commands.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        answers += &match words.as_slice() {
            ["get", key] => format!("{:?}", store.get(key).await.map(show)),
            ["set", key, value] => format!("{:?}", store.set(key, value.as_bytes()).await),
            ["delete", key] => format!("{:?}", store.delete(key).await),
            ["exists", key] => format!("{:?}", store.exists(key).await),
            ["keys"] => {
                let mut keys = store.get_keys().await.collect().await.unwrap_or_default();
                keys.sort();
                format!("{keys:?}")
            }
            _ => format!("unknown command {words:?}"),
        };
        answers.push('\n');
    }
    answers
}
