//! The one place where logging is chosen: `defmt`, `log`, both or neither, by the features of these names.

/// Logs at a level: `log!(debug, "…", …)`. Without a logger the arguments are checked and nothing is done.
macro_rules! log {
    ($level:ident, $($argument:tt)*) => {{
        #[cfg(feature = "defmt")]
        ::defmt::$level!($($argument)*);
        #[cfg(feature = "log")]
        ::log::$level!($($argument)*);
        #[cfg(not(any(feature = "defmt", feature = "log")))]
        if false {
            let _ = ::core::format_args!($($argument)*);
        }
    }};
}

pub(crate) use log;
