//! What is known, and what of it is shown. No I/O, no clock, no globals.
//!
//! Typed rows of `github` become [`usage::DayUsage`], with [`table`]s by clean [`label`]s, and what only reports tell in
//! [`detail`]. What they tell about [`people`] is added up while it arrives (one person's `share` to the `tally` of each
//! scope), joined with their teams ([`memberships`]), and only [`rolling`] remembers who was active, to count weeks and
//! months. People with [`seats`] are counted while the list is read; [`billing`] is what it all costs, and both are [`held`]
//! until there is something newer. [`state::State`] holds every day of every scope and how asking went; [`mod@view`] picks
//! days, folds rare names ([`fold`]) and gives the [`view::Snapshot`] that `metrics` and the overview page show. What a
//! person can change where GitHub refuses something stands in [`advice`].

pub mod advice;
pub mod billing;
pub mod detail;
pub mod fold;
pub mod held;
pub mod label;
pub mod memberships;
mod names;
pub mod overview;
pub mod people;
pub mod rolling;
pub mod seats;
mod share;
pub mod state;
mod sums;
pub mod table;
mod tally;
pub mod usage;
pub mod view;

pub use state::{Records, State, Update};
pub use view::{Snapshot, ViewOptions, view};
