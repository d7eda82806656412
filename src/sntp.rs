//! sntp
