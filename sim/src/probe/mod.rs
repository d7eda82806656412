//! What a server means for a small device.
//!
//! In reading order:
//!
//! - [`registry`]: names of suites, groups, versions and alerts
//! - [`hello`] writes what is asked, [`reader`] reads what is answered, [`exchange`] does both within bounds
//! - [`scan`]: one question after the other
//! - [`certificates`]: the chain; [`trial`]: the library's own handshakes
//! - [`verdict`]: the configuration that works, [`boards`]: what it costs where nothing was measured, [`code`]: the same as Rust, [`warnings`]: what else is to be known
//! - [`report`] and [`text`]: everything, for machines and for people

pub mod boards;
pub mod certificates;
pub mod code;
pub mod exchange;
pub mod hello;
pub mod reader;
pub mod registry;
pub mod report;
pub mod scan;
pub mod text;
pub mod trial;
pub mod verdict;
pub mod warnings;
