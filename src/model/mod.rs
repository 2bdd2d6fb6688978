//! What is known, and what of it is shown. No I/O, no clock, no globals.
//!
//! Typed rows of `github` become [`usage::DayUsage`], with [`table`]s by clean [`label`]s, and what only reports tell in
//! [`detail`]. What they tell about [`people`] is added up while it arrives (one person's `share` to the `tally` of each
//! scope), joined with their teams ([`memberships`]), and only [`rolling`] remembers who was active, to count weeks and
//! months. [`state::State`] holds every day of every scope and how asking went; [`mod@view`] picks days, folds
//! rare names ([`fold`]) and gives the [`view::Snapshot`] that `metrics` and the overview page show.

pub mod detail;
pub mod fold;
pub mod label;
pub mod memberships;
mod names;
pub mod overview;
pub mod people;
pub mod rolling;
mod share;
pub mod state;
mod sums;
pub mod table;
mod tally;
pub mod usage;
pub mod view;

pub use state::{Records, State, Update};
pub use view::{Snapshot, ViewOptions, view};
