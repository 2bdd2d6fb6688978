//! Driving the straight line: who is asked when, and what becomes of the answers.
//!
//! One [`watcher`] per owner asks by its [`schedule`]s and sends news; the [`keeper`] owns the state, takes the news
//! in, and leaves a rendered picture in [`published`] for the server.

pub mod keeper;
pub mod published;
pub mod schedule;
pub mod watcher;
