//! What a store says of itself: in which form its values are, and whose names its keys are.
//!
//! Both stand in the roots: from the installation on, or, where an application before this installed the store, from the
//! first turn of a tick on that takes the shard. Whoever opens the ledger compares them with its own, by one read, and is
//! refused where they cannot be right: an older program would drop what it does not know from every value it writes, and
//! under other names nothing that is stored is ever found. It holds no secret, and says nothing of what the form is.

use crate::Options;
use crate::key::Key;
use crate::port::{Entropy, Store};
use crate::record::OpenError;
use crate::store::Kv;
use crate::stored::{Root, decode};
use serde::Deserialize;

/// Of a root, what the store says of itself.
#[derive(Deserialize)]
struct Founding {
    #[serde(default)]
    fv: u64,
    #[serde(default)]
    fo: String,
}

impl Root {
    /// Says in which form values are from now on, and whose names the keys are if nobody has said it before.
    pub(crate) fn found(&mut self, options: &Options) {
        self.fv = self.fv.max(options.format);
        if self.fo.is_empty() {
            self.fo.clone_from(&options.names);
        }
    }
}

/// Whether the store may be opened under these options: 1 read.
pub(crate) async fn check<S: Store, E: Entropy>(
    kv: &Kv<S, E>,
    generation: u64,
    options: &Options,
) -> Result<(), OpenError> {
    let key = Key::Root { shard: 0, generation }.to_string();
    // A root that is missing or damaged tells everybody who needs it.
    let Some(Ok(founding)) = kv.get(&key).await?.map(|bytes| decode::<Founding>(&key, &bytes)) else { return Ok(()) };
    if options.format > 0 && founding.fv > options.format {
        return Err(OpenError::Newer { stored: founding.fv, known: options.format });
    }
    if !founding.fo.is_empty() && !options.names.is_empty() && founding.fo != options.names {
        return Err(OpenError::Names);
    }
    Ok(())
}
