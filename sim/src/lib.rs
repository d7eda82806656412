//! What a secure connection costs on a microcontroller, told before a board is flashed.
//!
//! `cargo sim` replays recorded handshakes through the library and prints what each one costs. In reading order:
//!
//! - [`plan`]: what a connection is to be, as data that can be stored; [`names`] for suites and groups
//! - [`client`]: drives the library's client over a [`client::Link`]; [`live`] is a link to a real server
//! - [`tape`]: the bytes of a connection in both directions, and the link that plays them back
//! - [`recording`]: a tape and its plan as one pcapng file that Wireshark opens and decrypts
//! - [`scenarios`]: the connections that are measured; [`lab`] records them against real servers
//! - [`measure`]: one replay and all that is counted in it; [`stack`], [`sizes`] and [`model`] are where numbers come from
//! - [`report`]: tables and JSON; [`commands`]: what the binary does
//!
//! Beside them: [`flow`] reads the messages of a connection, [`steps`] puts both ways in order, [`peer`] reads the
//! certificates in them, [`stranger`] tells who answers instead of a server, [`files`] what users hand in
//! as PEM or DER, and [`failure`] is everything that can go wrong.
//!
//! The tools: [`material`] reads certificates and keys in every usual form, [`output`] writes files all together or not at
//! all, [`chain`] takes down what a server shows; [`fingerprint`] names keys, [`anchors`] chooses authorities, [`identity`] puts a device's into
//! the forms that firmware wants, [`rust`] writes constants as source, [`explain`] puts errors and log
//! lines into words; [`probe`] finds out what a server can do, and the configuration that works with it; [`mqtt`] is a client
//! of a broker, [`rules`] republishes what it delivers, [`doctor`] tries a device's set-up.

#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod anchors;
pub mod board;
pub mod budgets;
pub mod ca;
pub mod chain;
pub mod client;
pub mod commands;
pub mod doctor;
pub mod explain;
pub mod failure;
pub mod files;
pub mod fingerprint;
pub mod flow;
pub mod hex;
pub mod identity;
pub mod lab;
pub mod live;
pub mod material;
pub mod measure;
pub mod model;
pub mod mqtt;
pub mod names;
pub mod output;
pub mod peer;
pub mod plan;
pub mod probe;
pub mod recording;
pub mod report;
pub mod rules;
pub mod rust;
pub mod scenarios;
pub mod sizes;
pub mod stack;
pub mod steps;
pub mod stranger;
pub mod tape;
