//! What is known, and what of it is shown. No I/O, no clock, no globals.
//!
//! Typed rows of `github` become [`usage::DayUsage`] with clean [`label`]s; [`state::State`] holds every day of every
//! scope and how asking went; [`mod@view`] picks days, folds rare names ([`fold`]) and gives the [`view::Snapshot`] that
//! `metrics` and the overview page show.

pub mod fold;
pub mod label;
pub mod overview;
pub mod state;
pub mod usage;
pub mod view;

pub use state::{Records, State, Update};
pub use view::{Snapshot, ViewOptions, view};
