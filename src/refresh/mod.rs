//! Driving the straight line: who is asked when, and what becomes of the answers.
//!
//! One [`watcher`] for each source of each owner asks by its [`schedule`] and sends news ([`roster`] says which teams
//! are watched); the [`keeper`] owns the state, takes the news in, and leaves a rendered picture in [`published`] for
//! the server.

pub mod keeper;
pub mod published;
pub mod roster;
pub mod schedule;
pub mod watcher;
