//! The whole service over HTTP.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "in a test a panic is the answer, and everything is private"
)]

mod client;
mod commands;
mod company;
mod contracts;
mod examples;
mod golden;
mod http;
mod memory;
mod outage;
mod program;
mod prometheus;
mod refresh;
#[path = "../simulator/report_truth.rs"]
#[allow(dead_code, reason = "the tests of the simulator use the rest of it")]
mod report_truth;
mod reports;
mod scale;
mod support;
#[path = "../simulator/truth.rs"]
mod truth;
