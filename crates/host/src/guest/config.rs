//! `spin:variables` and `wasi:config`: a component's variables, filled in when the host started.

use wasmtime::Result;
use wasmtime::component::{Accessor, HasSelf};

use super::GuestState;
use super::bindings::spin::variables::variables;
use super::bindings::wasi::config::store;
use crate::variables::check_name;

impl variables::Host for GuestState {}

impl<T> variables::HostWithStore<T> for HasSelf<GuestState> {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> Result<Result<String, variables::Error>> {
        if let Err(reason) = check_name(&name) {
            return Ok(Err(variables::Error::InvalidName(format!("{name:?}: {reason}"))));
        }
        Ok(accessor.with(|mut access| {
            let guest = &access.get().guest;
            guest
                .variables
                .get(&name)
                .map(str::to_owned)
                .ok_or_else(|| variables::Error::Undefined(format!("no variable for {:?}.{name:?}", guest.id)))
        }))
    }
}

impl store::Host for GuestState {
    fn get(&mut self, name: String) -> Result<Result<Option<String>, store::Error>> {
        Ok(Ok(self.guest.variables.get(&name).map(str::to_owned)))
    }

    fn get_all(&mut self) -> Result<Result<Vec<(String, String)>, store::Error>> {
        Ok(Ok(self.guest.variables.all()))
    }
}
