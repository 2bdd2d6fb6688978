//! The simulated GitHub as its clients see it, over real HTTP.
//!
//! Expected numbers are added up here from the people's deeds, in the plainest way there is.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod app_key;
mod app_tokens;
mod apps;
mod billing;
mod billing_truth;
mod client;
mod door;
mod downloads;
mod faults;
mod life;
mod report_truth;
mod reports;
mod seat_truth;
mod seats;
mod signals;
mod teams;
mod truth;
mod usage;
