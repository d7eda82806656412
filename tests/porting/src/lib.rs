//! bearcub on a made-up board.
#![no_std]
#![forbid(unsafe_code)]

pub mod port;
