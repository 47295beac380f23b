//! The store port, as each of the four stores answers it.

use super::values::Value;
use super::{Cas, Faults, MemoryStore, Step, answer, failed};
use ringback_ledger::{Store, StoreError, StoreKind, SwapError};

impl Store for MemoryStore {
    type Cas = Cas;

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(Step::Get, key).await?;
        if self.kind == StoreKind::Cosmos && self.chance(Faults::misses) {
            return Ok(None);
        }
        self.inner.borrow().values.get(key).map_err(failed)
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        assert!(self.kind != StoreKind::Redis, "get-many stops the host on Redis");
        if self.kind == StoreKind::Dynamo && keys.len() > 100 {
            return Err(failed("more than 100 keys"));
        }
        self.read(Step::Get, keys.first().map_or("", String::as_str)).await?;
        let mut inner = self.inner.borrow_mut();
        let mut found = Vec::new();
        for key in keys {
            let value = inner.values.get(key).map_err(failed)?;
            found.extend(value.map(|value| (key.clone(), value)));
        }
        if let Some(faults) = &mut inner.faults {
            faults.shuffle(&mut found);
        }
        Ok(found)
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let reported = self.write(Step::Set, key).await?;
        self.inner.borrow_mut().put(key, Value::Bytes(value.to_vec()), false);
        answer(reported)
    }

    async fn set_many(&self, entries: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        if matches!(self.kind, StoreKind::Sqlite | StoreKind::Redis) {
            let reported = self.write(Step::Set, &entries[0].0).await?;
            let mut inner = self.inner.borrow_mut();
            for (key, value) in entries {
                inner.put(key, Value::Bytes(value.clone()), false);
            }
            return answer(reported);
        }
        if self.kind == StoreKind::Dynamo && entries.len() > 25 {
            return Err(failed("more than 25 entries"));
        }
        let mut order: Vec<_> = entries.iter().collect();
        if let Some(faults) = &mut self.inner.borrow_mut().faults {
            faults.shuffle(&mut order);
        }
        for (key, value) in order {
            self.set(key, value).await?;
        }
        Ok(())
    }

    async fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        if self.kind == StoreKind::Dynamo && keys.len() > 25 {
            return Err(failed("more than 25 keys"));
        }
        self.step(Step::Delete, keys.first().map_or("", String::as_str)).await;
        let mut inner = self.inner.borrow_mut();
        inner.operations.writes += 1;
        if inner.faults.as_mut().is_some_and(Faults::read_fails) {
            return Err(failed("delete"));
        }
        for key in keys {
            inner.values.delete(key);
            if let Some(watcher) = &mut inner.watcher {
                watcher(key, None);
            }
        }
        Ok(())
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        let reported = self.write(Step::Increment, key).await?;
        if self.kind == StoreKind::Dynamo && self.chance(Faults::contends) {
            return Err(failed("transaction cancelled"));
        }
        let (old, existed) = {
            let inner = self.inner.borrow();
            (inner.values.count(key).map_err(failed)?, inner.values.has(key))
        };
        let value = self.inner.borrow().values.counted(old + delta);
        self.inner.borrow_mut().put(key, value, false);
        if reported {
            return Err(failed("increment, applied"));
        }
        if self.kind == StoreKind::Cosmos {
            if !existed && self.chance(Faults::creates_twice) {
                // Two creators: the loser increments again, and then gives back its delta.
                return Ok(delta);
            }
            // The increment and the read of its result are two requests.
            self.step(Step::Get, key).await;
            return self.inner.borrow().values.count(key).map_err(failed);
        }
        Ok(old + delta)
    }

    async fn cas_read(&self, key: &str) -> Result<(Cas, Option<Vec<u8>>), StoreError> {
        // A watch begins before the read.
        let watched = self.inner.borrow().values.stamp(key);
        self.read(Step::CasRead, key).await?;
        let key = key.to_owned();
        if self.kind == StoreKind::Cosmos && self.chance(Faults::misses) {
            return Ok((Cas { key, stamp: None, value: None }, None));
        }
        let inner = self.inner.borrow();
        let bytes = inner.values.get(&key).map_err(failed)?;
        let value = inner.values.value(&key);
        let stamp = match self.kind {
            StoreKind::Redis => watched,
            _ => inner.values.stamp(&key),
        };
        Ok((Cas { key, stamp, value }, bytes))
    }

    async fn swap(&self, cas: Cas, value: &[u8]) -> Result<(), SwapError> {
        let reported = self.write(Step::Swap, &cas.key).await?;
        let new = Value::Bytes(value.to_vec());
        let unchanged = self.inner.borrow().values.unchanged(&cas);
        if unchanged {
            self.inner.borrow_mut().put(&cas.key, new, true);
        }
        // Redis: the command that ends the watch fails, after a success, too.
        if !unchanged || self.kind == StoreKind::Redis {
            return Err(SwapError::Lost);
        }
        Ok(answer(reported)?)
    }
}
