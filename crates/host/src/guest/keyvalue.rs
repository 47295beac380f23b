//! `wasi:keyvalue` and `spin:key-value`: the same stores under two interfaces.
//!
//! `wasi:keyvalue` is synchronous: while a call runs, its instance does nothing else. So it is in Spin.

use wasmtime::Result;
use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, StreamReader};

use super::bindings::spin::key_value::key_value as spin;
use super::bindings::wasi::keyvalue::{atomics, batch, store};
use super::{Guest, GuestState};
use crate::store::{Cas, Pairs, Store, StoreError, SwapError};

/// Why a store cannot be opened.
enum Refused {
    NotGranted,
    Unknown,
    Failed(StoreError),
}

/// Opens a store for a component.
async fn open(guest: &Guest, label: &str) -> Result<Store, Refused> {
    if !guest.granted.contains(label) {
        return Err(Refused::NotGranted);
    }
    guest.stores.open_for(label, &guest.id).await.map_err(Refused::Failed)?.ok_or(Refused::Unknown)
}

impl GuestState {
    fn bucket(&self, bucket: &Resource<Store>) -> Result<Store> {
        Ok(self.table.get(bucket)?.clone())
    }
}

impl From<Refused> for store::Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotGranted => Self::AccessDenied,
            Refused::Unknown => Self::NoSuchStore,
            Refused::Failed(error) => error.into(),
        }
    }
}

impl From<Refused> for spin::Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotGranted => Self::AccessDenied,
            Refused::Unknown => Self::NoSuchStore,
            Refused::Failed(error) => error.into(),
        }
    }
}

impl From<StoreError> for store::Error {
    fn from(error: StoreError) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<StoreError> for spin::Error {
    fn from(error: StoreError) -> Self {
        Self::Other(error.to_string())
    }
}

impl store::Host for GuestState {
    async fn open(&mut self, label: String) -> Result<Result<Resource<Store>, store::Error>> {
        match open(&self.guest, &label).await {
            Ok(store) => Ok(Ok(self.table.push(store)?)),
            Err(refused) => Ok(Err(refused.into())),
        }
    }
}

impl store::HostBucket for GuestState {
    async fn get(&mut self, bucket: Resource<Store>, key: String) -> Result<Result<Option<Vec<u8>>, store::Error>> {
        Ok(self.bucket(&bucket)?.get(&key).await.map_err(Into::into))
    }

    async fn set(&mut self, bucket: Resource<Store>, key: String, value: Vec<u8>) -> Result<Result<(), store::Error>> {
        Ok(self.bucket(&bucket)?.set(&key, &value).await.map_err(Into::into))
    }

    async fn delete(&mut self, bucket: Resource<Store>, key: String) -> Result<Result<(), store::Error>> {
        Ok(self.bucket(&bucket)?.delete(&key).await.map_err(Into::into))
    }

    async fn exists(&mut self, bucket: Resource<Store>, key: String) -> Result<Result<bool, store::Error>> {
        Ok(self.bucket(&bucket)?.exists(&key).await.map_err(Into::into))
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Store>,
        cursor: Option<String>,
    ) -> Result<Result<store::KeyResponse, store::Error>> {
        if cursor.is_some() {
            return Ok(Err(store::Error::Other("list_keys: cursor not supported".to_owned())));
        }
        let keys = self.bucket(&bucket)?.keys().await;
        Ok(keys.map(|keys| store::KeyResponse { keys, cursor: None }).map_err(Into::into))
    }

    async fn drop(&mut self, bucket: Resource<Store>) -> Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl batch::Host for GuestState {
    async fn get_many(&mut self, bucket: Resource<Store>, keys: Vec<String>) -> Result<Result<Pairs, store::Error>> {
        let store = self.bucket(&bucket)?;
        if keys.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        Ok(store.get_many(&keys).await.map_err(Into::into))
    }

    async fn set_many(
        &mut self,
        bucket: Resource<Store>,
        pairs: Vec<(String, Vec<u8>)>,
    ) -> Result<Result<(), store::Error>> {
        let store = self.bucket(&bucket)?;
        if pairs.is_empty() {
            return Ok(Ok(()));
        }
        Ok(store.set_many(&pairs).await.map_err(Into::into))
    }

    async fn delete_many(&mut self, bucket: Resource<Store>, keys: Vec<String>) -> Result<Result<(), store::Error>> {
        let store = self.bucket(&bucket)?;
        if keys.is_empty() {
            return Ok(Ok(()));
        }
        Ok(store.delete_many(&keys).await.map_err(Into::into))
    }
}

impl atomics::HostCas for GuestState {
    async fn new(&mut self, bucket: Resource<Store>, key: String) -> Result<Result<Resource<Cas>, store::Error>> {
        match self.bucket(&bucket)?.cas(key).await {
            Ok(cas) => Ok(Ok(self.table.push(cas)?)),
            Err(error) => Ok(Err(error.into())),
        }
    }

    async fn current(&mut self, cas: Resource<Cas>) -> Result<Result<Option<Vec<u8>>, store::Error>> {
        Ok(self.table.get_mut(&cas)?.current().await.map_err(Into::into))
    }

    async fn drop(&mut self, cas: Resource<Cas>) -> Result<()> {
        self.table.delete(cas)?;
        Ok(())
    }
}

impl atomics::Host for GuestState {
    async fn increment(
        &mut self,
        bucket: Resource<Store>,
        key: String,
        delta: i64,
    ) -> Result<Result<i64, store::Error>> {
        Ok(self.bucket(&bucket)?.increment(&key, delta).await.map_err(Into::into))
    }

    async fn swap(&mut self, cas: Resource<Cas>, value: Vec<u8>) -> Result<Result<(), atomics::CasError>> {
        let cas = self.table.delete(cas)?;
        match cas.swap(&value).await {
            Ok(()) => Ok(Ok(())),
            Err(SwapError::Store(error)) => Ok(Err(atomics::CasError::StoreError(error.into()))),
            Err(SwapError::Lost) => match again(&cas).await {
                Ok(next) => Ok(Err(atomics::CasError::CasFailed(self.table.push(next)?))),
                Err(error) => Ok(Err(atomics::CasError::StoreError(error.into()))),
            },
        }
    }
}

/// A fresh attempt that has read the value that won.
async fn again(lost: &Cas) -> Result<Cas, StoreError> {
    let mut next = lost.store.cas(lost.key.clone()).await?;
    next.current().await?;
    Ok(next)
}

impl spin::Host for GuestState {}

impl spin::HostStore for GuestState {
    fn drop(&mut self, store: Resource<Store>) -> Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

/// The store behind a handle, taken out so that the instance can go on meanwhile.
fn store_of<T>(accessor: &Accessor<T, HasSelf<GuestState>>, store: &Resource<Store>) -> Result<Store> {
    accessor.with(|mut access| access.get().bucket(store))
}

impl<T> spin::HostStoreWithStore<T> for HasSelf<GuestState> {
    async fn open(accessor: &Accessor<T, Self>, label: String) -> Result<Result<Resource<Store>, spin::Error>> {
        let guest = accessor.with(|mut access| access.get().guest.clone());
        match open(&guest, &label).await {
            Ok(store) => Ok(Ok(accessor.with(|mut access| access.get().table.push(store))?)),
            Err(refused) => Ok(Err(refused.into())),
        }
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
    ) -> Result<Result<Option<Vec<u8>>, spin::Error>> {
        Ok(store_of(accessor, &store)?.get(&key).await.map_err(Into::into))
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
        value: Vec<u8>,
    ) -> Result<Result<(), spin::Error>> {
        Ok(store_of(accessor, &store)?.set(&key, &value).await.map_err(Into::into))
    }

    async fn delete(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
    ) -> Result<Result<(), spin::Error>> {
        Ok(store_of(accessor, &store)?.delete(&key).await.map_err(Into::into))
    }

    async fn exists(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
    ) -> Result<Result<bool, spin::Error>> {
        Ok(store_of(accessor, &store)?.exists(&key).await.map_err(Into::into))
    }

    async fn get_keys(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
    ) -> Result<(StreamReader<String>, FutureReader<Result<(), spin::Error>>)> {
        let (keys, end) = match store_of(accessor, &store)?.keys().await {
            Ok(keys) => (keys, Ok(())),
            Err(error) => (Vec::new(), Err(error.into())),
        };
        accessor.with(|mut access| {
            let keys = StreamReader::new(&mut access, keys)?;
            let end = FutureReader::new(&mut access, async move { wasmtime::error::Ok(end) })?;
            Ok((keys, end))
        })
    }
}
