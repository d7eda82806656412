//! The image, for targets that link a program.

#![no_std]
#![no_main]

use image as _;
