//! The whole service over HTTP.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "in a test a panic is the answer, and everything is private"
)]

mod client;
mod golden;
mod http;
mod refresh;
mod support;
