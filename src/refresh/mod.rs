//! Driving the straight line: who is asked when, and what becomes of the answers.
//!
//! One [`watch`] for each owner asks by its [`schedule`] and sends news. By the [`usage`] API every source is asked for by
//! itself ([`roster`] says which teams are watched, [`validated`] what need not be sent again); [`reports`] give everything
//! from the same files, and [`interface`] says which of the two it is: [`latest`] says which days there are, [`days`] which of them are due, [`teams`] who is listed.
//! Whichever it is, [`seats`] and [`billing`] are asked for beside it. Owners that are not named are watched while the App is
//! installed there ([`installations`]). A [`round`] is what came of one attempt. The
//! [`keeper`] owns the state, takes the news in, and leaves a rendered picture in [`published`] for the server. Its
//! [`saver`] keeps the state in a [`store`], in the form of [`saved`], for the next process.

pub mod billing;
pub mod days;
pub mod installations;
pub mod interface;
pub mod keeper;
pub mod latest;
pub mod published;
pub mod reports;
pub mod roster;
pub mod round;
pub mod saved;
pub mod saver;
pub mod schedule;
pub mod seats;
pub mod store;
pub mod teams;
pub mod usage;
pub mod validated;
pub mod watch;
