//! The names of what there is a fixed set of: one list each, for writing and for reading.

/// One of a fixed set, each with a name.
pub trait Named: Copy + 'static {
    /// Every one, in the order they are shown.
    const ALL: &'static [Self];

    /// Its name, as the API, the configuration and the stored form write it.
    fn name(self) -> &'static str;

    /// The one of that name.
    #[must_use]
    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }
}

/// Gives an enum without fields its names.
macro_rules! named {
    ($kind:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $kind {
            /// Its name, as the API, the configuration and the stored form write it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }

        impl $crate::names::Named for $kind {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn name(self) -> &'static str {
                self.as_str()
            }
        }
    };
}

pub(crate) use named;
